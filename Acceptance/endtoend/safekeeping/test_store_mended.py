"""Server errors that pass or that an operator mends: the daemon receives, reports, waits."""

from __future__ import annotations

import contextlib

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import Daemon, StartDaemon, wait_until
from support.probes import Probe
from support.stores import PostgresStore

# A failing statement is tried again every five seconds at most.
SOON = 30.0

# Of classes of PostgreSQL's errors that tell nothing of the data (appendix A of its manual).
PASSING = ("0A000", "25006", "40001", "42501", "53100", "57P03", "58P01", "XX001")


def _wait_for(daemon: Daemon, words: str) -> None:
    wait_until(lambda: words in daemon.log_tail(), daemon.log_tail, SOON)


def test_errors_that_pass_refuse_and_lose_nothing(
    start_daemon: StartDaemon, postgres_store: PostgresStore
) -> None:
    """Any error of the server that does not blame a record."""
    probe = Probe()
    daemon = start_daemon(postgres_store, arguments=probe.arguments)
    ledger = Ledger()
    for number, state in enumerate(PASSING):
        postgres_store.execute(
            f"""
            CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{state}'; END$$;
            CREATE TRIGGER fail BEFORE UPDATE ON customs.sources
                FOR EACH ROW EXECUTE FUNCTION public.fail()
            """
        )
        daemon.send(load(Population(930 + number), ledger, 10))
        _wait_for(daemon, f"SQLSTATE {state}")
        assert daemon.is_alive, daemon.log_tail()
        assert probe.metric("store_up") == 0
        assert probe.metric("pending") >= 10
        assert probe.metric("received_total") == ledger.messages
        postgres_store.execute("DROP FUNCTION public.fail() CASCADE")
        health = daemon.settle(ledger.messages)
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["rejected"] == {}
    wait_until(lambda: probe.metric("store_up") == 1, daemon.log_tail, 10)
    assert probe.metric("store_failures_total") >= len(PASSING)


class _WriterRole:
    """A store that is written to by a role that is not its server's master."""

    name = "postgres"

    def __init__(self, store: PostgresStore) -> None:
        self.url = store.url.replace("postgres://customs@", f"postgres://w_{store.database}@")
        store.execute(
            f"CREATE ROLE w_{store.database} LOGIN;"
            f"GRANT ALL ON DATABASE {store.database} TO w_{store.database}"
        )
        self.role = f"w_{store.database}"
        self.interrupt = store.interrupt
        self.resume = store.resume
        self.close = store.close


@pytest.fixture
def writer(start_daemon: StartDaemon, postgres_store: PostgresStore) -> tuple[Daemon, str]:
    """A daemon that writes as a role of its own."""
    store = _WriterRole(postgres_store)
    return start_daemon(store), store.role


def test_errors_that_an_operator_mends_lose_nothing(
    postgres_store: PostgresStore, writer: tuple[Daemon, str]
) -> None:
    """A revoked right, a table that is away for a while, newer tables."""
    daemon, role = writer
    ledger = Ledger()
    daemon.send(load(Population(951), ledger, 10))
    daemon.settle(10)
    faults = [
        (f"REVOKE INSERT ON customs.runs FROM {role}", f"GRANT INSERT ON customs.runs TO {role}"),
        ("ALTER TABLE customs.runs RENAME TO walks", "ALTER TABLE customs.walks RENAME TO runs"),
        (
            "INSERT INTO customs.schema_versions VALUES (1000, 0)",
            "DELETE FROM customs.schema_versions WHERE version = 1000",
        ),
    ]
    words = ("permission denied", "does not exist", "newer than this program")
    for number, ((strike, mend), word) in enumerate(zip(faults, words, strict=True)):
        postgres_store.execute(strike)
        postgres_store.server.cut_backends(postgres_store.database)
        daemon.send(load(Population(952 + number), ledger, 10))
        _wait_for(daemon, word)
        assert daemon.is_alive, daemon.log_tail()
        postgres_store.execute(mend)
        health = daemon.settle(ledger.messages)
        assert health["stored"] + health["merged"] == len(ledger.distinct)


def test_a_daemon_without_a_right_receives_and_waits_for_it(
    start_daemon: StartDaemon, postgres_store: PostgresStore
) -> None:
    """An operator may still grant it."""
    store = _WriterRole(postgres_store)
    postgres_store.execute(f"REVOKE CREATE ON DATABASE {postgres_store.database} FROM {store.role}")
    daemon = start_daemon(store)
    daemon.send(load(Population(961), Ledger(), 10))
    wait_until(lambda: "permission denied" in daemon.log_tail(), daemon.log_tail)
    # the schema alone is enough
    postgres_store.execute(f"CREATE SCHEMA customs; GRANT ALL ON SCHEMA customs TO {store.role}")
    health = daemon.settle(10)
    assert health["stored"] + health["merged"] == 10


def test_a_start_on_newer_tables_fails_at_once(
    start_daemon: StartDaemon, postgres_store: PostgresStore
) -> None:
    """Waiting cannot help: the daemon ends and says why."""
    daemon = start_daemon(postgres_store)
    daemon.stop()
    postgres_store.execute("INSERT INTO customs.schema_versions VALUES (1000, 0)")
    with contextlib.suppress(AssertionError):
        daemon.start()
    wait_until(lambda: not daemon.is_alive, daemon.log_tail, 10)
    assert daemon.process
    assert daemon.process.returncode == 70
    daemon.process = None
    assert "newer than this program" in daemon.log_tail()
