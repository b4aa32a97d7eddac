"""Sends messages at a steady rate."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from urllib.parse import urlsplit


def connect(url: str) -> socket.socket:
    """A socket that sends to `udp://HOST:PORT` or `unixgram:///PATH`."""
    parts = urlsplit(url)
    if parts.scheme == "udp" and parts.hostname and parts.port:
        family, kind, protocol, _, address = socket.getaddrinfo(
            parts.hostname, parts.port, type=socket.SOCK_DGRAM
        )[0]
        sender = socket.socket(family, kind, protocol)
        sender.connect(address)
    elif parts.scheme == "unixgram" and parts.path:
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.connect(parts.path)
    else:
        raise ValueError(f"not udp://HOST:PORT or unixgram:///PATH: {url}")
    return sender


def send(sender: socket.socket, messages: Iterable[bytes], rate: float) -> int:
    """Sends `messages` at `rate` a second, in bursts of some two milliseconds; returns the count.

    A burst that is late is followed at once by the next, so that the mean rate holds as long as the
    machine keeps up.
    """
    burst = max(1, int(rate / 500))
    sent = 0
    start = time.monotonic()
    for message in messages:
        if sent % burst == 0:
            ahead = start + sent / rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        sender.send(message)
        sent += 1
    return sent
