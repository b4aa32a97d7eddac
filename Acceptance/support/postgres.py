"""A PostgreSQL server of the tests' own, on a unix socket in a folder that goes with it."""

from __future__ import annotations

import contextlib
import csv
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.daemon import PATIENCE, wait_until

USER = "customs"

_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = '{}'"


def find(program: str) -> str:
    """A server program of the newest PostgreSQL here; Debian keeps them off PATH."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    newest = max(versions, key=lambda path: int(path.parts[-3].split(".")[0]), default=None)
    found = str(newest) if newest else shutil.which(program)
    assert found, (
        f"no {program}: the tests need a PostgreSQL server (Debian: apt-get install postgresql)"
    )
    return found


def _runs(pid: int) -> bool:
    """Whether a process runs: one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class PostgresServer:
    """One server; `start` and `stop` as often as a test likes."""

    def __init__(self, programs: Path | None = None) -> None:
        # the server's own programs; clients are the same for all
        self._programs = programs or Path(find("postgres")).parent
        # Unix sockets' paths are short, and pytest's folders are closed to the server's user.
        parent = os.environ.get("CUSTOMS_TEST_FOLDER", "/tmp")
        self.folder = Path(tempfile.mkdtemp(prefix="customs-pg-", dir=parent))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        # PostgreSQL refuses to run as root.
        self.as_user: list[str] = []
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            owner = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.as_user = [
                "setpriv",
                f"--reuid={owner.pw_uid}",
                f"--regid={owner.pw_gid}",
                "--clear-groups",
            ]
        self.process: subprocess.Popen[bytes] | None = None
        # Sorted by a language's rules, as real databases are: answers must not depend on that.
        locale = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
        # others may be built without that, or be older than it
        locale = locale if programs is None else locale[:1]
        self._run(
            str(self._programs / "initdb"),
            "-N",
            "-D",
            str(self.data),
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            *locale,
        )

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [*self.as_user, *command],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"

    def start(self) -> None:
        """Starts it and waits until it takes connections."""
        assert self.process is None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    # Fast shutdown if the test run is killed.
                    *(self.as_user or ["setpriv"]),
                    *("--pdeathsig", "INT", str(self._programs / "postgres"), "-D", str(self.data)),
                    *("-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"),
                    # What is written must outlive its processes, which die here, not the machine.
                    *("-c", "fsync=off", "-c", "full_page_writes=off"),
                    # it may lie in memory
                    *("-c", "max_wal_size=256MB"),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        probe = [find("pg_isready"), "-q", "-h", str(self.folder), "-U", USER]
        wait_until(
            lambda: subprocess.run(probe, check=False, timeout=PATIENCE).returncode == 0,
            lambda: f"PostgreSQL does not start:\n{self.log.read_text(errors='replace')[-2_000:]}",
        )

    def stop(self) -> None:
        """Fast shutdown: connections are broken."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE)
            self.process = None

    def kill(self) -> None:
        """SIGKILL to the server and all its processes: the next start must recover."""
        assert self.process is not None
        children = self._children()
        self.process.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.process = None
        # a server does not start while one of them still holds its shared memory
        wait_until(
            lambda: not any(_runs(child) for child in children), lambda: f"{children} still run"
        )

    def kill_backends(self, database: str) -> int:
        """SIGKILL to the processes that serve a database; the server ends all and recovers."""
        pids = [int(row[0]) for row in self.execute("postgres", _BACKENDS.format(database))]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)

    def cut_backends(self, database: str) -> int:
        """Ends a database's connections, as an administrator would."""
        ask = _BACKENDS.format(database).replace("pid FROM", "pg_terminate_backend(pid) FROM")
        return len(self.execute("postgres", ask))

    def _children(self) -> list[int]:
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def remove(self) -> None:
        """Ends it and takes its folder away."""
        self.stop()
        shutil.rmtree(self.folder)

    def create_tablespace(self, name: str, folder: Path) -> None:
        """Takes a folder for what is not to lie with the rest."""
        place = self.data.stat()
        os.chown(folder, place.st_uid, place.st_gid)
        folder.chmod(0o700)
        self.execute("postgres", f"CREATE TABLESPACE {name} LOCATION '{folder}'")

    def create_database(self, name: str, *options: str) -> str:
        """An empty database; returns its URL."""
        self._run(find("createdb"), "-h", str(self.folder), "-U", USER, *options, name)
        return f"postgres://{USER}@/{name}?host={self.folder}"

    def execute(self, name: str, script: str) -> list[list[str]]:
        """Runs SQL in a database; the rows, as texts."""
        done = subprocess.run(
            [
                *(find("psql"), "-X", "-q", "-t", "--csv", "-v", "ON_ERROR_STOP=1"),
                *("-h", str(self.folder), "-U", USER, "-d", name, "-c", script),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(csv.reader(done.stdout.splitlines()))

    @contextmanager
    def session(self, name: str) -> Iterator[Callable[[str], list[list[str]]]]:
        """A connection that stays; what is given runs SQL by it and returns the rows, as texts."""
        with subprocess.Popen(
            [
                *(find("psql"), "-X", "-q", "-t", "--csv", "-v", "ON_ERROR_STOP=1"),
                *("-h", str(self.folder), "-U", USER, "-d", name),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as psql:
            assert psql.stdin is not None
            assert psql.stdout is not None
            asks, answers = psql.stdin, psql.stdout

            def execute(script: str) -> list[list[str]]:
                asks.write(f"{script};\n\\echo end\n")
                asks.flush()
                lines: list[str] = []
                while (line := answers.readline()) != "end\n":
                    assert line, "the connection has ended"
                    lines.append(line)
                return list(csv.reader(lines))

            try:
                # psql connects before it reads
                execute("SELECT 1")
                yield execute
            finally:
                asks.close()

    def drop_database(self, name: str) -> None:
        """Drops a database, also while others are connected to it."""
        self._run(find("dropdb"), "--force", "-h", str(self.folder), "-U", USER, name)
