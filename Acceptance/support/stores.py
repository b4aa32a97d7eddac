"""The two stores, each with a way to make it unavailable for a while."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from support.daemon import Store
from support.postgres import PostgresServer

STORES = ("sqlite", "postgres")

# Makes an empty store of the kind that it is told.
MakeStore = Callable[[str], Store]


class SQLiteStore:
    """A file; another program that holds its write lock makes it unavailable."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "customs.sqlite"
        self.url = f"sqlite://{self.path}"
        self._lock: sqlite3.Connection | None = None

    def interrupt(self) -> None:
        """Takes the write lock."""
        assert self._lock is None
        self._lock = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        self._lock.execute("BEGIN IMMEDIATE")

    def resume(self) -> None:
        """Gives the write lock back."""
        assert self._lock is not None
        self._lock.close()
        self._lock = None

    def close(self) -> None:
        """Releases what a failed test left."""
        if self._lock is not None:
            self.resume()


class PostgresStore:
    """A database of the tests' server; the server's end makes it unavailable."""

    name = "postgres"

    def __init__(self, server: PostgresServer, database: str, *options: str) -> None:
        self.server = server
        self.database = database
        self.url = server.create_database(database, *options)

    def interrupt(self) -> None:
        """Stops the server."""
        self.server.stop()

    def resume(self) -> None:
        """Starts the server again."""
        self.server.start()

    def execute(self, script: str) -> list[list[str]]:
        """Runs SQL from outside; the rows of the last statement, as texts."""
        return self.server.execute(self.database, script)

    def close(self) -> None:
        """Leaves the server running for the next test."""
        if self.server.process is None:
            self.server.start()
        self.server.drop_database(self.database)


def opened(make_store: MakeStore, kind: str) -> Iterator[Store]:
    """A store for one test."""
    made = make_store(kind)
    yield made
    made.close()


def execute(store: Store, script: str) -> None:
    """Runs SQL from outside, on either store."""
    if isinstance(store, SQLiteStore):
        connection = sqlite3.connect(store.path)
        connection.executescript(script)
        connection.close()
    else:
        assert isinstance(store, PostgresStore)
        store.execute(f"SET search_path = customs; {script}")
