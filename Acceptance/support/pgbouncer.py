"""A pgbouncer of the test's own between a daemon and the tests' PostgreSQL server."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

from support.daemon import DIE_WITH_PARENT, PATIENCE, wait_until
from support.ports import free_tcp_port
from support.postgres import USER
from support.stores import PostgresStore


class Pgbouncer:
    """It speaks on a unix socket, as its server does; a store to give to a daemon."""

    name = "postgres"

    def __init__(self, store: PostgresStore, pool_mode: str, *settings: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="customs-pool-", dir="/tmp")
        self.folder = Path(self._folder.name)
        port = free_tcp_port()
        (self.folder / "users").write_text(f'"{USER}" ""\n')
        self._log = self.folder / "log"
        self._file = self.folder / "pgbouncer.ini"
        lines = [
            "[databases]",
            f"* = host={store.server.folder}",
            "[pgbouncer]",
            "listen_addr =",
            f"listen_port = {port}",
            f"unix_socket_dir = {self.folder}",
            "auth_type = trust",
            f"auth_file = {self.folder}/users",
            f"pool_mode = {pool_mode}",
            *settings,
        ]
        self._file.write_text("\n".join(lines) + "\n")
        # it refuses to run as root, as its server does
        status = store.server.data.stat()
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, status.st_uid, status.st_gid)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *DIE_WITH_PARENT,
                    *store.server.as_user[1:],
                    "/usr/sbin/pgbouncer",
                    str(self._file),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(
            (self.folder / f".s.PGSQL.{port}").exists,
            lambda: f"pgbouncer does not start:\n{self._log.read_text()}",
        )
        self.url = f"postgres://{USER}@/{store.database}?host={self.folder}&port={port}"
        self.interrupt = store.interrupt
        self.resume = store.resume

    def set_mode(self, pool_mode: str) -> None:
        """Changes the mode of future connections; open ones must be cut separately."""
        lines = [
            f"pool_mode = {pool_mode}" if line.startswith("pool_mode") else line
            for line in self._file.read_text().splitlines()
        ]
        self._file.write_text("\n".join(lines) + "\n")
        self._process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        """Ends it and takes its folder away."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._folder.cleanup()
