"""Receivers of records: customsd, alone or with sockets that outlive it."""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from support.daemon import CUSTOMSD, DIE_WITH_PARENT, Daemon, wait_until
from support.ports import free_udp_port
from support.service_manager_stand_in import ServiceManagerStandIn

from ingestcost.database import Database


class Receiver(Protocol):
    """A receiver of records, with a directory of its own."""

    name: str

    @property
    def database(self) -> Database | None: ...

    def start(self, folder: Path) -> str:
        """Starts it with an empty store; returns the address to send to."""

    @property
    def pid(self) -> int: ...

    def stored(self) -> int:
        """The number of records in their final place."""

    def disk_bytes(self) -> int:
        """The size of the stored data on disk, bytes."""

    def stop(self) -> None:
        """Ends it and removes its stored data."""


class _File:
    """customsd's store in SQLite."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite://{path}"

    def interrupt(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class _Table:
    """customsd's store in PostgreSQL."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url

    def interrupt(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class Ours:
    """customsd, on PostgreSQL or on SQLite."""

    def __init__(
        self,
        database: Database | None,
        *,
        by: str = "udp",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.by = by
        self.environment = environment
        self.name = "customsd, " + ("PostgreSQL" if database else "SQLite")
        self.daemon: Daemon
        self._http = 0
        self._name = ""

    def start(self, folder: Path) -> str:
        self._sqlite = folder / "customs.sqlite"
        store: _File | _Table = _File(self._sqlite)
        if self.database:
            self._name, url = self.database.create()
            store = _Table(url)
        self._http = free_udp_port()
        arguments = ["--http", f"127.0.0.1:{self._http}"]
        tcp = free_udp_port()
        if self.by == "tcp":
            arguments += ["--listen", f"tcp://127.0.0.1:{tcp}"]
        self.daemon = Daemon(folder, store, arguments=arguments, environment=self.environment)
        self.launch()
        if self.by == "tcp":
            return f"tcp:{tcp}"
        if self.by == "unixgram":
            return self.daemon.unix.replace("unixgram://", "unix:")
        return f"udp:{self.daemon.port}"

    def launch(self) -> None:
        """Starts the daemon, for the first time or again."""
        self.daemon.start()

    def kill(self) -> None:
        """SIGKILL."""
        self.daemon.kill()

    @property
    def pid(self) -> int:
        assert self.daemon.process is not None
        return self.daemon.process.pid

    def metrics(self) -> dict[str, float]:
        """The daemon's own metrics, which are cheaper to ask for than the store."""
        url = f"http://127.0.0.1:{self._http}/metrics"
        with urllib.request.urlopen(url, timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return {
            name: float(value)
            for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")
        }

    def stored(self) -> int:
        # A metric of each batch, so that the store itself is not queried.
        said = self.metrics()
        return int(said["customs_received_total"] - said["customs_pending"])

    def kernel_dropped(self) -> int:
        return int(self.metrics().get("customs_kernel_dropped_total", 0))

    def disk_bytes(self) -> int:
        if self.database:
            return self.database.bytes_of_tables(self._name)
        return self._sqlite.stat().st_size

    def rejected(self) -> dict[str, int]:
        """Rejected messages by reason, from the store's counters."""
        return {str(why): int(n) for why, n in self.daemon.customs.health()["rejected"].items()}

    def execute(self, script: str) -> list[list[str]]:
        """Runs SQL in its database."""
        assert self.database
        return self.database.server.execute(self._name, script)

    def counted(self) -> int:
        """The number of different records, from the store's counters."""
        health = self.daemon.customs.health()
        return int(health["stored"]) + int(health["merged"])

    def stop(self) -> None:
        self.daemon.abandon()
        if self.database:
            self.database.drop(self._name)


class Held(Ours):
    """customsd with a socket that another process holds, like systemd: it outlives the daemon."""

    def start(self, folder: Path) -> str:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        to = super().start(folder)
        return to

    def launch(self) -> None:
        if not self._socket.getsockname()[1]:
            self._socket.bind(("127.0.0.1", self.daemon.port))
            # With a service manager there is no --listen: its sockets replace the option.
            self.daemon.arguments = [
                part
                for part in self.daemon.arguments
                if part not in ("--listen", self.daemon.udp, self.daemon.unix)
            ]
        descriptor = self._socket.fileno()
        take = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{descriptor}'
        command = ["sh", "-c", take, "sh", str(CUSTOMSD), *self.daemon.arguments]
        offset = self.daemon.log.stat().st_size if self.daemon.log.exists() else 0
        with self.daemon.log.open("ab") as log:
            self.daemon.process = subprocess.Popen(
                [*DIE_WITH_PARENT, *command],
                env=self.daemon.environment,
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(
            lambda: b"ready" in self.daemon.log.read_bytes()[offset:] or not self.daemon.is_alive,
            lambda: f"not ready; its log:\n{self.daemon.log_tail()}",
        )

    def stop(self) -> None:
        super().stop()
        self._socket.close()


class Kept(Ours):
    """customsd over TCP under a stand-in for systemd: its connections outlive it."""

    def start(self, folder: Path) -> str:
        self._manager = ServiceManagerStandIn(folder)
        store: _File | _Table = _File(folder / "customs.sqlite")
        if self.database:
            self._name, url = self.database.create()
            store = _Table(url)
        self._http = free_udp_port()
        self.daemon = Daemon(
            folder,
            store,
            arguments=[
                *("--http", f"127.0.0.1:{self._http}"),
                *("--listen", f"tcp://127.0.0.1:{self._manager.tcp_port}"),
            ],
            environment={**(self.environment or {}), **self._manager.environment},
            port=self._manager.udp_port,
            inherits=self._manager.inherited,
        )
        self.launch()
        return f"tcp:{self._manager.tcp_port}"

    def stop(self) -> None:
        super().stop()
        self._manager.close()
