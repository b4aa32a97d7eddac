"""A daemon near its limit of open files goes on receiving and storing.

It is held at its limit for some seconds; CUSTOMS_HOLD_SECONDS=120 holds it for longer.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.certificates import Certificate
from support.daemon import Daemon, Inheritance, StartDaemon, Store, wait_until
from support.stores import MakeStore
from support.streams import Streams, lines

HOLD_SECONDS = float(os.environ.get("CUSTOMS_HOLD_SECONDS", "6"))
SMALL_SEGMENTS = "[journal]\nsegment_bytes = 65536\n"
MANY_CONNECTIONS = "[streams]\nmax_connections = 100000\nmax_connections_per_address = 100000\n"


def limited(files: int) -> Callable[[], AbstractContextManager[Inheritance]]:
    """Starts of a daemon with this limit of open files."""

    @contextmanager
    def inherits() -> Iterator[Inheritance]:
        yield Inheritance(("prlimit", f"--nofile={files}:{files}"))

    return inherits


@pytest.fixture
def many_files() -> Iterator[None]:
    """For the test, which holds what the daemon closes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Crowd:
    """Silent connections to some ports; new ones come all the time."""

    def __init__(self, ports: list[int], each: int) -> None:
        self._ports = ports
        self._each = each
        self._held: deque[socket.socket] = deque()

    def press(self) -> None:
        """Some more; the oldest go when there are too many."""
        for port in self._ports:
            for _ in range(self._each // 16):
                connection = socket.socket()
                connection.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    connection.connect(("127.0.0.1", port))
                self._held.append(connection)
        while len(self._held) > self._each * len(self._ports):
            self._held.popleft().close()

    def close(self) -> None:
        """All go."""
        while self._held:
            self._held.popleft().close()


def answers(streams: Streams) -> bool:
    """Whether /metrics answers."""
    with contextlib.suppress(OSError):
        streams.metric("pending")
        return True
    return False


def segments(daemon: Daemon) -> set[str]:
    """The journal's files."""
    return {path.name for path in daemon.state.rglob("*.journal")}


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(
    ("kind", "files", "by"),
    [("sqlite", 512, "http"), ("sqlite", 128, "streams"), ("postgres", 512, "all")],
)
def test_connections_leave_descriptors_for_journal_and_store(
    start_daemon: StartDaemon,
    make_store: MakeStore,
    server_certificate: Certificate,
    kind: str,
    files: int,
    by: str,
) -> None:
    """Silent connections take what they may; the journal, the store and /metrics go on."""
    store = make_store(kind)
    settings = SMALL_SEGMENTS + MANY_CONNECTIONS
    streams = Streams(start_daemon, store, settings, server_certificate, inherits=limited(files))
    daemon = streams.daemon
    ports = {
        "http": [streams.http],
        "streams": [streams.tcp, streams.tls],
        "all": [streams.tcp, streams.tls, streams.http],
    }[by]
    crowd = Crowd(ports, each=400)
    known = segments(daemon)
    population, ledger = Population(771), Ledger()
    sent = asked = 0
    try:
        end = time.monotonic() + HOLD_SECONDS
        while time.monotonic() < end or sent < 1_000:
            crowd.press()
            sent += daemon.send(load(population, ledger, 25))
            if time.monotonic() > end - HOLD_SECONDS + asked:
                # a crowd that comes all at once may be quicker than the question
                wait_until(lambda: answers(streams), daemon.log_tail)
                asked += 1
            assert daemon.is_alive, daemon.log_tail()
            time.sleep(0.05)
        health = daemon.settle(sent)
        assert health["rejected"] == {}
        assert health["stored"] + health["merged"] == sent
        assert len(segments(daemon) - known) >= 5
        if by != "http":
            assert streams.metric('connections_refused_total{reason="no_descriptors"}') > 0
            assert streams.metric("connections") > 0
    finally:
        crowd.close()
    # those that have gone make room
    wait_until(lambda: streams.metric("connections") == 0, daemon.log_tail)
    streams.send(lines([next(population.samples(1)).datagram]))
    daemon.settle(sent + 1)


def test_nothing_is_lost_where_no_file_can_be_opened(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """The journal's segment grows on where no further file can be opened."""
    daemon = start_daemon(sqlite_store, settings=SMALL_SEGMENTS)
    population, ledger = Population(772), Ledger()
    daemon.send(load(population, ledger, 100))
    daemon.settle(100)
    assert daemon.process
    pid = daemon.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    known = segments(daemon)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    daemon.send(load(population, ledger, 400))
    daemon.settle(500)
    assert not segments(daemon) - known
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    daemon.send(load(population, ledger, 100))
    health = daemon.settle(600)
    assert segments(daemon) - known
    assert health["rejected"] == {}
    assert health["stored"] + health["merged"] == 600


def test_a_limit_below_the_configured_connections_is_logged(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """The limit on open files is too low for the configured connections."""
    streams = Streams(start_daemon, sqlite_store, MANY_CONNECTIONS, inherits=limited(512))
    assert "max_connections=100000" in streams.daemon.log.read_text()
