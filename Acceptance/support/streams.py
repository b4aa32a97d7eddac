"""A daemon that listens on streams, and the bytes sent over them."""

from __future__ import annotations

import fcntl
import itertools
import socket
import ssl
import struct
import termios
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.certificates import Authority, Certificate
from support.daemon import (
    PATIENCE,
    Daemon,
    StartDaemon,
    Store,
)
from support.ports import free_tcp_port


def counted(messages: Sequence[bytes]) -> bytes:
    """Octet-counted frames (RFC 6587, section 3.4.1)."""
    return b"".join(b"%d %s" % (len(message), message) for message in messages)


def lines(messages: Sequence[bytes]) -> bytes:
    """Frames that end with a line feed (section 3.4.2)."""
    return b"".join(message.rstrip(b"\n\0") + b"\n" for message in messages)


def nulls(messages: Sequence[bytes]) -> bytes:
    """Frames that end with NUL, as Python's own handler sends them."""
    return b"".join(message.rstrip(b"\n\0") + b"\0" for message in messages)


def sample(http_port: int, name: str) -> int:
    """A sample of `/metrics`, with its labels; 0 while there is none."""
    url = f"http://127.0.0.1:{http_port}/metrics"
    with urllib.request.urlopen(url, timeout=PATIENCE) as page:
        for line in page.read().decode().splitlines():
            if line.startswith(f"customs_{name} "):
                return int(line.split()[1])
    return 0


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
        tls: str = "",
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
            settings += tls
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
        """A sample of its `/metrics`."""
        return sample(self.http, name)


def closed_by_peer(connection: socket.socket) -> bool:
    """Whether the other end has ended the connection."""
    try:
        return connection.recv(1) == b""
    except (ConnectionError, ssl.SSLError):
        return True


def ends_of_frames(messages: Sequence[bytes]) -> list[int]:
    """Where each ends in a stream of octet-counted frames."""
    return list(itertools.accumulate(len(counted([message])) for message in messages))


def held(connection: socket.socket) -> int:
    """Bytes sent that the kernels of both ends still hold."""
    unsent = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]
    return unread(connection) + int(unsent)


def unread(connection: socket.socket) -> int:
    """The unread bytes of a connection over loopback that the other end's kernel holds."""
    here, there = connection.getsockname()[1], connection.getpeername()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{there:04X}") and fields[2].endswith(f":{here:04X}"):
            return int(fields[4].split(":")[1], 16)
    return 0
