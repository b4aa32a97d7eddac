"""One sender floods the daemon while others send slowly: ledgers show the losses of each.

What a flood can take from others is room in the kernel's buffer of the very socket that it sends
to. Each address that the daemon listens on has a buffer and a thread of its own, connections take
turns, and a unix socket makes its sender wait. So those who are to be safe from a neighbour get an
address of their own, or a stream. Among those who share one UDP address the kernel drops without
looking who sends; every such drop is counted.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loadgen.records import Population
from loadgen.send import connect
from support.daemon import PATIENCE, Daemon, StartDaemon, Store
from support.ports import free_tcp_port, free_udp_port
from support.streams import counted

FLOOD = 600_000
SLOW = 200
SOURCE = Path(__file__).with_name("flood.c")


@pytest.fixture(scope="session")
def flood_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sender that a Python program would be too slow for."""
    compiler = shutil.which("cc")
    assert compiler, "no cc (Debian: apt-get install gcc)"
    program = tmp_path_factory.mktemp("flood") / "flood"
    subprocess.run(
        [compiler, "-O2", "-Wall", "-o", str(program), str(SOURCE)], check=True, timeout=PATIENCE
    )
    return program


def message(package: str, identity: str) -> bytes:
    """A record that `customs top` shows by the one package of its sender."""
    record = Population(371).sample().record
    changed = {"packages": {package: "1"}, "direct": [], "is_staff": False, "id": identity}
    return b"<134>1 - - customs - - - " + json.dumps(record | changed).encode()


class Flood:
    """A flood in the background."""

    def __init__(self, program: Path, kind: str, where: str) -> None:
        command = [str(program), kind, where, str(FLOOD), str(1 << 40)]
        self._start = time.monotonic()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin
        self._process.stdin.write(message("flood", "#" * 32))
        self._process.stdin.close()

    def end(self) -> int:
        """Waits for its end; how many records the kernel took."""
        assert self._process.stdout
        sent = int(self._process.stdout.read())
        assert self._process.wait(PATIENCE) == 0
        print(f"{sent} sent, {sent / (time.monotonic() - self._start):,.0f} a second")
        return sent


class SlowSender(threading.Thread):
    """Sends its records one by one, each with a package of the sender's own."""

    def __init__(self, name: str, number: int, send: Callable[[bytes], object]) -> None:
        super().__init__()
        self.package = name
        self._messages = [message(name, f"{number * SLOW + place:032x}") for place in range(SLOW)]
        self._send = send

    def run(self) -> None:
        """Some hundred a second."""
        for text in self._messages:
            self._send(text)
            time.sleep(0.005)


def processes(daemon: Daemon) -> dict[str, int]:
    """How many records of each sender are stored."""
    rows = daemon.customs.json("top", "--limit", "1000")
    return {row["package"]: row["processes"] for row in rows}


def test_each_loss_of_a_udp_flood_is_a_counted_drop(
    start_daemon: StartDaemon, sqlite_store: Store, flood_program: Path
) -> None:
    """Only the flood's own address loses messages, and the kernel counts each drop."""
    other, tcp = free_udp_port(), free_tcp_port()
    daemon = start_daemon(
        sqlite_store,
        arguments=[
            *("--listen", f"udp://127.0.0.1:{other}", "--listen", f"tcp://127.0.0.1:{tcp}"),
        ],
        # Less than the flood needs, so that there are drops on a fast machine too.
        settings="[receive]\nbuffer_bytes = 1048576\n",
    )
    with (
        connect(daemon.udp) as same,
        connect(f"udp://127.0.0.1:{other}") as apart,
        connect(daemon.unix) as local,
        socket.create_connection(("127.0.0.1", tcp), PATIENCE) as stream,
    ):
        slow = [
            SlowSender("slow_same", 1, same.send),
            SlowSender("slow_apart", 2, apart.send),
            SlowSender("slow_unix", 3, local.send),
            SlowSender("slow_stream", 4, lambda text: stream.sendall(counted([text]))),
        ]
        flood = Flood(flood_program, "udp", str(daemon.port))
        for sender in slow:
            sender.start()
        sent = flood.end()
        for sender in slow:
            sender.join(PATIENCE)
    health = daemon.settle_when_quiet()
    stored = processes(daemon)
    print(f"stored of each: {stored}; dropped by the kernel: {health['kernel_dropped']}")
    for name in ("slow_apart", "slow_unix", "slow_stream"):
        assert stored[name] == SLOW, name
    # Not one that is neither stored nor counted as dropped.
    assert health["received"] + health["kernel_dropped"] == sent + len(slow) * SLOW
    assert sum(stored.values()) == health["received"] == health["stored"] + health["merged"]
    assert health["rejected"] == {}
    assert health["duplicate"] == 0
    assert stored["flood"] + stored.get("slow_same", 0) == sent + SLOW - health["kernel_dropped"]


def test_a_unix_socket_flood_loses_only_what_its_sender_was_refused(
    start_daemon: StartDaemon, sqlite_store: Store, flood_program: Path
) -> None:
    """A sender that waits loses nothing; the hook does not wait, and learns of each refusal."""
    daemon = start_daemon(sqlite_store)
    told = 0

    def send_without_waiting(text: bytes) -> None:
        nonlocal told
        try:
            hasty.send(text, socket.MSG_DONTWAIT)
        except BlockingIOError:
            told += 1

    with (
        connect(daemon.unix) as first,
        connect(daemon.unix) as second,
        connect(daemon.unix) as hasty,
    ):
        slow = [
            SlowSender("slow_1", 1, first.send),
            SlowSender("slow_2", 2, second.send),
            SlowSender("hasty", 3, send_without_waiting),
        ]
        flood = Flood(flood_program, "unix", str(daemon.folder / "records.sock"))
        for sender in slow:
            sender.start()
        sent = flood.end()
        for sender in slow:
            sender.join(PATIENCE)
            assert not sender.is_alive()
    print(f"not taken of the {SLOW} of a sender that does not wait: {told}")
    health = daemon.settle(sent + 3 * SLOW - told)
    stored = processes(daemon)
    assert stored.pop("hasty", 0) == SLOW - told
    assert stored == {"flood": sent, "slow_1": SLOW, "slow_2": SLOW}
    assert health["kernel_dropped"] == 0
    assert health["rejected"] == {}
