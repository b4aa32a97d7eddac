"""Strangers knock by the thousand, and a relay with a certificate gets in."""

from __future__ import annotations

import multiprocessing
import resource
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event

import pytest
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import PATIENCE, StartDaemon, Store, wait_until
from support.streams import Streams, lines

KNOCKS = 10_000
# What the crowd holds at once; the daemon closes most of them.
HELD = 8_000
# After the first 10,000: the daemon must have a processor.
KNOCKS_A_SECOND = 5_000
RELAYS = 5


def knock(ports: list[int], addresses: int, under_way: Event, end: Event) -> None:
    """Makes silent connections from some addresses of loopback, until it is told to end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held_at_most = min(HELD, hard - 100)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, held_at_most + 100), hard))
    held: deque[socket.socket] = deque()
    count = 0
    while not end.is_set():
        address = count % addresses
        connection = socket.socket()
        connection.setblocking(False)
        with suppress(OSError):
            connection.bind(
                (f"127.{1 + address // 62_500}.{address // 250 % 250}.{address % 250 + 1}", 0)
            )
            connection.connect(("127.0.0.1", ports[count % len(ports)]))
        held.append(connection)
        if len(held) > held_at_most:
            held.popleft().close()
        count += 1
        if count >= KNOCKS:
            under_way.set()
            time.sleep(1 / KNOCKS_A_SECOND)


@contextmanager
def crowd(ports: list[int], addresses: int) -> Iterator[None]:
    """A crowd in a process of its own: 10,000 have come at once, and more come all the time."""
    context = multiprocessing.get_context("fork")
    under_way, end = context.Event(), context.Event()
    process = context.Process(target=knock, args=(ports, addresses, under_way, end), daemon=True)
    process.start()
    try:
        assert under_way.wait(PATIENCE)
        yield
    finally:
        end.set()
        process.join(PATIENCE)


@pytest.mark.parametrize("addresses", [1, KNOCKS])
def test_a_relay_gets_in_while_10_000_strangers_knock(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
    addresses: int,
) -> None:
    """At once and at the first try; so does what a relay sends that is in already."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate, authority=authority)
    samples = Population(241).samples(2 * RELAYS + 1)
    accepted = 'accepted_total{transport="tls"}'
    context = authority.client(authority.issue("relay"))
    with streams.connect_tls(context) as early:
        early.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(1)
        with crowd([streams.tls, streams.tcp], addresses):
            slowest = 0.0
            for number in range(RELAYS):
                began = time.monotonic()
                with streams.connect_tls(context) as relay:
                    relay.sendall(lines([next(samples).datagram]))
                    early.sendall(lines([next(samples).datagram]))
                    while streams.metric(accepted) < 2 * number + 3:
                        assert time.monotonic() - began < PATIENCE, streams.daemon.log_tail()
                slowest = max(slowest, time.monotonic() - began)
            # handshakes, connections without a certificate, and relays
            assert streams.metric("connections") <= 2 * 1_024 + 2
        print(f"from {addresses} addresses: the slowest relay was in after {slowest:.2f} s")
        # a bound on being kept out, not on speed
        assert slowest < 20
        assert streams.daemon.settle(2 * RELAYS + 1)["rejected"] == {}
    wait_until(lambda: streams.metric("connections") == 0, streams.daemon.log_tail)


def test_a_sender_over_tcp_that_has_spoken_keeps_its_connection(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """Strangers take one another's places; a message that one has sent is taken before."""
    settings = "[streams]\nmax_connections = 64\n"
    streams = Streams(start_daemon, sqlite_store, settings)
    samples = Population(242).samples(20)
    with streams.connect() as sender:
        sender.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(1)
        with crowd([streams.tcp], 1_000):
            for _ in range(9):
                sender.sendall(lines([next(samples).datagram]))
                streams.send(lines([next(samples).datagram]))
        health = streams.daemon.settle(19)
    assert health["rejected"] == {}
    assert streams.metric('connections_refused_total{reason="too_many"}') > KNOCKS / 2
