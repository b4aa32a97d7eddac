"""SIGKILL ten times at random moments under 8,000 records a second, with the sockets held.

A ledger has every id that was sent. Over UDP a kill may cost the batch that the daemon had just
taken from the kernel, and nothing else. Over TCP the sender knows how much of what it sent has
been read, and sends the rest again over its next connection: then nothing is lost.
"""

from __future__ import annotations

import functools
import itertools
import random
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCOUTQ

import pytest
from loadgen.ledger import Ledger
from loadgen.send import connect
from support.daemon import PATIENCE, Daemon, StartDaemon, Store
from support.held_sockets import HeldSockets
from support.loads import long_load

RATE = 8_000
KILLS = 10
# What the daemon takes from a datagram socket by one call (docs/life-of-a-record.md).
RECEIVE_BATCH = 64
# Of a stream: how often the daemon reads before it journals what it has read, and how much at most.
READS_BEFORE_JOURNAL = 4
BYTES_BEFORE_JOURNAL = READS_BEFORE_JOURNAL * 65_536


@pytest.fixture
def held() -> Iterator[HeldSockets]:
    """Sockets for one test's daemon."""
    sockets = HeldSockets()
    yield sockets
    sockets.close()


@functools.cache
def the_load() -> tuple[Ledger, list[bytes], list[str]]:
    """More than ten kills take."""
    return long_load(301, 120_000)


class SteadySender(threading.Thread):
    """Sends the load at its rate until it is told to stop; keeps how much it has sent."""

    def __init__(self, messages: list[bytes]) -> None:
        super().__init__()
        self.messages = messages
        self.sent = 0
        self.ending = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        """Sends in bursts of two milliseconds; what is late is made up for."""
        start = time.monotonic()
        try:
            while not self.ending.is_set() and self.sent < len(self.messages):
                due = min(int((time.monotonic() - start) * RATE), len(self.messages))
                self.advance(due)
                time.sleep(0.002)
            self.finish()
        except Exception as error:
            self.failure = error

    def advance(self, due: int) -> None:
        """Sends until `due` messages are sent."""
        raise NotImplementedError

    def finish(self) -> None:
        """Waits for what must be waited for."""

    def stop(self) -> None:
        """Ends it, and fails if it failed."""
        self.ending.set()
        self.join(PATIENCE)
        assert not self.is_alive()
        assert self.failure is None, self.failure


class DatagramSender(SteadySender):
    """Over UDP; the receiver sends no answer."""

    def __init__(self, messages: list[bytes], url: str) -> None:
        super().__init__(messages)
        self.url = url

    def run(self) -> None:
        """With one socket for all, so that datagrams stay in their order."""
        with connect(self.url) as self.socket:
            super().run()

    def advance(self, due: int) -> None:
        """Sends what is due."""
        for message in self.messages[self.sent : due]:
            self.socket.send(message)
        self.sent = due


class StreamSender(SteadySender):
    """Over TCP, one connection after the other; sends again what may not have been taken.

    What the receiver has read is what was sent, less what either kernel still holds. The daemon
    journals what it has read before it reads on, after a few reads at most. So what had been read
    a few reads ago is in the journal.
    """

    def __init__(self, messages: list[bytes], port: int) -> None:
        super().__init__(messages)
        self.port = port
        self.frames = [b"%d %s" % (len(message), message) for message in messages]
        self.ends = list(itertools.accumulate(len(frame) for frame in self.frames))
        # for each connection that ended: messages known to be journalled, and messages read
        self.breaks: list[tuple[int, int]] = []
        self.sent_again = 0
        self._connect(0)

    def _connect(self, message: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.connection.setblocking(False)
        # the number of the load's byte with which this connection begins
        self.base = self.ends[message - 1] if message else 0
        self.place = self.base
        self.seen: deque[int] = deque([self.base], maxlen=READS_BEFORE_JOURNAL + 2)

    def advance(self, due: int) -> None:
        """Sends what is due and the kernel takes, and looks how much has been read."""
        try:
            while self.sent < due:
                burst = b"".join(self.frames[self.sent : due])
                skip = self.place - (self.ends[self.sent - 1] if self.sent else 0)
                self.place += self.connection.send(memoryview(burst)[skip:])
                while self.sent < len(self.ends) and self.ends[self.sent] <= self.place:
                    self.sent += 1
                self._look()
        except BlockingIOError:
            pass
        except (ConnectionError, TimeoutError):
            return self._begin_again()
        self._look()
        return None

    def finish(self) -> None:
        """Waits until all has been read, over as many connections as it takes."""
        # where the kernel had no room left it has taken the beginning of one more
        due = self.sent + (self.place > (self.ends[self.sent - 1] if self.sent else 0))
        end = time.monotonic() + PATIENCE
        while self.sent < due or self.seen[-1] < self.place:
            assert time.monotonic() < end, "the daemon does not read"
            self.advance(due)
            time.sleep(0.002)
        self.connection.close()

    def _look(self) -> None:
        held = held_by_kernels(self.connection)
        if held is not None and self.place - held > self.seen[-1]:
            self.seen.append(self.place - held)

    def _begin_again(self) -> None:
        # The last place seen must have been left behind by more reads than go before a journalling.
        safe = self.seen[0] if len(self.seen) == self.seen.maxlen else self.base
        journalled = sum(1 for end in self.ends[: self.sent + 1] if end <= safe)
        read = sum(1 for end in self.ends[: self.sent + 1] if end <= self.seen[-1])
        self.breaks.append((journalled, read))
        self.sent_again += self.sent - journalled
        self.connection.close()
        self.sent = journalled
        self._connect(journalled)


def held_by_kernels(connection: socket.socket) -> int | None:
    """Bytes sent that the receiver has not read; none if the connection is gone.

    First what is in this end's buffer, then what is in the other's: what moves between the two
    looks counts twice rather than never.
    """
    try:
        [unsent] = struct.unpack("i", ioctl(connection, TIOCOUTQ, b"\0\0\0\0"))
        here, there = connection.getsockname()[1], connection.getpeername()[1]
    except OSError:
        return None
    ends = (f":{there:04X}", f":{here:04X}")
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]) and fields[3] == "01":
            return int(unsent) + int(fields[4].split(":")[1], 16)
    return None


def kill_again_and_again(daemon: Daemon, draw: random.Random) -> None:
    """Ten times, each some time after the daemon has begun to receive."""
    for _ in range(KILLS):
        time.sleep(draw.uniform(0.02, 0.5))
        daemon.kill()
        # What comes now waits in the kernel.
        time.sleep(draw.uniform(0.0, 0.2))
        daemon.start()


def assert_each_counts_once(daemon: Daemon, ledger: Ledger, ids: set[str]) -> None:
    """The answers have each of these records once and no other."""
    of_ids = Ledger(distinct={name: ledger.distinct[name] for name in ids})
    expected = {name: usage.processes for name, usage in of_ids.top().items()}
    top = daemon.customs.json("top", "--limit", "1000")
    assert {row["package"]: row["processes"] for row in top} == expected


def runs_of(numbers: list[int]) -> list[list[int]]:
    """Numbers that follow each other, together."""
    groups: list[list[int]] = []
    for number in numbers:
        if groups and groups[-1][-1] == number - 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def test_over_udp_a_kill_costs_one_receive_batch_at_most(
    start_daemon: StartDaemon, store: Store, held: HeldSockets
) -> None:
    """Of ten kills each loses at most one batch of consecutive datagrams."""
    ledger, messages, ids = the_load()
    daemon = start_daemon(store, port=held.udp_port, inherits=held.inherited)
    sender = DatagramSender(messages, daemon.udp)
    sender.start()
    kill_again_and_again(daemon, random.Random(302))
    sender.stop()
    sent = ids[: sender.sent]

    health = daemon.settle_when_quiet()
    received = set(daemon.journalled_ids())
    lost = runs_of([number for number, name in enumerate(sent) if name not in received])
    print(f"{store.name}: {len(sent)} sent, lost at {KILLS} kills: {[len(run) for run in lost]}")
    assert held.kernel_drops == 0
    assert len(sent) > KILLS * 0.02 * RATE
    assert len(lost) <= KILLS
    assert all(len(run) <= RECEIVE_BATCH for run in lost), [len(run) for run in lost]

    assert received <= set(sent)
    assert health["received"] == len(received) == len(sent) - sum(map(len, lost))
    assert health["stored"] + health["merged"] == len(received)
    assert health["duplicate"] == 0
    assert health["rejected"] == {}
    assert health["kernel_dropped"] == 0
    assert_each_counts_once(daemon, ledger, received)


def test_over_tcp_a_kill_costs_nothing(
    start_daemon: StartDaemon, store: Store, held: HeldSockets
) -> None:
    """The sender sends the rest again; all of it is stored, and repeats are duplicates."""
    ledger, messages, ids = the_load()
    daemon = start_daemon(
        store,
        port=held.udp_port,
        inherits=held.inherited,
        arguments=["--listen", f"tcp://127.0.0.1:{held.tcp_port}"],
    )
    sender = StreamSender(messages, held.tcp_port)
    sender.start()
    kill_again_and_again(daemon, random.Random(303))
    sender.stop()
    sent = set(ids[: sender.sent])

    health = daemon.settle_when_quiet()
    # Read by a daemon that was killed before it journalled it: what a sender would have lost that
    # takes what has been read for journalled at once. The journal has the others twice.
    copies = Counter(daemon.journalled_ids())
    in_hand = [sum(copies[name] == 1 for name in ids[safe:read]) for safe, read in sender.breaks]
    print(
        f"{store.name}: {len(sent)} sent, {sender.sent_again} sent again over"
        f" {len(sender.breaks)} more connections, in the daemon's hand at each: {in_hand}"
    )
    smallest = min(len(message) for message in messages)
    assert all((count - 1) * smallest <= BYTES_BEFORE_JOURNAL for count in in_hand)
    assert 1 <= len(sender.breaks) <= KILLS
    assert copies.keys() == sent
    assert health["stored"] + health["merged"] == len(sent)
    assert health["duplicate"] == health["received"] - len(sent)
    assert health["duplicate"] <= sender.sent_again
    assert health["rejected"] == {}
    assert_each_counts_once(daemon, ledger, sent)


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_drops_of_a_held_socket_count_once(
    start_daemon: StartDaemon, sqlite_store: Store, held: HeldSockets, end: str
) -> None:
    """The kernel counts from the socket's beginning; a daemon's own count begins where it is."""
    _, messages, _ = the_load()
    held.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    url = f"udp://127.0.0.1:{held.udp_port}"
    with connect(url) as sender:
        for message in messages[:1_000]:
            sender.send(message)
    dropped = held.kernel_drops
    assert 0 < dropped < 1_000
    daemon = start_daemon(sqlite_store, port=held.udp_port, inherits=held.inherited)
    for _ in range(2):
        health = daemon.settle_when_quiet()
        assert held.kernel_drops == dropped
        assert health["received"] == 1_000 - dropped
        assert health["kernel_dropped"] == dropped
        if end == "kill":
            daemon.kill()
        else:
            daemon.stop()
        daemon.start()
    # More are added to what was there.
    daemon.kill()
    held.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    with connect(url) as sender:
        for message in messages[1_000:2_000]:
            sender.send(message)
    assert held.kernel_drops > dropped
    daemon.start()
    health = daemon.settle_when_quiet()
    assert health["kernel_dropped"] == held.kernel_drops
    assert health["received"] + health["kernel_dropped"] == 2_000
