"""Certificates of relays: names, ends, withdrawals; weak ciphers, and a key that others read."""

from __future__ import annotations

import contextlib
import shutil
import signal
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loadgen.records import Population
from support.certificates import EC_KEY, RSA_KEY, Authority, Certificate
from support.daemon import PATIENCE, StartDaemon, Store, check_configuration, wait_until
from support.streams import Streams, closed_by_peer, lines


def reload(streams: Streams) -> None:
    """SIGHUP, and a wait until the configuration was read."""
    told = streams.daemon.log.read_text().count("configuration read again")
    assert streams.daemon.process
    streams.daemon.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: streams.daemon.log.read_text().count("configuration read again") > told,
        streams.daemon.log_tail,
    )


def closings(streams: Streams, reason: str) -> int:
    """Connections that the daemon did not accept or has ended, for a reason."""
    return streams.metric(f'connections_refused_total{{reason="{reason}"}}')


def is_let_in(streams: Streams, context: ssl.SSLContext, datagram: bytes) -> bool:
    """Whether a relay's record is accepted."""
    accepted = streams.metric('accepted_total{transport="tls"}')
    ends = streams.metric('connections_refused_total{reason="handshake_failed"}')
    ends += closings(streams, "not_permitted")
    with contextlib.suppress(ssl.SSLError, ConnectionError), streams.connect_tls(context) as relay:
        relay.sendall(lines([datagram]))
        relay.unwrap()
    before = accepted + ends

    def now() -> int:
        known = streams.metric('accepted_total{transport="tls"}')
        return known + closings(streams, "handshake_failed") + closings(streams, "not_permitted")

    wait_until(lambda: now() == before + 1, streams.daemon.log_tail)
    return streams.metric('accepted_total{transport="tls"}') > accepted


@pytest.mark.parametrize(
    ("key", "cipher", "good"),
    [
        (EC_KEY, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (EC_KEY, "ECDHE-ECDSA-CHACHA20-POLY1305", True),
        (EC_KEY, "ECDHE-ECDSA-AES128-SHA256", False),
        (RSA_KEY, "ECDHE-RSA-AES256-GCM-SHA384", True),
        (RSA_KEY, "ECDHE-RSA-AES256-SHA", False),
        (RSA_KEY, "AES128-GCM-SHA256", False),
        (RSA_KEY, "AES128-SHA", False),
    ],
)
def test_tls_1_2_has_neither_cbc_nor_rsa_key_exchange(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    key: tuple[str, ...],
    cipher: str,
    good: bool,
) -> None:
    own = authority.issue("server-" + key[0].partition(":")[0], key)
    streams = Streams(start_daemon, sqlite_store, "", own)
    context = authority.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    if good:
        with streams.connect_tls(context) as connection:
            chosen = connection.cipher()
            assert chosen
            assert chosen[0] == cipher
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            streams.connect_tls(context)


def test_a_key_that_others_can_read_is_refused(
    authority: Authority, server_certificate: Certificate, folder: Path
) -> None:
    """EX_CONFIG, and the error says what to do."""
    key = folder / "server.key"
    shutil.copy(server_certificate.key, key)
    text = f'[tls]\ncertificate = "{server_certificate.certificate}"\nkey = "{key}"\n'
    key.chmod(0o644)
    done = check_configuration(folder, text)
    assert done.returncode == 78, done
    assert f"chmod 600 {key}" in done.stderr
    key.chmod(0o600)
    assert check_configuration(folder, text).returncode == 0


def test_a_withdrawn_relay_is_disconnected_at_reload(
    start_daemon: StartDaemon, sqlite_store: Store, server_certificate: Certificate, folder: Path
) -> None:
    """And gets in no more; the other one goes on."""
    authority = Authority(folder / "relays", "relays")
    own = Authority(folder / "own", "own")
    withdrawn, other = authority.issue("withdrawn"), authority.issue("other")
    lists = folder / "revoked.pem"
    lists.write_text(authority.revoked())
    settings = f'crl = "{lists}"\n'
    streams = Streams(
        start_daemon, sqlite_store, "", own.issue("server"), authority=authority, tls=settings
    )
    samples = Population(251).samples(5)
    with (
        streams.connect_tls(own.client(withdrawn)) as first,
        streams.connect_tls(own.client(other)) as second,
    ):
        for relay in (first, second):
            relay.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(2)
        lists.write_text(authority.revoked(withdrawn))
        reload(streams)
        assert closed_by_peer(first)
        assert closings(streams, "certificate_withdrawn") == 1
        second.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(3)
    assert not is_let_in(streams, own.client(withdrawn), next(samples).datagram)
    assert is_let_in(streams, own.client(other), next(samples).datagram)


def test_a_relay_whose_certificate_ends_is_disconnected(
    start_daemon: StartDaemon, sqlite_store: Store, authority: Authority, folder: Path
) -> None:
    """Soon after, and without a reload. What it has sent before that counts."""
    end = datetime.now(UTC) + timedelta(seconds=8)
    short = authority.issue("short", end=end)
    streams = Streams(
        start_daemon, sqlite_store, "", authority.issue("server"), authority=authority
    )
    samples = Population(252).samples(2)
    with streams.connect_tls(authority.client(short)) as relay:
        relay.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(1)
        reload(streams)
        relay.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(2)
        assert closed_by_peer(relay)
        # a certificate's times are whole seconds
        assert abs((datetime.now(UTC) - end).total_seconds()) < PATIENCE / 2
    assert closings(streams, "certificate_withdrawn") == 1


def test_only_permitted_names_get_in(
    start_daemon: StartDaemon, sqlite_store: Store, authority: Authority
) -> None:
    """A name is the subject's common name, or a DNS name; a reload may take it away."""
    streams = Streams(
        start_daemon,
        sqlite_store,
        "",
        authority.issue("server"),
        authority=authority,
        tls='permitted = ["relay1", "relay2"]\n',
    )
    samples = Population(253).samples(6)
    contexts = [authority.client(authority.issue(f"relay{number}")) for number in (1, 2, 3)]
    for context, expected in zip(contexts, (True, True, False), strict=True):
        assert is_let_in(streams, context, next(samples).datagram) is expected
    assert closings(streams, "not_permitted") == 1
    with streams.connect_tls(contexts[1]) as standing:
        standing.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(3)
        settings = streams.daemon.settings
        settings.write_text(settings.read_text().replace('"relay1", "relay2"', '"LOCALHOST"'))
        reload(streams)
        # the DNS name of all of them
        standing.sendall(lines([next(samples).datagram]))
        streams.daemon.settle(4)
        settings.write_text(settings.read_text().replace("LOCALHOST", "relay1"))
        reload(streams)
        assert closed_by_peer(standing)
