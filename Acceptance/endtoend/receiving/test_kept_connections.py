"""Connections over TCP outlive the daemon, where a service manager keeps them.

The senders wait for no acknowledgement and never connect again; a ledger has what they sent. The
service manager is a stand-in (service_manager_stand_in.py); test_service_manager.py has systemd.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import math
import random
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from extent import pairs
from loadgen.ledger import Ledger
from support.daemon import PATIENCE, Daemon, StartDaemon, Store, wait_until
from support.loads import long_load
from support.service_manager_stand_in import ServiceManagerStandIn
from support.stores import STORES
from support.streams import closed_by_peer, counted, lines, unread

# A second, of each sender.
RATE = 8_000
KILLS = 10

StartKept = Callable[..., tuple[Daemon, ServiceManagerStandIn]]


@pytest.fixture
def start_kept(start_daemon: StartDaemon, folder: Path) -> Iterator[StartKept]:
    """Starts a daemon whose sockets and connections somebody keeps."""
    with contextlib.ExitStack() as stack:

        def start(
            store: Store, settings: str = "", store_max: int = 1_025
        ) -> tuple[Daemon, ServiceManagerStandIn]:
            manager = ServiceManagerStandIn(folder, store_max=store_max)
            stack.callback(manager.close)
            daemon = start_daemon(
                store,
                settings=settings,
                port=manager.udp_port,
                inherits=manager.inherited,
                environment=manager.environment,
                arguments=["--listen", f"tcp://127.0.0.1:{manager.tcp_port}"],
            )
            return daemon, manager

        yield start


def connect(manager: ServiceManagerStandIn) -> socket.socket:
    """A connection over TCP."""
    return socket.create_connection(("127.0.0.1", manager.tcp_port), PATIENCE)


class Sender(threading.Thread):
    """Sends over one connection in pieces that end anywhere, until it is told to end.

    It begins at a rate, and slows down as the load becomes less: ten restarts take as long as the
    machine needs, and the load must outlast them.
    """

    def __init__(
        self,
        connection: socket.socket,
        messages: Sequence[bytes],
        ids: Sequence[str],
        framing: str,
        rate: int,
    ) -> None:
        super().__init__()
        self.connection = connection
        frame = counted if framing == "counted" else lines
        self.ids = ids
        self.stream = frame(messages)
        self.ends = list(itertools.accumulate(len(frame([message])) for message in messages))
        self.bytes_a_second = rate * len(self.stream) / len(messages)
        self.sent = 0
        self.ending = threading.Event()
        self.failure: Exception | None = None
        self.start()

    def run(self) -> None:
        """It fails if the connection does."""
        try:
            began, place = time.monotonic(), 0
            while not self.ending.is_set():
                share = (time.monotonic() - began) * self.bytes_a_second / len(self.stream)
                due = int(-math.expm1(-share) * len(self.stream))
                self.connection.sendall(self.stream[place:due])
                place = due
                time.sleep(0.002)
            self.sent = bisect.bisect_left(self.ends, place) + 1
            self.connection.sendall(self.stream[place : self.ends[self.sent - 1]])
        except Exception as error:
            self.failure = error

    def finish(self) -> Sequence[str]:
        """Ends it behind a message, and returns the ids of those that it has sent."""
        self.ending.set()
        self.join(PATIENCE)
        assert not self.is_alive()
        assert self.failure is None, self.failure
        assert 0 < self.sent < len(self.ids), "the load was over too soon"
        return self.ids[: self.sent]


def assert_each_counts_once(daemon: Daemon, ledger: Ledger, ids: Sequence[str]) -> int:
    """All of them and no other; returns how many were read twice."""
    health = daemon.settle_when_quiet()
    copies = Counter(daemon.journalled_ids())
    assert copies.keys() == set(ids), f"{len(set(ids) - copies.keys())} of {len(ids)} are lost"
    assert health["rejected"] == {}
    assert health["stored"] + health["merged"] == len(ids)
    assert health["duplicate"] == health["received"] - len(ids)
    of_ids = Ledger(distinct={name: ledger.distinct[name] for name in ids})
    expected = {name: usage.processes for name, usage in of_ids.top().items()}
    top = daemon.customs.json("top", "--limit", "1000")
    assert {row["package"]: row["processes"] for row in top} == expected
    return int(health["duplicate"])


@contextlib.contextmanager
def senders(
    manager: ServiceManagerStandIn,
    messages: list[bytes],
    ids: list[str],
    framing: str,
    rate: int = RATE,
) -> Iterator[list[Sender]]:
    """Three that send the load together."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(manager)) for _ in range(3)]
        yield [
            Sender(connection, messages[part::3], ids[part::3], framing, rate)
            for part, connection in enumerate(connections)
        ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("store", "framing"), pairs(STORES, ["counted", "lines"]), indirect=["store"]
)
def test_ten_kills_cost_nothing(start_kept: StartKept, store: Store, framing: str) -> None:
    """SIGKILL at random moments, under senders that go on sending all the time."""
    daemon, manager = start_kept(store)
    ledger, messages, ids = long_load(701, 300_000)
    draw = random.Random(702)
    with senders(manager, messages, ids, framing) as sending:
        for _ in range(KILLS):
            time.sleep(draw.uniform(0.02, 0.3))
            daemon.kill()
            time.sleep(draw.uniform(0.0, 0.1))
            daemon.start()
        sent = [name for sender in sending for name in sender.finish()]
    twice = assert_each_counts_once(daemon, ledger, sent)
    print(f"{store.name}, {framing}: {len(sent)} sent, {twice} read twice")
    wait_until(lambda: not manager.kept_connections, lambda: f"{manager.kept_connections}")


@pytest.mark.long
@pytest.mark.parametrize("framing", ["counted", "lines"])
def test_restarts_in_mid_stream_cost_nothing(
    start_kept: StartKept, sqlite_store: Store, framing: str
) -> None:
    """SIGTERM and a new start: nothing is even read twice, and no sender sees a break."""
    daemon, manager = start_kept(sqlite_store)
    ledger, messages, ids = long_load(703, 200_000)
    # a stop stores all that was read: at half the rate the load outlasts both on a busy machine
    with senders(manager, messages, ids, framing, RATE // 2) as sending:
        for _ in range(2):
            daemon.stop()
            daemon.start()
        sent = [name for sender in sending for name in sender.finish()]
    assert assert_each_counts_once(daemon, ledger, sent) == 0


@pytest.mark.parametrize("framing", ["counted", "lines"])
@pytest.mark.parametrize("end", [Daemon.kill, Daemon.stop])
def test_a_message_split_across_a_restart_is_whole(
    start_kept: StartKept, sqlite_store: Store, framing: str, end: Callable[[Daemon], None]
) -> None:
    """One daemon read its beginning, the next its end; also of a message that is skipped."""
    daemon, manager = start_kept(sqlite_store)
    _, messages, _ = long_load(704, 6)
    frame = counted if framing == "counted" else lines
    long = b"<134>1 - - customs - - - {" + b" " * 30_000 + b"}"
    cut = [frame([message])[:300] for message in (messages[1], long, messages[4])]
    rest = [frame([message])[300:] for message in (messages[1], long, messages[4])]
    cut[1], rest[1] = frame([long])[:20_000], frame([long])[20_000:]
    with connect(manager) as connection:
        connection.sendall(frame(messages[:1]) + cut[0])
        for number in range(3):
            wait_until(lambda: unread(connection) == 0, daemon.log_tail)
            end(daemon)
            connection.sendall(rest[number])
            daemon.start()
            if number < 2:
                connection.sendall(frame([messages[2 + number]]) + cut[number + 1])
        connection.sendall(frame(messages[5:]))
        health = daemon.settle(7)
    assert health["stored"] + health["merged"] == 6
    assert health["rejected"] == {"too_long": 1}
    assert health["duplicate"] == 0


def test_connections_closed_while_the_daemon_is_away_are_read_to_the_end(
    start_kept: StartKept, sqlite_store: Store
) -> None:
    """Closed or broken: what they had sent is taken, and the service manager lets them go."""
    daemon, manager = start_kept(sqlite_store)
    _, messages, _ = long_load(705, 300)
    closed, broken, new = connect(manager), connect(manager), connect(manager)
    for part, connection in enumerate((closed, broken)):
        connection.sendall(counted(messages[part * 100 : part * 100 + 20]))
    daemon.settle(40)
    daemon.kill()
    closed.sendall(counted(messages[20:100]))
    broken.sendall(counted(messages[120:200]))
    new.sendall(counted(messages[200:]))
    broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for connection in (closed, broken, new):
        connection.close()
    daemon.start()
    health = daemon.settle(300)
    assert health["stored"] + health["merged"] == 300
    assert health["rejected"] == {}
    wait_until(lambda: not manager.kept_connections, lambda: f"{manager.kept_connections}")


def test_kept_connections_over_a_lowered_limit_are_closed(
    start_kept: StartKept, sqlite_store: Store
) -> None:
    """The new configuration allows fewer connections; the others go on."""
    daemon, manager = start_kept(sqlite_store)
    _, messages, _ = long_load(706, 5)
    with connect(manager) as first, connect(manager) as second, connect(manager) as third:
        connections = [first, second, third]
        for connection, message in zip(connections, messages, strict=False):
            connection.sendall(lines([message]))
        daemon.settle(3)
        daemon.stop()
        daemon.settings.write_text("[streams]\nmax_connections = 2\n")
        daemon.start()
        wait_until(lambda: len(manager.kept_connections) == 2, daemon.log_tail)
        ended, _, _ = select.select(connections, [], [], PATIENCE)
        assert len(ended) == 1
        assert closed_by_peer(ended[0])
        assert "reason=too_many " in daemon.log_tail()
        for connection in connections:
            if connection not in ended:
                connection.sendall(lines([messages.pop()]))
        daemon.settle(5)


def test_a_connection_that_cannot_be_kept_ends_with_the_daemon(
    start_kept: StartKept, sqlite_store: Store
) -> None:
    """The service manager keeps no more descriptors."""
    # the memory of what was read, and one connection
    daemon, manager = start_kept(sqlite_store, store_max=2)
    _, messages, _ = long_load(707, 3)
    with connect(manager) as first:
        first.sendall(lines(messages[:1]))
        daemon.settle(1)
        with connect(manager) as second:
            second.sendall(lines(messages[1:2]))
            daemon.settle(2)
            assert (len(manager.kept_connections), manager.ignored) == (1, 1)
            daemon.kill()
            assert closed_by_peer(second)
        daemon.start()
        first.sendall(lines(messages[2:]))
        daemon.settle(3)


def test_a_kept_connection_without_its_position_is_closed(
    start_kept: StartKept, sqlite_store: Store
) -> None:
    """The start of its next message is unknown, so nothing of it is read."""
    daemon, manager = start_kept(sqlite_store)
    _, messages, _ = long_load(708, 2)
    with connect(manager) as connection:
        connection.sendall(counted(messages)[:-50])
        daemon.settle(1)
        daemon.kill()
        manager.lose("streams")
        daemon.start()
        assert closed_by_peer(connection)
    assert "reason=unknown_state " in daemon.log_tail()
    assert daemon.settle_when_quiet()["received"] == 1


@pytest.mark.parametrize("end", [Daemon.kill, Daemon.stop])
def test_a_stop_while_the_journal_is_full_refuses_nothing(
    start_kept: StartKept, sqlite_store: Store, end: Callable[[Daemon], None]
) -> None:
    """Messages that wait are kept for the next start."""
    settings = "[journal]\nmax_bytes = 1048576\nsegment_bytes = 262144\n"
    daemon, manager = start_kept(sqlite_store, settings)
    _, messages, _ = long_load(709, 12_000)
    daemon.send(messages[:1])
    daemon.settle(1)
    sqlite_store.interrupt()
    with connect(manager) as first, connect(manager) as second:
        sending = [
            threading.Thread(target=connection.sendall, args=(counted(messages[part::2]),))
            for part, connection in ((1, first), (2, second))
        ]
        for sender in sending:
            sender.start()
        held_up = "stops until the journal has room"
        wait_until(lambda: held_up in daemon.log_tail(), daemon.log_tail)
        end(daemon)
        sqlite_store.resume()
        daemon.start()
        for sender in sending:
            sender.join(PATIENCE)
        daemon.settle(12_000)
        health = daemon.settle_when_quiet()
    assert health["stored"] + health["merged"] == 12_000
    assert health["rejected"] == {}
    assert health["duplicate"] == health["received"] - 12_000 <= 400
