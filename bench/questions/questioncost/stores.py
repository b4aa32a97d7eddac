"""Stores with a year of usage."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.postgres import PostgresServer, find

_HERE = Path(__file__).resolve().parents[1]
_ROOT = Path(__file__).resolve().parents[3]
CUSTOMS = _ROOT / ".build/release/customs"

_NULL = "(null)"

# As an administrator would set up a machine of this size; no setting is made for these questions.
SETTINGS = """
shared_buffers = 2GB
effective_cache_size = 8GB
max_wal_size = 16GB
maintenance_work_mem = 512MB
checkpoint_timeout = 30min
"""


@dataclass(frozen=True)
class Size:
    """The amount of usage in a store."""

    runs: int
    records: int
    jobs: int
    days: int
    bytes: int


class Year:
    """A database with a year of usage, on a server of the benchmark's own."""

    def __init__(self, server: PostgresServer, name: str, jobs: int) -> None:
        self.server = server
        self.name = name
        self.url = server.create_database(name)
        empty = server.folder / "empty.jsonl"
        empty.write_text("")
        # an import creates the tables
        subprocess.run(
            [CUSTOMS, "import", "--store", self.url, empty], stdout=subprocess.DEVNULL, check=True
        )
        self._psql = [
            *(find("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"),
            *("-h", str(server.folder), "-U", "customs", "-d", name),
        ]
        subprocess.run(
            [*self._psql, "-v", f"jobs={jobs}", "-f", _HERE / "generate.sql"],
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def pack(self) -> float:
        """Packs all days; returns the seconds that it took."""
        began = time.perf_counter()
        subprocess.run(
            [CUSTOMS, "pack", "--store", self.url], stdout=subprocess.DEVNULL, check=True
        )
        return time.perf_counter() - began

    def widen(self) -> int:
        """Adds the plain table; returns the bytes that it takes with its indexes."""
        subprocess.run(
            [*self._psql, "-f", _HERE / "wide.sql"], stdout=subprocess.DEVNULL, check=True
        )
        return int(
            self.server.execute(self.name, "SELECT pg_total_relation_size('public.wide')")[0][0]
        )

    def rows(self, query: str) -> Iterator[list[str]]:
        """The rows of a large answer, as texts."""
        copy = f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '{_NULL}')"
        with subprocess.Popen([*self._psql, "-c", copy], stdout=subprocess.PIPE, text=True) as done:
            assert done.stdout is not None
            yield from csv.reader(done.stdout)
        assert done.returncode == 0

    def command(self, script: str) -> list[str]:
        """The command that runs SQL."""
        return [*self._psql, "-c", script]

    def size(self) -> Size:
        row = next(
            self.rows(
                "SELECT count(*), sum(processes), (SELECT count(*) FROM customs.jobs),"
                " count(DISTINCT day), pg_database_size(current_database()) FROM customs.runs"
            )
        )
        return Size(*(int(value) for value in row))


_TABLES = (
    *("users", "clusters", "hosts", "executables", "programs", "steps", "accounts", "packages"),
    *("environments", "stacks", "stack_packages", "jobs", "runs"),
)


def copy_to_sqlite(year: Year, path: Path) -> str:
    """Copies a year into an SQLite file; returns its URL."""
    url = f"sqlite://{path}"
    empty = path.with_suffix(".jsonl")
    empty.write_text("")
    subprocess.run(
        [CUSTOMS, "import", "--store", url, empty], stdout=subprocess.DEVNULL, check=True
    )
    target = sqlite3.connect(path, isolation_level=None)
    target.execute("PRAGMA synchronous = OFF")
    target.execute("BEGIN")
    for table in _TABLES:
        known = {row[1]: row[2] for row in target.execute(f"PRAGMA table_info({table})")}
        columns = ", ".join(known)
        marks = ", ".join("?" * len(known))
        target.execute(f"DELETE FROM {table}")
        target.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",
            (
                [_value(known[name], text) for name, text in zip(known, row, strict=True)]
                for row in year.rows(f"SELECT {columns} FROM customs.{table}")
            ),
        )
    target.execute("COMMIT")
    target.execute("ANALYZE")
    target.close()
    subprocess.run([CUSTOMS, "pack", "--store", url], stdout=subprocess.DEVNULL, check=True)
    return url


def _value(kind: str, text: str) -> Any:
    if text == _NULL:
        return None
    return bytes.fromhex(text.replace("-", "")) if kind == "BLOB" else text
