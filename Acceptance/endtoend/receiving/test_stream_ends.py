"""Stops, kills and a full journal while senders write to stream connections."""

from __future__ import annotations

import bisect
import contextlib
import random
import socket
import threading
import time
from typing import Any

import pytest
from extent import part
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import (
    ENTRY_ID,
    PATIENCE,
    StartDaemon,
    Store,
    assert_balanced,
    wait_until,
)
from support.small_disk import small_disk
from support.streams import (
    Streams,
    closed_by_peer,
    counted,
    ends_of_frames,
    held,
    lines,
)


def test_a_full_journal_makes_senders_wait(start_daemon: StartDaemon, store: Store) -> None:
    """The store away, the journal full: nothing is refused and nothing lost, senders just wait."""
    settings = "[journal]\nmax_bytes = 1048576\nsegment_bytes = 262144\n"
    streams = Streams(start_daemon, store, settings)
    daemon = streams.daemon
    daemon.send([next(Population(207).samples(1)).datagram])
    daemon.settle(1)
    store.interrupt()
    ledger = Ledger()
    messages = list(load(Population(208), ledger, 12_000))
    done = threading.Event()

    def send(part: int) -> None:
        with streams.connect() as connection:
            # what the sender's kernel holds of it must not be all of it
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
            connection.sendall(counted(messages[part::3]))
        done.set()

    senders = [threading.Thread(target=send, args=(part,)) for part in range(3)]
    with streams.connect() as small:
        for sender in senders:
            sender.start()
        held_up = "stops until the journal has room"
        wait_until(lambda: held_up in daemon.log_tail(), daemon.log_tail)
        extra = list(load(Population(209), ledger, 20))
        small.sendall(lines(extra))
    # that sender is gone, and what it sent is still with the kernel
    time.sleep(1)
    assert not done.is_set()
    assert streams.metric('rejected_total{reason="journal_full"}') == 0
    store.resume()
    for sender in senders:
        sender.join(PATIENCE)
    health = daemon.settle(1 + 12_020)
    assert health["rejected"] == {}
    assert health["duplicate"] == 0
    assert health["stored"] + health["merged"] == 1 + 12_020
    top = {row["package"]: row["processes"] for row in daemon.customs.json("top", "--limit", "999")}
    for name, usage in ledger.top().items():
        assert top[name] >= usage.processes


@pytest.mark.parametrize("disk", ["bound", "full"])
def test_messages_that_a_stop_loses_are_counted(
    start_daemon: StartDaemon, postgres_store: Store, disk: str
) -> None:
    """SIGTERM while the journal has no room: each message that was read is stored or counted."""
    with contextlib.ExitStack() as stack:
        options: dict[str, Any] = {}
        if disk == "bound":
            settings = "[journal]\nmax_bytes = 1048576\nsegment_bytes = 262144\n"
        else:
            settings = "[journal]\nsegment_bytes = 262144\n"
            small = stack.enter_context(small_disk("2m"))
            options["state"] = small.folder / "state"
        streams = Streams(start_daemon, postgres_store, settings, **options)
        daemon = streams.daemon
        daemon.send([next(Population(211).samples(1)).datagram])
        daemon.settle(1)
        postgres_store.interrupt()
        messages = list(load(Population(212), Ledger(), 12_000))
        connections = [stack.enter_context(streams.connect()) for _ in range(2)]
        ends = [ends_of_frames(messages[part::2]) for part in range(2)]
        sent = [0, 0]

        def send(part: int) -> None:
            stream = counted(messages[part::2])
            with contextlib.suppress(OSError):
                while sent[part] < len(stream):
                    sent[part] += connections[part].send(stream[sent[part] : sent[part] + 1_000])

        senders = [threading.Thread(target=send, args=(part,)) for part in range(2)]
        for sender in senders:
            sender.start()
        held_up = "stops until the journal has room"
        wait_until(lambda: held_up in daemon.log_tail(), daemon.log_tail)
        # it reads no more from now on, and the senders' kernels take no more
        before = [-1, -1]
        while before != sent:
            before = list(sent)
            time.sleep(0.5)
        read = [sent[part] - held(connections[part]) for part in range(2)]
        whole = sum(bisect.bisect_right(ends[part], read[part]) for part in range(2))
        cut_off = sum(read[part] not in (0, *ends[part]) for part in range(2))
        daemon.send([sample.datagram for sample in Population(213).samples(100)])
        daemon.stop()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for sender in senders:
            sender.join(PATIENCE)
        assert "its last counts do not fit" not in daemon.log.read_text()

        postgres_store.resume()
        daemon.start()
        health = daemon.settle(1 + whole + cut_off + 100)
        assert health["received"] == 1 + whole + cut_off + 100
        assert health["rejected"].get("cut_off", 0) == cut_off
        assert health["rejected"]["journal_full"] > 0
        assert health["rejected"].keys() <= {"journal_full", "cut_off"}
        assert health["stored"] + health["merged"] >= 500
        daemon.stop()


def test_a_stop_stores_all_messages_that_were_sent(start_daemon: StartDaemon, store: Store) -> None:
    """SIGTERM right behind the last byte: all is stored, also of connections that stay open."""
    streams = Streams(start_daemon, store)
    messages = list(load(Population(210), Ledger(), 20_000))
    connections = [streams.connect() for _ in range(4)]
    with contextlib.ExitStack() as stack:
        for connection in connections:
            stack.enter_context(connection)
        for number, connection in enumerate(connections):
            connection.sendall(counted(messages[number::4]))
        streams.daemon.stop()
        assert all(closed_by_peer(connection) for connection in connections)
    health = streams.daemon.customs.health()
    assert_balanced(health)
    assert health["stored"] + health["merged"] == 20_000
    assert health["rejected"] == {}
    assert health["pending"] == 0


def test_a_sender_that_never_stops_does_not_delay_the_end(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """SIGTERM ends the daemon within seconds."""
    streams = Streams(start_daemon, sqlite_store)
    messages = counted([sample.datagram for sample in Population(211).samples(100)])
    with streams.connect() as connection:

        def flood() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection.sendall(messages)

        sender = threading.Thread(target=flood)
        sender.start()
        time.sleep(0.5)
        start = time.monotonic()
        streams.daemon.stop()
        assert time.monotonic() - start < 60
        sender.join(PATIENCE)
    assert_balanced(streams.daemon.customs.health())


@pytest.mark.parametrize("seed", part([212, 213, 214]))
def test_after_a_kill_in_mid_stream_all_messages_count_once(
    start_daemon: StartDaemon, store: Store, seed: int
) -> None:
    """SIGKILL: the journal has the stream's beginning; sent again, all count once."""
    streams = Streams(start_daemon, store)
    daemon = streams.daemon
    draw = random.Random(seed)
    ledger = Ledger()
    messages = list(load(Population(seed), ledger, 24_000))
    ids = [ENTRY_ID.findall(message)[0].decode() for message in messages]
    pace = draw.uniform(0.1, 0.6) / len(messages)

    def send() -> None:
        with contextlib.suppress(OSError), streams.connect() as connection:
            start = time.monotonic()
            for place in range(0, len(messages), 20):
                connection.sendall(counted(messages[place : place + 20]))
                time.sleep(max(0.0, start + place * pace - time.monotonic()))

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(draw.uniform(0.05, 0.3))
    daemon.kill()
    sender.join(PATIENCE)
    journalled = daemon.journalled_ids()
    whole = len(set(journalled) - set(daemon.torn_ids()))
    assert journalled == ids[: len(journalled)]
    daemon.start()
    health = daemon.settle(whole)
    received = health["received"]
    assert whole <= received <= len(journalled)
    assert health["stored"] + health["merged"] == received
    assert health["rejected"] == {}
    streams.send(counted(messages))
    health = daemon.settle(received + 24_000)
    assert health["received"] == received + 24_000
    assert health["stored"] + health["merged"] == 24_000
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == received
