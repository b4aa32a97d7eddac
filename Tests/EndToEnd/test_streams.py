"""TCP and TLS: framing, limits, certificates, and that a full journal makes senders wait."""

from __future__ import annotations

import bisect
import contextlib
import fcntl
import itertools
import random
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import termios
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, Certificate
from daemon import (
    CUSTOMSD,
    DIE_WITH_PARENT,
    ENTRY_ID,
    PATIENCE,
    Customs,
    Daemon,
    StartDaemon,
    Store,
    assert_balanced,
    clean_environment,
    wait_until,
)
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from small_disk import small_disk


def free_tcp_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def counted(messages: Sequence[bytes]) -> bytes:
    """Octet-counted frames (RFC 6587, section 3.4.1)."""
    return b"".join(b"%d %s" % (len(message), message) for message in messages)


def lines(messages: Sequence[bytes]) -> bytes:
    """Frames that end with a line feed (section 3.4.2)."""
    return b"".join(message.rstrip(b"\n\0") + b"\n" for message in messages)


class Streams:
    """A daemon that listens on TCP, and on TLS where it has certificates."""

    def __init__(
        self,
        start_daemon: StartDaemon,
        store: Store,
        settings: str = "",
        certificate: Certificate | None = None,
        authority: Authority | None = None,
        clients: str = "",
        **options: Any,
    ) -> None:
        self.tcp = free_tcp_port()
        self.tls = free_tcp_port()
        self.http = free_tcp_port()
        listen = ["--listen", f"tcp://127.0.0.1:{self.tcp}"]
        if certificate:
            listen += ["--listen", f"tls://127.0.0.1:{self.tls}"]
            settings += f'[tls]\ncertificate = "{certificate.certificate}"\n'
            settings += f'key = "{certificate.key}"\n'
            if authority:
                settings += f'client_ca = "{authority.own.certificate}"\n'
            if clients:
                settings += f'client_certificates = "{clients}"\n'
        listen += ["--http", f"127.0.0.1:{self.http}"]
        self.daemon: Daemon = start_daemon(store, arguments=listen, settings=settings, **options)

    def connect(self) -> socket.socket:
        """A connection over TCP."""
        return socket.create_connection(("127.0.0.1", self.tcp), PATIENCE)

    def connect_tls(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """A connection over TLS, after the handshake."""
        plain = socket.create_connection(("127.0.0.1", self.tls), PATIENCE)
        return context.wrap_socket(plain, server_hostname="localhost")

    def send(self, data: bytes) -> None:
        """Sends bytes over a connection of their own."""
        with self.connect() as connection:
            connection.sendall(data)

    def metric(self, name: str) -> int:
        """A sample of `/metrics`, with its labels; 0 while there is none."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.http}/metrics", timeout=PATIENCE
        ) as page:
            for line in page.read().decode().splitlines():
                if line.startswith(f"customs_{name} "):
                    return int(line.split()[1])
        return 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The site's own."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server_certificate(authority: Authority) -> Certificate:
    """The daemon's."""
    return authority.issue("server")


def closed_by_peer(connection: socket.socket) -> bool:
    """Whether the other end has ended the connection."""
    try:
        return connection.recv(1) == b""
    except (ConnectionError, ssl.SSLError):
        return True


# Framing


@pytest.mark.parametrize("framing", ["counted", "lines", "mixed"])
@pytest.mark.parametrize("cut", ["whole", "pieces"])
def test_framing(start_daemon: StartDaemon, store: Store, framing: str, cut: str) -> None:
    """Every message once, however it is framed and however the stream is cut."""
    streams = Streams(start_daemon, store)
    ledger = Ledger()
    reasons = ["bad_json", "missing_key", "no_record", "unknown_version"]
    messages = list(load(Population(201), ledger, 2_000, twice=0.02, damaged=0.02, reasons=reasons))
    draw = random.Random(202)
    if framing == "mixed":
        stream = b"".join(draw.choice((counted, lines))([message]) for message in messages)
    else:
        stream = (counted if framing == "counted" else lines)(messages)
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


# Limits


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


# Nothing lost


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


def ends_of_frames(messages: Sequence[bytes]) -> list[int]:
    """Where each ends in a stream of octet-counted frames."""
    return list(itertools.accumulate(len(counted([message])) for message in messages))


def held(connection: socket.socket) -> int:
    """What the kernels of both ends hold of what was sent."""
    unsent = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]
    return unread(connection) + int(unsent)


def unread(connection: socket.socket) -> int:
    """What the other end's kernel holds of a connection over loopback and nobody has read."""
    here, there = connection.getsockname()[1], connection.getpeername()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{there:04X}") and fields[2].endswith(f":{here:04X}"):
            return int(fields[4].split(":")[1], 16)
    return 0


# TLS


def vouched(store: Store) -> int:
    """Runs whose user somebody vouches for."""
    path = store.url.removeprefix("sqlite://")
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM runs WHERE flags & 4 <> 0")
    return int(count)


def test_tls(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
) -> None:
    """The same as over TCP; nobody vouches for a sender without certificate."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate)
    ledger = Ledger()
    messages = list(load(Population(221), ledger, 5_000, twice=0.01))
    with streams.connect_tls(authority.client()) as connection:
        connection.sendall(counted(messages))
        connection.unwrap()
    health = streams.daemon.settle(ledger.messages)
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["rejected"] == {}
    assert streams.metric('accepted_total{transport="tls"}') == ledger.messages
    assert vouched(sqlite_store) == 0


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.3"])
def test_tls_versions(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
    version: str,
) -> None:
    """1.2 and 1.3; what is older is refused."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate)
    context = authority.client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    number = getattr(ssl.TLSVersion, f"TLSv{version.replace('.', '_')}")
    context.minimum_version = context.maximum_version = number
    if version == "1.1":
        with pytest.raises((ssl.SSLError, ConnectionError)):
            streams.connect_tls(context)
        wait_until(
            lambda: streams.metric('connections_refused_total{reason="handshake_failed"}') == 1,
            streams.daemon.log_tail,
        )
        return
    with streams.connect_tls(context) as connection:
        assert connection.version() == f"TLSv{version}"
        connection.sendall(lines([next(Population(222).samples(1)).datagram]))
    streams.daemon.settle(1)


@pytest.mark.parametrize("clients", ["", "optional"])
def test_client_certificates(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
    folder: Path,
    clients: str,
) -> None:
    """A relay with a good one is vouched for; a bad one never gets in; none, as configured."""
    streams = Streams(
        start_daemon, sqlite_store, "", server_certificate, authority=authority, clients=clients
    )
    samples = Population(223).samples(10)
    stranger = Authority(folder / "stranger", "stranger").issue("relay")

    def send(certificate: Certificate | None) -> None:
        with streams.connect_tls(authority.client(certificate)) as connection:
            connection.sendall(lines([next(samples).datagram]))
            connection.settimeout(PATIENCE)
            connection.unwrap()

    def refused(certificate: Certificate | None, count: int) -> None:
        # with TLS 1.3 the client learns of it after its handshake, or when its connection is gone
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            send(certificate)
        name = 'connections_refused_total{reason="handshake_failed"}'
        wait_until(lambda: streams.metric(name) == count, streams.daemon.log_tail)

    send(authority.issue("relay"))
    streams.daemon.settle(1)
    assert vouched(sqlite_store) == 1
    refused(stranger, 1)
    if clients == "optional":
        send(None)
    else:
        refused(None, 2)
    accepted = 2 if clients == "optional" else 1
    health = streams.daemon.settle(accepted)
    assert health["received"] == accepted
    assert vouched(sqlite_store) == 1


def test_plain_text_on_the_tls_port(
    start_daemon: StartDaemon, sqlite_store: Store, server_certificate: Certificate
) -> None:
    """Is no handshake; TLS goes on working."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate)
    with socket.create_connection(("127.0.0.1", streams.tls), PATIENCE) as connection:
        connection.sendall(lines([next(Population(224).samples(1)).datagram]))
        connection.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            while connection.recv(4_096):
                pass
    assert streams.metric('connections_refused_total{reason="handshake_failed"}') == 1


def test_certificates_are_read_again(
    start_daemon: StartDaemon, sqlite_store: Store, authority: Authority, folder: Path
) -> None:
    """SIGHUP: new connections get the new certificate; a broken one changes nothing."""
    mine = Certificate(folder / "server.pem", folder / "server.key")

    def install(certificate: Certificate) -> None:
        shutil.copy(certificate.certificate, mine.certificate)
        shutil.copy(certificate.key, mine.key)

    install(authority.issue("first"))
    streams = Streams(start_daemon, sqlite_store, "", mine)
    daemon = streams.daemon

    def serial() -> str:
        with streams.connect_tls(authority.client()) as connection:
            shown = connection.getpeercert()
            assert shown
            return str(shown["serialNumber"])

    samples = Population(225).samples(2)
    before = serial()
    with streams.connect_tls(authority.client()) as standing:
        install(authority.issue("second"))
        assert serial() == before
        assert daemon.process
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: serial() != before, daemon.log_tail)
        after = serial()
        standing.sendall(lines([next(samples).datagram]))
        mine.key.write_text("no key\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "configuration not taken" in daemon.log_tail(), daemon.log_tail)
        assert serial() == after
        standing.sendall(lines([next(samples).datagram]))
    daemon.settle(2)


def test_openssl_s_client(
    start_daemon: StartDaemon,
    store: Store,
    authority: Authority,
    server_certificate: Certificate,
) -> None:
    """As an administrator would try it."""
    streams = Streams(start_daemon, store, "", server_certificate, authority=authority)
    relay = authority.issue("relay")
    done = subprocess.run(
        [
            *("openssl", "s_client", "-quiet", "-no_ign_eof", "-verify_return_error"),
            *("-connect", f"127.0.0.1:{streams.tls}", "-CAfile", str(authority.own.certificate)),
            *("-cert", str(relay.certificate), "-key", str(relay.key)),
        ],
        input=lines([sample.datagram for sample in Population(226).samples(100)]),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    health = streams.daemon.settle(100)
    assert health["stored"] + health["merged"] == 100


# Real relays


@contextlib.contextmanager
def rsyslog(folder: Path, configuration: str) -> Iterator[subprocess.Popen[bytes]]:
    """An rsyslogd of the test's own."""
    program = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
    assert program, "no rsyslogd (Debian: apt-get install rsyslog rsyslog-openssl)"
    file = folder / "rsyslog.conf"
    file.write_text(configuration)
    with (folder / "rsyslog.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(*DIE_WITH_PARENT, program, "-n", "-f", str(file)),
                *("-i", str(folder / "rsyslog.pid")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.mark.parametrize("form", ["tcp_counted", "tcp_lines", "tls"])
def test_rsyslog(
    start_daemon: StartDaemon,
    store: Store,
    authority: Authority,
    server_certificate: Certificate,
    folder: Path,
    form: str,
) -> None:
    """omfwd, in both framings and over TLS with a client's certificate."""
    streams = Streams(start_daemon, store, "", server_certificate, authority=authority)
    relay = authority.issue("relay")
    udp = free_udp()
    framing = "octet-counted" if form == "tcp_counted" else "traditional"
    target = f'target="127.0.0.1" port="{streams.tls if form == "tls" else streams.tcp}"'
    secure = (
        ' StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"'
        if form == "tls"
        else ""
    )
    with rsyslog(
        folder,
        f"""
global(workDirectory="{folder}" maxMessageSize="16k"
    defaultNetstreamDriverCAFile="{authority.own.certificate}"
    defaultNetstreamDriverCertFile="{relay.certificate}"
    defaultNetstreamDriverKeyFile="{relay.key}")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{udp}" rcvbufSize="8m")
action(type="omfwd" protocol="tcp" {target} TCP_Framing="{framing}"{secure}
    template="RSYSLOG_SyslogProtocol23Format")
""",
    ):
        ledger = Ledger()
        messages = list(load(Population(231), ledger, 2_000))
        wait_until(lambda: is_bound(udp), (folder / "rsyslog.log").read_text)
        # what rsyslog's own socket has no room for is not ours to lose
        streams.daemon.send(messages, url=f"udp://127.0.0.1:{udp}", rate=1_000)
        health = streams.daemon.settle(2_000)
    assert health["rejected"] == {}
    assert health["stored"] + health["merged"] == 2_000
    transport = "tls" if form == "tls" else "tcp"
    assert streams.metric(f'accepted_total{{transport="{transport}"}}') == 2_000


def free_udp() -> int:
    """A port of loopback on which nobody receives datagrams."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_bound(port: int) -> bool:
    """Whether somebody receives on a UDP port."""
    return any(
        line.split()[1].endswith(f":{port:04X}")
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]
    )


# systemd


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


# Configuration


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('listen = ["tls://127.0.0.1:1"]\n', "certificate"),
        ('[tls]\nkey = "/k.pem"\n', "certificate and key"),
        (
            '[tls]\ncertificate = "/c.pem"\nkey = "/k.pem"\nclient_certificates = "required"\n',
            "client_ca",
        ),
        ('[tls]\nclient_certificates = "perhaps"\n', "perhaps"),
    ],
)
def test_bad_tls_configuration(folder: Path, text: str, named: str) -> None:
    """EX_CONFIG, before anything is opened."""
    file = folder / "check.toml"
    file.write_text(text)
    done = subprocess.run(
        [str(CUSTOMSD), "--config", str(file), "--check"],
        env=clean_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 78, done
    assert named in done.stderr


def test_missing_certificate_stops_the_start(folder: Path) -> None:
    """The file is named."""
    file = folder / "customsd.toml"
    file.write_text('[tls]\ncertificate = "/nowhere/c.pem"\nkey = "/nowhere/k.pem"\n')
    done = subprocess.run(
        [
            *(str(CUSTOMSD), "--config", str(file), "--state-dir", str(folder / "state")),
            *("--listen", f"tls://127.0.0.1:{free_tcp_port()}"),
        ],
        env=clean_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 78, done
    assert "/nowhere/c.pem" in done.stderr
