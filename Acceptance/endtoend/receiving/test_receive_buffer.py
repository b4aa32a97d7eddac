"""The kernel's receive buffers: a large buffer from a service manager stays large.

systemd makes it by a right that the daemon does not have, beyond net.core.rmem_max.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import Inheritance, StartDaemon, Store
from support.held_sockets import HeldSockets

SO_RCVBUFFORCE = 33
LARGE = 64 << 20
MESSAGES = 20_000


def buffer(held: socket.socket) -> int:
    """As the kernel counts it: twice what was asked for."""
    return held.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


@pytest.fixture
def held() -> Iterator[HeldSockets]:
    """Sockets as a service manager holds them."""
    if os.geteuid() != 0:
        pytest.skip("not root: no buffer beyond net.core.rmem_max can be made")
    with ExitStack() as stack:
        sockets = HeldSockets()
        stack.callback(sockets.close)
        yield sockets


def without_rights(held: HeldSockets) -> Callable[[], AbstractContextManager[Inheritance]]:
    """Starts of a daemon that gets them, and that may not make large buffers itself."""

    @contextmanager
    def inherits() -> Iterator[Inheritance]:
        with held.inherited() as given:
            drop = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
            yield Inheritance((*given.prefix, *drop), given.descriptors)

    return inherits


@pytest.mark.parametrize("wanted", [4_096, LARGE, 2 * LARGE])
@pytest.mark.parametrize("rights", [True, False])
def test_an_inherited_buffer_is_never_made_smaller(
    start_daemon: StartDaemon, sqlite_store: Store, held: HeldSockets, wanted: int, rights: bool
) -> None:
    """Sockets of datagrams and of streams, whatever size the configuration asks for."""
    for inherited in (held.udp, held.tcp):
        inherited.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, LARGE)
        assert buffer(inherited) == 2 * LARGE
    start_daemon(
        sqlite_store,
        settings=f"[receive]\nbuffer_bytes = {wanted}\n",
        inherits=held.inherited if rights else without_rights(held),
    )
    # with the right to it, what is asked for is had
    assert buffer(held.udp) == 2 * (max(LARGE, wanted) if rights else LARGE)
    assert buffer(held.tcp) == 2 * LARGE


@pytest.mark.parametrize("rights", [True, False])
def test_a_small_buffer_grows_to_the_allowed_size(
    start_daemon: StartDaemon, sqlite_store: Store, held: HeldSockets, rights: bool
) -> None:
    """As far as the rights of this daemon reach."""
    held.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    start_daemon(
        sqlite_store,
        settings=f"[receive]\nbuffer_bytes = {LARGE}\n",
        inherits=held.inherited if rights else without_rights(held),
    )
    bound = int(Path("/proc/sys/net/core/rmem_max").read_text())
    assert buffer(held.udp) == 2 * (LARGE if rights else min(LARGE, bound))


def test_nothing_is_lost_while_the_daemon_stands_still(
    start_daemon: StartDaemon, sqlite_store: Store, held: HeldSockets
) -> None:
    """Messages wait in the buffer that the service manager made."""
    held.udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, LARGE)
    daemon = start_daemon(sqlite_store, inherits=without_rights(held))
    assert daemon.process
    messages = list(load(Population(791), Ledger(), MESSAGES))
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        daemon.send(messages, rate=200_000, url=f"udp://127.0.0.1:{held.udp_port}")
        assert held.kernel_drops == 0
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    health = daemon.settle(MESSAGES)
    assert health["stored"] + health["merged"] == MESSAGES
    assert health["kernel_dropped"] == 0
    assert health["rejected"] == {}
