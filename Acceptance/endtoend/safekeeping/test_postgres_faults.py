"""PostgreSQL stops, is killed, has no room, and loses its connections: nothing lost, nothing twice.

Each under load, with a ledger of every id sent. What the store missed meanwhile is in the journal.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.cut_link import CutLink
from support.daemon import PATIENCE, Daemon, StartDaemon, wait_until
from support.postgres import PostgresServer
from support.small_disk import small_disk
from support.stores import PostgresStore

RATE = 5_000


class Load:
    """Records that are being sent, some twice, some damaged, and what must become of each."""

    def __init__(self, daemon: Daemon, seed: int, seconds: float) -> None:
        self.daemon = daemon
        self.ledger = Ledger()
        messages = list(
            load(Population(seed), self.ledger, int(RATE * seconds), twice=0.01, damaged=0.01)
        )
        self._sender = threading.Thread(target=daemon.send, args=(messages,), kwargs={"rate": RATE})
        self._sender.start()

    @property
    def goes_on(self) -> bool:
        """Whether there is more to send."""
        return self._sender.is_alive()

    def assert_all_counts_once(self) -> dict[str, Any]:
        """When all is sent and stored: each record once, each reject under its reason."""
        self._sender.join(PATIENCE)
        health = self.daemon.settle(self.ledger.messages)
        assert health["received"] == self.ledger.messages
        assert health["kernel_dropped"] == 0
        assert health["stored"] + health["merged"] == len(self.ledger.distinct)
        assert health["stored"] == len(self.ledger.runs)
        assert health["duplicate"] == self.ledger.duplicates
        assert health["rejected"] == dict(self.ledger.rejected)
        top = self.daemon.customs.json("top", "--limit", "1000")
        assert {row["package"]: row["processes"] for row in top} == {
            name: usage.processes for name, usage in self.ledger.top().items()
        }
        return health


@dataclass(frozen=True)
class Fault:
    """A fault of a server, and the way back from it."""

    name: str
    strike: Callable[[PostgresServer, str], object]
    recover: Callable[[PostgresServer], object]


FAULTS = [
    Fault("stopped", lambda server, _: server.stop(), PostgresServer.start),
    Fault("killed", lambda server, _: server.kill(), PostgresServer.start),
    # the server itself sees to that
    Fault("backends_killed", PostgresServer.kill_backends, lambda _: None),
    Fault("connections_ended", PostgresServer.cut_backends, lambda _: None),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_server_that_ends_under_load_costs_no_record(
    start_daemon: StartDaemon, postgres_store: PostgresStore, fault: Fault
) -> None:
    """Three times, at random moments."""
    daemon = start_daemon(postgres_store)
    draw = random.Random(fault.name)
    running = Load(daemon, 311, 5)
    for _ in range(3):
        time.sleep(draw.uniform(0.3, 1.0))
        fault.strike(postgres_store.server, postgres_store.database)
        time.sleep(draw.uniform(0.0, 0.5))
        fault.recover(postgres_store.server)
        wait_until(lambda: daemon.customs.health_if_any() is not None, daemon.log_tail)
    running.assert_all_counts_once()


def test_a_full_database_disk_makes_records_wait(
    start_daemon: StartDaemon, postgres_server: PostgresServer, folder: Path
) -> None:
    """No record is at fault: none is set aside."""
    with small_disk("48m") as disk:
        place = disk.folder / "tablespace"
        place.mkdir()
        postgres_server.create_tablespace("small", place)
        store = PostgresStore(postgres_server, "small", "--tablespace", "small")
        try:
            daemon = start_daemon(store)
            # a server that wants to write what a new connection begins with refuses it
            with postgres_server.session("small") as execute:
                disk.fill()
                running = Load(daemon, 321, 4)
                wait_until(lambda: "No space left on device" in daemon.log_tail(), daemon.log_tail)
                wait_until(lambda: not running.goes_on, daemon.log_tail)
                counted = execute(
                    "SELECT COALESCE(sum(value), 0) FROM customs.counters"
                    " WHERE name IN ('stored', 'merged')"
                )
                assert int(counted[0][0]) < len(running.ledger.distinct)
                assert execute("SELECT count(*) FROM customs.quarantine") == [["0"]]
            disk.empty()
            running.assert_all_counts_once()
            daemon.stop()
        finally:
            store.close()
            postgres_server.execute("postgres", "DROP TABLESPACE small")


@pytest.mark.parametrize("seed", [331])
def test_connections_cut_in_copy_and_at_commit_cost_no_record(
    start_daemon: StartDaemon, postgres_store: PostgresStore, seed: int
) -> None:
    """Within COPY nothing was stored; at COMMIT all was stored, without an answer."""
    with tempfile.TemporaryDirectory(prefix="customs-link-", dir="/tmp") as place:
        link = CutLink(postgres_store.server.folder, Path(place), seed)
        try:
            through = PostgresThrough(postgres_store, Path(place))
            # Batches small enough that there are many to cut.
            daemon = start_daemon(through, settings="[merge]\nbatch_records = 1000\n")
            running = Load(daemon, seed, 5)
            for where in ("copy", "commit", "copy", "copy", "commit", "commit", "copy", "commit"):
                link.cut(where)
                wait_until(lambda: link.has_cut or not running.goes_on, daemon.log_tail)
                time.sleep(0.05)
            print(link.cuts)
            assert len(link.cuts) >= 6, link.cuts
            running.assert_all_counts_once()
            daemon.stop()
        finally:
            link.close()


class PostgresThrough:
    """The same database, by way of a link."""

    name = "postgres"

    def __init__(self, store: PostgresStore, folder: Path) -> None:
        self.url = store.url.replace(str(store.server.folder), str(folder))
        self.interrupt = store.interrupt
        self.resume = store.resume
        self.close = store.close
