"""TCP and TLS: framing, limits, ends, and that a full journal makes senders wait."""

from __future__ import annotations

import bisect
import contextlib
import json
import logging
import logging.handlers
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import (
    CUSTOMSD,
    DIE_WITH_PARENT,
    ENTRY_ID,
    PATIENCE,
    Customs,
    StartDaemon,
    Store,
    assert_balanced,
    clean_environment,
    wait_until,
)
from support.ports import free_tcp_port
from support.small_disk import small_disk
from support.streams import (
    Streams,
    closed_by_peer,
    counted,
    ends_of_frames,
    held,
    lines,
    nulls,
    unread,
)


def both(messages: Sequence[bytes]) -> bytes:
    """Frames that end with NUL and with a line feed behind it."""
    return b"".join(nulls([message]) + b"\n" for message in messages)


@pytest.mark.parametrize("framing", ["counted", "lines", "nulls", "mixed"])
@pytest.mark.parametrize("cut", ["whole", "pieces"])
def test_framing(start_daemon: StartDaemon, store: Store, framing: str, cut: str) -> None:
    """Every message once, however it is framed and however the stream is cut."""
    streams = Streams(start_daemon, store)
    ledger = Ledger()
    reasons = ["bad_json", "missing_key", "no_record", "unknown_version"]
    messages = list(load(Population(201), ledger, 2_000, twice=0.02, damaged=0.02, reasons=reasons))
    draw = random.Random(202)
    if framing == "mixed":
        framings = (counted, lines, nulls, lambda some: lines(some) + b"\0", both)
        stream = b"".join(draw.choice(framings)([message]) for message in messages)
    else:
        stream = {"counted": counted, "lines": lines, "nulls": nulls}[framing](messages)
    with streams.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        place = 0
        while place < len(stream):
            piece = len(stream) if cut == "whole" else draw.choice((1, 3, 700, 5_000))
            connection.sendall(stream[place : place + piece])
            place += piece
    health = streams.daemon.settle(ledger.messages)
    assert health["received"] == ledger.messages
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == ledger.duplicates
    assert health["rejected"] == dict(ledger.rejected)
    rejected = sum(ledger.rejected.values())
    assert streams.metric('accepted_total{transport="tcp"}') == ledger.messages - rejected
    assert streams.metric('transport_rejected_total{transport="tcp"}') == rejected


def test_pythons_own_handler(start_daemon: StartDaemon, store: Store) -> None:
    """logging.handlers.SysLogHandler over TCP ends each message with NUL, and none waits."""
    streams = Streams(start_daemon, store)
    handler = logging.handlers.SysLogHandler(
        ("127.0.0.1", streams.tcp), socktype=socket.SOCK_STREAM
    )
    logger = logging.Logger("records")
    logger.addHandler(handler)
    samples = list(Population(219).samples(40))
    with contextlib.closing(handler):
        for one in samples:
            logger.info(json.dumps(one.record))
        # while the connection stands
        health = streams.daemon.settle(40)
    assert health["stored"] + health["merged"] == 40
    assert health["rejected"] == {}


def test_what_is_no_message_is_counted(start_daemon: StartDaemon, store: Store) -> None:
    """Each under a reason of its own, and what is good beside it is stored."""
    streams = Streams(start_daemon, store)
    good = [sample.datagram for sample in Population(203).samples(7)]
    long = b"<134>1 - - customs - - - {" + b" " * 20_000 + b"}"
    streams.send(counted([good[0], long, good[1]]))
    streams.send(lines([good[2], long, good[3]]))
    # Nobody knows where the next message would begin: the connection ends.
    with streams.connect() as connection:
        connection.sendall(lines([good[4]]) + b"123456789012 {}\n" + lines([good[5]]))
        assert closed_by_peer(connection)
    streams.send(counted([good[5]])[:-20])
    # The last line's line feed may be missing; if more is missing it is no record.
    streams.send(lines([good[5]])[:-1])
    streams.send(lines([good[6]])[:-20])
    health = streams.daemon.settle(11)
    assert health["received"] == 11
    assert health["stored"] + health["merged"] == 6
    assert health["rejected"] == {"too_long": 2, "bad_frame": 1, "cut_off": 2}


def test_many_connections_at_once(start_daemon: StartDaemon, store: Store) -> None:
    """Each message once, whichever connection it comes by; a silent one holds up nobody."""
    streams = Streams(start_daemon, store)
    ledger = Ledger()
    messages = list(load(Population(204), ledger, 12_000))
    with streams.connect() as silent:
        silent.sendall(b"100 <134>")

        def send(part: int) -> None:
            with streams.connect() as connection:
                for start in range(part, len(messages), 30 * 40):
                    connection.sendall(counted(messages[start : start + 30 * 40 : 30]))

        senders = [threading.Thread(target=send, args=(part,)) for part in range(30)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        health = streams.daemon.settle(12_000)
        assert streams.metric("connections") == 1
    assert health["stored"] + health["merged"] == 12_000
    health = streams.daemon.settle(12_001)
    assert health["rejected"] == {"cut_off": 1}


def test_limits_of_connections(start_daemon: StartDaemon, sqlite_store: Store) -> None:
    """Those over the limit are closed at once; a place that is free again is given again."""
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


def test_times(
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
        held_up = "not read until the journal has room"
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
def test_what_an_end_loses_is_counted(
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
        held_up = "not read until the journal has room"
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
        assert "does not take its last counts" not in daemon.log.read_text()

        postgres_store.resume()
        daemon.start()
        health = daemon.settle(1 + whole + cut_off + 100)
        assert health["received"] == 1 + whole + cut_off + 100
        assert health["rejected"].get("cut_off", 0) == cut_off
        assert health["rejected"]["journal_full"] > 0
        assert health["rejected"].keys() <= {"journal_full", "cut_off"}
        assert health["stored"] + health["merged"] >= 500
        daemon.stop()


def test_end_takes_what_was_sent(start_daemon: StartDaemon, store: Store) -> None:
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


def test_a_sender_that_never_stops_does_not_keep_it_alive(
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


@pytest.mark.parametrize("seed", [212, 213, 214])
def test_killed_while_it_reads(start_daemon: StartDaemon, store: Store, seed: int) -> None:
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


def test_a_flood_by_one_sender_leaves_the_others_their_turn(
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


@pytest.mark.parametrize("name", ["tcp", "tls"])
def test_socket_activation(
    folder: Path,
    store: Store,
    authority: Authority,
    server_certificate: Certificate,
    name: str,
) -> None:
    """The first connection starts the daemon; a socket named `tls` speaks TLS."""
    activate = shutil.which("systemd-socket-activate")
    assert activate, "no systemd-socket-activate (Debian: apt-get install systemd)"
    port = free_tcp_port()
    customs = Customs(store.url, folder)
    log = folder / "log"
    settings = folder / "customsd.toml"
    settings.write_text(
        f'[tls]\ncertificate = "{server_certificate.certificate}"\n'
        f'key = "{server_certificate.key}"\n'
    )
    messages = [sample.datagram for sample in Population(241).samples(100)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(*DIE_WITH_PARENT, activate, f"--fdname={name}", "-l", f"127.0.0.1:{port}"),
                *(str(CUSTOMSD), "--config", str(settings), "--store", store.url),
                *("--state-dir", str(folder / "journal")),
            ],
            env=clean_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: "Listening" in log.read_text(), log.read_text)
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
            if name == "tls":
                with authority.client().wrap_socket(plain, server_hostname="localhost") as secure:
                    secure.sendall(counted(messages))
                    secure.unwrap()
            else:
                plain.sendall(counted(messages))

        def all_stored() -> bool:
            health = customs.health_if_any() or {"received": 0, "pending": 0}
            return bool(health["received"] == 100 and health["pending"] == 0)

        wait_until(all_stored, lambda: f"{customs.health_if_any()}\n{log.read_text()}")
        assert f"{name}://127.0.0.1:{port}" in log.read_text()
        process.terminate()
        assert process.wait(PATIENCE) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)
