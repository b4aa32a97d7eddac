"""The installed units under systemd itself: descriptors that it keeps and gives back."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from loadgen.send import connect, send
from support.daemon import PATIENCE, Customs, assert_balanced, wait_until
from support.ports import free_tcp_port, free_udp_port
from support.streams import closed_by_peer, counted, unread
from support.systemd import Systemd, Unavailable


@pytest.fixture
def port() -> int:
    """Where the socket unit listens."""
    return free_tcp_port()


@pytest.fixture
def udp_port() -> int:
    """Where it takes datagrams."""
    return free_udp_port()


@pytest.fixture
def systemd(folder: Path, port: int, udp_port: int) -> Iterator[Systemd]:
    """It, with customsd's units started."""
    try:
        manager = Systemd(folder, port, udp_port)
    except Unavailable as why:
        pytest.skip(f"systemd cannot be run: {why}")
    try:
        try:
            manager.start()
        except Unavailable as why:
            pytest.skip(f"systemd cannot be run: {why}")
        yield manager
    finally:
        manager.stop()


def test_connections_outlive_kills_and_restarts(systemd: Systemd, port: int, folder: Path) -> None:
    """Nothing is lost or misread, and the sender sees no break."""
    messages = list(load(Population(751), Ledger(), 5_000))
    stream = counted(messages)
    customs = Customs(systemd.store_url, folder)

    def settled(count: int) -> None:
        def stored() -> bool:
            health = customs.health_if_any() or {}
            return bool(health and health["stored"] + health["merged"] >= count)

        wait_until(stored, lambda: f"{customs.health_if_any()}\n{systemd.control('status')}")

    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        # every piece ends within a message; systemd allows five starts in ten seconds
        pieces = [stream[start : start + 1_000_000] for start in range(0, len(stream), 1_000_000)]
        assert len(pieces) == 4
        for number, piece in enumerate(pieces):
            connection.sendall(piece)
            wait_until(lambda: unread(connection) == 0, systemd.said)
            # the connection, and the memory of what has been read of it
            wait_until(lambda: systemd.show("NFileDescriptorStore") == "2", systemd.said)
            if number == 3:
                break
            before = systemd.show("MainPID")
            if number % 2:
                systemd.control("restart", "customsd.service")
            else:
                os.kill(systemd.daemon, signal.SIGKILL)
                # what is sent now waits
            wait_until(
                lambda was=before: (  # type: ignore[misc]
                    systemd.show("MainPID") not in ("0", was)
                    and systemd.show("SubState") == "running"
                ),
                systemd.said,
            )
        settled(5_000)
        health = customs.health()
        assert_balanced(health)
        assert health["stored"] + health["merged"] == 5_000
        assert health["rejected"] == {}
        # a stop for good gives up what was kept
        systemd.control("stop", "customsd.service", "customsd.socket")
        assert closed_by_peer(connection)


def test_no_datagram_is_lost_while_the_daemon_stands_still(
    systemd: Systemd, port: int, udp_port: int, folder: Path
) -> None:
    """The units' buffers of 64 MiB stay, and hold what comes meanwhile."""
    customs = Customs(systemd.store_url, folder)
    wait_until(lambda: customs.health_if_any() is not None, systemd.said)
    buffers = {}
    for one in systemd.sockets():
        name = one.getsockname()
        key = name[1] if isinstance(name, tuple) else name
        buffers[key] = one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    # as the kernel counts: twice what ReceiveBuffer= asks for
    for key in (udp_port, port, "/run/customs/records.sock"):
        assert buffers[key] == 2 * (64 << 20), buffers
    daemon = systemd.daemon
    messages = list(load(Population(752), Ledger(), 20_000))
    os.kill(daemon, signal.SIGSTOP)
    try:
        with connect(f"udp://127.0.0.1:{udp_port}") as sender:
            assert send(sender, messages, 200_000) == 20_000
    finally:
        os.kill(daemon, signal.SIGCONT)

    def stored() -> bool:
        health = customs.health_if_any() or {}
        return bool(health and health["received"] >= 20_000 and health["pending"] == 0)

    wait_until(stored, lambda: f"{customs.health_if_any()}\n{systemd.control('status')}")
    health = customs.health()
    assert_balanced(health)
    assert health["stored"] + health["merged"] == 20_000
    assert health["kernel_dropped"] == 0
    assert health["rejected"] == {}
