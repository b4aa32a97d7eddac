"""TLS with peers that break its rules, or use them to the end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from typing import IO

import pytest
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import PATIENCE, StartDaemon, Store, wait_until
from support.streams import Streams, lines


class Peer:
    """A client whose bytes on the wire are the test's."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def shake_hands(self, piece: int = 65_536) -> None:
        """The handshake, in pieces of `piece` bytes."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.put(self._outgoing.read(), piece)
                if answer := self.socket.recv(65_536):
                    self._incoming.write(answer)
                else:
                    self._incoming.write_eof()
            else:
                return self.put(self._outgoing.read(), piece)

    def put(self, data: bytes, piece: int = 65_536) -> None:
        """Bytes as they are."""
        for start in range(0, len(data), piece):
            self.socket.sendall(data[start : start + piece])

    def records(self, data: bytes) -> bytes:
        """What carries `data`."""
        self._tls.write(data)
        return self._outgoing.read()


def wait_for_its_end(connection: socket.socket) -> None:
    """Waits until the other end closes the connection; `recv` raises where it does not."""
    connection.settimeout(PATIENCE)
    with contextlib.suppress(ConnectionError):
        while connection.recv(4_096):
            pass


@pytest.fixture
def streams(
    start_daemon: StartDaemon, sqlite_store: Store, server_certificate: Certificate
) -> Streams:
    """A daemon that receives over TLS."""
    return Streams(start_daemon, sqlite_store, "", server_certificate)


def test_a_hostile_peer_harms_its_own_connection_alone(
    streams: Streams, authority: Authority
) -> None:
    """And what was whole before that is stored."""
    samples = Population(227).samples(20)

    def peer() -> Peer:
        return Peer(authority.client(), streams.tls)

    def line() -> bytes:
        return lines([next(samples).datagram])

    # a byte at a time, in the handshake and behind it
    slow = peer()
    slow.shake_hands(piece=1)
    slow.put(slow.records(line()), piece=1)
    # no word of farewell, and a message cut off
    rude = peer()
    rude.shake_hands()
    rude.put(rude.records(line() + line()[:100]))
    rude.socket.close()
    # it sends no more, and waits for the end
    half = peer()
    half.shake_hands()
    half.put(half.records(line()))
    half.socket.shutdown(socket.SHUT_WR)
    wait_for_its_end(half.socket)
    # a record that was changed on its way, behind a good one
    changed = peer()
    changed.shake_hands()
    changed.put(changed.records(line()))
    broken = bytearray(changed.records(line()))
    broken[-1] ^= 1
    changed.put(bytes(broken))
    wait_for_its_end(changed.socket)
    # noise in the middle of a handshake
    noisy = peer()
    noisy.put(b"\x16\x03\x01\x00\x10" + bytes(range(16)))
    wait_for_its_end(noisy.socket)
    # many messages a record, many records at once
    many = peer()
    many.shake_hands()
    many.put(b"".join(many.records(line() + line()) for _ in range(4)))
    many.socket.close()
    health = streams.daemon.settle(13)
    assert health["rejected"] == {"cut_off": 1}
    assert streams.metric('connections_refused_total{reason="handshake_failed"}') == 1
    slow.socket.close()
    wait_until(lambda: streams.metric("connections") == 0, streams.daemon.log_tail)


@contextlib.contextmanager
def s_client(
    streams: Streams, authority: Authority, version: str
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The openssl command as a client: what it is told, and what it says."""
    with subprocess.Popen(
        [
            *("openssl", "s_client", version, "-connect", f"127.0.0.1:{streams.tls}"),
            *("-CAfile", str(authority.own.certificate)),
        ],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as client:
        assert client.stdin
        assert client.stdout
        yield client.stdin, client.stdout
        with contextlib.suppress(BrokenPipeError):
            client.stdin.close()


def read_until(output: IO[bytes], wanted: bytes) -> None:
    """Reads until something is said."""
    said = b""
    while wanted not in said:
        piece = output.read(4_096)
        assert piece, said
        said += piece


def test_renegotiation_is_refused(streams: Streams, authority: Authority) -> None:
    """A client of TLS 1.2 that wants other keys is told so; its record before that counts."""
    first, second = (lines([sample.datagram]) for sample in Population(228).samples(2))
    with s_client(streams, authority, "-tls1_2") as (told, said):
        told.write(first)
        streams.daemon.settle(1)
        told.write(b"R\n")
        read_until(said, b"no renegotiation")
    streams.send(second)
    streams.daemon.settle(2)


def test_new_keys_are_taken(streams: Streams, authority: Authority) -> None:
    """A client of TLS 1.3 that changes its keys, and asks for others, goes on."""
    first, second = (lines([sample.datagram]) for sample in Population(229).samples(2))
    with s_client(streams, authority, "-tls1_3") as (told, said):
        told.write(first)
        streams.daemon.settle(1)
        told.write(b"K\n")
        read_until(said, b"KEYUPDATE")
        told.write(second)
        streams.daemon.settle(2)
