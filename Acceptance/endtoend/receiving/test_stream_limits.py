"""Bounds of stream connections: their number, their time, and their share."""

from __future__ import annotations

import socket
import threading
import time

from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import (
    PATIENCE,
    StartDaemon,
    Store,
    wait_until,
)
from support.streams import (
    Streams,
    closed_by_peer,
    counted,
    lines,
    unread,
)


def test_connections_over_a_limit_are_closed_at_once(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """A place that is free again is given to the next connection."""
    settings = "[streams]\nmax_connections = 3\nmax_connections_per_address = 2\n"
    streams = Streams(start_daemon, sqlite_store, settings)
    samples = Population(205).samples(10)
    with streams.connect() as first, streams.connect() as second:
        first.sendall(lines([next(samples).datagram]))
        second.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(2)
        with streams.connect() as third:
            assert closed_by_peer(third)
        with socket.create_connection(
            ("127.0.0.1", streams.tcp), PATIENCE, source_address=("127.0.0.2", 0)
        ) as other:
            other.sendall(lines([next(samples).datagram]))
            streams.daemon.settle(3)
            with socket.create_connection(
                ("127.0.0.1", streams.tcp), PATIENCE, source_address=("127.0.0.3", 0)
            ) as another:
                assert closed_by_peer(another)
    assert streams.metric('connections_refused_total{reason="too_many_of_address"}') == 1
    assert streams.metric('connections_refused_total{reason="too_many"}') == 1
    wait_until(lambda: streams.metric("connections") == 0, streams.daemon.log_tail)
    streams.send(lines([next(samples).datagram]))
    streams.daemon.settle(4)


def test_timeouts_end_silent_and_slow_connections(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
) -> None:
    """Silence, a message that never ends and a handshake that never comes end a connection."""
    settings = "[streams]\nidle_timeout_s = 3\nmessage_timeout_s = 1\nhandshake_timeout_s = 1\n"
    streams = Streams(start_daemon, sqlite_store, settings, server_certificate)
    [good] = Population(206).samples(1)
    with (
        streams.connect() as idle,
        streams.connect() as slow,
        socket.create_connection(("127.0.0.1", streams.tls), PATIENCE) as silent,
        streams.connect_tls(authority.client()) as idle_tls,
    ):
        slow.sendall(lines([good.datagram]) + b"<134>1 ")
        # A byte now and then does not make a message.
        for _ in range(40):
            try:
                slow.sendall(b"x")
            except ConnectionError:
                break
            time.sleep(0.1)
        assert closed_by_peer(slow)
        assert closed_by_peer(silent)
        assert closed_by_peer(idle)
        assert closed_by_peer(idle_tls)
    health = streams.daemon.settle(2)
    assert health["rejected"] == {"cut_off": 1}
    for reason, count in {"idle": 2, "message": 1, "handshake": 1}.items():
        name = f'connections_refused_total{{reason="{reason}_timeout"}}'
        assert streams.metric(name) == count, reason


def test_a_flood_by_one_sender_does_not_delay_the_others(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """While one connection sends all it can, what another sends is read within moments."""
    streams = Streams(start_daemon, sqlite_store)
    flood = counted([sample.datagram for sample in Population(215).samples(2_000)])
    others = list(load(Population(216), Ledger(), 50))
    end = threading.Event()

    def send_flood() -> None:
        with streams.connect() as connection:
            while not end.is_set():
                connection.sendall(flood)

    sender = threading.Thread(target=send_flood)
    sender.start()
    try:
        slowest = 0.0
        with streams.connect() as quiet:
            for message in others:
                start = time.monotonic()
                quiet.sendall(counted([message]))
                while unread(quiet) and time.monotonic() - start < PATIENCE:
                    time.sleep(0.001)
                slowest = max(slowest, time.monotonic() - start)
                time.sleep(0.01)
    finally:
        end.set()
        sender.join(PATIENCE)
    # a bound on being starved, not on speed
    assert slowest < 5
