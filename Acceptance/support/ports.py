"""Ports of loopback for servers that a test starts, and may stop and start again.

They lie below the ports that the kernel chooses by itself: a sender could get such a port before
the test's daemon takes it, or while the daemon is down. Workers that run tests side by side have
ranges of their own, and no port is reused soon.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
from collections.abc import Iterator

_FIRST, _EACH, _WORKERS = 20_000, 1_500, 8


def _numbers() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    # somebody else's run on this machine begins elsewhere
    begin = random.SystemRandom().randrange(_EACH)
    for number in itertools.count(begin):
        yield _FIRST + worker * _EACH + number % _EACH


_candidates = _numbers()


def free_udp_port() -> int:
    """A port without a receiver."""
    return _free(socket.SOCK_DGRAM)


def free_tcp_port() -> int:
    """A port without a listener."""
    return _free(socket.SOCK_STREAM)


def _free(kind: socket.SocketKind) -> int:
    for port in itertools.islice(_candidates, _EACH):
        with socket.socket(type=kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError(f"of {_EACH} ports from {_FIRST} on, none is free")
