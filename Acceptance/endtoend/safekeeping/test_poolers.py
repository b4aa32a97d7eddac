"""A pooler between the daemon and its server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import CUSTOMSD, Customs, StartDaemon, run_to_its_end, wait_until
from support.pgbouncer import Pgbouncer
from support.stores import PostgresStore

WORDS = "use pool_mode = session"


@contextlib.contextmanager
def _pooled(store: PostgresStore, mode: str, *settings: str) -> Iterator[Pgbouncer]:
    pooler = Pgbouncer(store, mode, *settings)
    try:
        yield pooler
    finally:
        pooler.close()


@pytest.mark.parametrize("settings", [(), ("server_round_robin = 1", "default_pool_size = 4")])
def test_a_pool_of_sessions_works_as_a_direct_connection(
    start_daemon: StartDaemon, postgres_store: PostgresStore, settings: tuple[str, ...]
) -> None:
    """`pool_mode = session`."""
    with _pooled(postgres_store, "session", *settings) as pooler:
        daemon = start_daemon(pooler)
        ledger = Ledger()
        daemon.send(load(Population(971), ledger, 1_000))
        daemon.settle(1_000)
        postgres_store.server.cut_backends(postgres_store.database)
        daemon.send(load(Population(972), ledger, 1_000))
        health = daemon.settle(2_000)
        assert health["stored"] + health["merged"] == 2_000
        assert health["stored"] == len(ledger.runs)
        for command in (
            ("pack",),
            ("anonymize", "--older-than", "0d"),
            ("prune", "--older-than", "0d"),
        ):
            done = daemon.customs.run(*command)
            assert done.returncode == 0, done
        daemon.stop()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_shared_sessions_are_refused_in_words(
    postgres_store: PostgresStore, mode: str, folder: Path
) -> None:
    """Daemon and command refuse before they leave anything in another client's session."""
    with _pooled(postgres_store, mode) as pooler:
        asked = Customs(pooler.url, folder).run("top")
        assert asked.returncode == 64
        assert WORDS in asked.stderr
        done = run_to_its_end(
            [
                *(str(CUSTOMSD), "--store", pooler.url, "--state-dir", f"{folder}/state"),
                *("--listen", f"unixgram://{folder}/records.sock"),
            ],
            folder,
        )
        assert done.returncode == 70
        assert WORDS in done.stderr
    schemas = postgres_store.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'customs'")
    assert schemas == [["0"]]


def test_a_pool_that_becomes_shared_stops_storing_not_receiving(
    start_daemon: StartDaemon, postgres_store: PostgresStore
) -> None:
    """The daemon goes on receiving, and says what is wrong."""
    with _pooled(postgres_store, "session") as pooler:
        daemon = start_daemon(pooler)
        daemon.send(load(Population(981), Ledger(), 10))
        daemon.settle(10)
        pooler.set_mode("transaction")
        postgres_store.server.cut_backends(postgres_store.database)
        daemon.send(load(Population(982), Ledger(), 10))
        wait_until(lambda: WORDS in daemon.log_tail(), daemon.log_tail)
        assert daemon.is_alive
        pooler.set_mode("session")
        health = daemon.settle(20)
        assert health["stored"] + health["merged"] == 20
        daemon.stop()
