"""TLS: versions, certificates of both ends, and errors in them."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import (
    CUSTOMSD,
    PATIENCE,
    StartDaemon,
    Store,
    check_configuration,
    run_to_its_end,
    wait_until,
)
from support.ports import free_tcp_port
from support.streams import Streams, counted, lines, nulls


def vouched(store: Store) -> int:
    """Runs whose user somebody vouches for."""
    path = store.url.removeprefix("sqlite://")
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM runs WHERE flags & 4 <> 0")
    return int(count)


def relays(store: Store) -> list[str]:
    """The names of the relays that vouch for runs."""
    path = store.url.removeprefix("sqlite://")
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection:
        rows = connection.execute("SELECT DISTINCT relay FROM named_runs WHERE relay IS NOT NULL")
        return [name for (name,) in rows]


def test_records_over_tls_are_stored_as_over_tcp(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
) -> None:
    """A sender without a certificate is not vouched for."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate)
    ledger = Ledger()
    messages = list(load(Population(221), ledger, 5_000, twice=0.01))
    with streams.connect_tls(authority.client()) as connection:
        connection.sendall(counted(messages[::3]) + lines(messages[1::3]) + nulls(messages[2::3]))
        connection.unwrap()
    health = streams.daemon.settle(ledger.messages)
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["rejected"] == {}
    assert streams.metric('accepted_total{transport="tls"}') == ledger.messages
    assert vouched(sqlite_store) == 0


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.3"])
def test_tls_1_2_and_1_3_are_accepted_and_older_ones_refused(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
    version: str,
) -> None:
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


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_is_resumed_and_nothing_is_compressed(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
    version: ssl.TLSVersion,
) -> None:
    """Each connection shows its certificate again."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate)
    context = authority.client()
    context.minimum_version = context.maximum_version = version
    samples = Population(229).samples(2)
    session = None
    for number in (1, 2):
        plain = socket.create_connection(("127.0.0.1", streams.tls), PATIENCE)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
            assert connection.compression() is None
            assert not connection.session_reused
            connection.sendall(lines([next(samples).datagram]))
            streams.daemon.settle(number)
            session = connection.session
            # a ticket would let the client resume; with TLS 1.3 it comes behind the handshake
            assert session is None or not session.has_ticket


@pytest.mark.parametrize("clients", ["", "optional"])
def test_client_certificates_are_checked_as_configured(
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
    assert relays(sqlite_store) == ["relay"]
    refused(stranger, 1)
    if clients == "optional":
        send(None)
    else:
        refused(None, 2)
    accepted = 2 if clients == "optional" else 1
    health = streams.daemon.settle(accepted)
    assert health["received"] == accepted
    assert vouched(sqlite_store) == 1


def test_plain_text_on_the_tls_port_is_refused(
    start_daemon: StartDaemon, sqlite_store: Store, server_certificate: Certificate
) -> None:
    """It is no handshake; TLS goes on working."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate)
    with socket.create_connection(("127.0.0.1", streams.tls), PATIENCE) as connection:
        connection.sendall(lines([next(Population(224).samples(1)).datagram]))
        connection.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            while connection.recv(4_096):
                pass
    assert streams.metric('connections_refused_total{reason="handshake_failed"}') == 1


def test_a_reload_reads_certificates_again(
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
        wait_until(lambda: "configuration not applied" in daemon.log_tail(), daemon.log_tail)
        assert serial() == after
        standing.sendall(lines([next(samples).datagram]))
    daemon.settle(2)


def test_openssl_s_client_delivers_records(
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
def test_a_bad_tls_configuration_is_refused(folder: Path, text: str, named: str) -> None:
    """EX_CONFIG, before anything is opened."""
    done = check_configuration(folder, text)
    assert done.returncode == 78, done
    assert named in done.stderr


def test_a_missing_certificate_stops_the_start(folder: Path) -> None:
    """The error names the file."""
    file = folder / "customsd.toml"
    file.write_text('[tls]\ncertificate = "/nowhere/c.pem"\nkey = "/nowhere/k.pem"\n')
    done = run_to_its_end(
        [
            *(str(CUSTOMSD), "--config", str(file), "--state-dir", str(folder / "state")),
            *("--listen", f"tls://127.0.0.1:{free_tcp_port()}"),
        ],
        folder,
    )
    assert done.returncode == 78, done
    assert "/nowhere/c.pem" in done.stderr
