"""The log: a reader that stands still delays nothing."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import CUSTOMSD, DIE_WITH_PARENT, PATIENCE, Daemon, Store, wait_until
from support.ports import free_tcp_port
from support.streams import counted, lines, sample

F_SETPIPE_SZ = 1031
GARBAGE = 3_000


class Piped:
    """A daemon whose standard error is a pipe of one page, read only when the test says so."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.tcp, self.http = free_tcp_port(), free_tcp_port()
        self.daemon = Daemon(
            folder,
            store,
            settings="[log]\nrejects_per_minute = 100000\n",
            arguments=[
                *("--listen", f"tcp://127.0.0.1:{self.tcp}"),
                *("--http", f"127.0.0.1:{self.http}"),
            ],
        )
        self._pipe, ours = os.pipe()
        fcntl.fcntl(ours, F_SETPIPE_SZ, 4_096)
        self.process = subprocess.Popen(
            [*DIE_WITH_PARENT, str(CUSTOMSD), *self.daemon.arguments],
            env=self.daemon.environment,
            stdin=subprocess.DEVNULL,
            stderr=ours,
        )
        os.close(ours)
        os.set_blocking(self._pipe, False)
        self.daemon.process = self.process
        self.text = ""

    def read_until(self, pattern: str) -> str:
        """Reads until a line has it."""

        def found() -> bool:
            while True:
                try:
                    self.text += os.read(self._pipe, 65_536).decode()
                except BlockingIOError:
                    return re.search(pattern, self.text) is not None

        wait_until(found, lambda: self.text[-2_000:])
        return self.text

    def close(self) -> None:
        """In any state."""
        os.close(self._pipe)
        self.daemon.abandon()


@pytest.fixture
def piped(folder: Path, sqlite_store: Store) -> Iterator[Piped]:
    """A daemon that is ready, of whose log the beginning has been read, and no more."""
    made = Piped(folder, sqlite_store)
    try:
        made.read_until("ready")
        yield made
    finally:
        made.close()


def flood(piped: Piped) -> None:
    """More lines than the pipe and the daemon have room for, and what is good behind them."""
    daemon = piped.daemon
    daemon.send(b"garbage %d " % number + b"x" * 100 for number in range(GARBAGE))
    daemon.send(load(Population(781), Ledger(), 200))
    messages = list(load(Population(782), Ledger(), 100))
    with socket.create_connection(("127.0.0.1", piped.tcp), PATIENCE) as connection:
        connection.sendall(lines([b"garbage"] * 100) + counted(messages))
    health = daemon.settle(GARBAGE + 400)
    assert health["stored"] + health["merged"] == 300
    assert sum(health["rejected"].values()) == GARBAGE + 100
    assert health["kernel_dropped"] == 0


def test_an_unread_log_delays_neither_receiving_nor_a_stop(piped: Piped) -> None:
    """Over UDP and TCP all is received and stored, and SIGTERM ends the daemon."""
    flood(piped)
    piped.daemon.stop()


def test_dropped_log_lines_are_counted_in_the_log(piped: Piped) -> None:
    """Once the log is read again."""
    flood(piped)
    text = piped.read_until(r"lines=(\d+) .* dropped")
    [dropped] = re.findall(r"lines=(\d+) .* dropped", text)
    assert int(dropped) == sample(piped.http, "log_lines_dropped_total")
    written = text.count("message rejected")
    assert 0 < int(dropped) < GARBAGE
    assert written + int(dropped) >= GARBAGE + 100
    # other lines may be among them, but few
    assert written + int(dropped) < GARBAGE + 110
    # it goes on as ever
    piped.daemon.send([b"more garbage"])
    piped.read_until("more garbage")
