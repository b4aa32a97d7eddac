"""The store accepts connections and does not answer: figures go on, and the daemon ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import Daemon, StartDaemon, wait_until
from support.probes import Probe
from support.stores import MakeStore, PostgresStore, SQLiteStore

BEFORE, MEANWHILE = 100, 300


def _backends(store: PostgresStore) -> list[int]:
    ask = f"SELECT pid FROM pg_stat_activity WHERE datname = '{store.database}'"
    return [int(row[0]) for row in store.server.execute("postgres", ask)]


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def _lock_a_table(store: PostgresStore) -> Callable[[], None]:
    session = store.server.session(store.database)
    execute = session.__enter__()
    execute("BEGIN; LOCK TABLE customs.runs IN ACCESS EXCLUSIVE MODE")

    def unlock() -> None:
        session.__exit__(None, None, None)

    return unlock


def _stop_backends(store: PostgresStore) -> Callable[[], None]:
    pids = _backends(store)
    _signal(pids, signal.SIGSTOP)
    return lambda: _signal(pids, signal.SIGCONT)


def _await_a_standby(store: PostgresStore) -> Callable[[], None]:
    def name(setting: str) -> None:
        store.server.execute("postgres", f"ALTER SYSTEM {setting}")
        store.server.execute("postgres", "SELECT pg_reload_conf()")

    name("SET synchronous_standby_names = 'absent'")
    # a heartbeat waits for it
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    wait_until(lambda: store.server.execute("postgres", waiting) == [["1"]], lambda: "none waits")
    return lambda: name("RESET synchronous_standby_names")


def _lock_the_file(store: SQLiteStore) -> Callable[[], None]:
    store.interrupt()
    return store.resume


@dataclass(frozen=True)
class Hang:
    """Keeps a store from answering, and returns a function that ends it."""

    name: str
    kind: str
    strike: Callable[..., Callable[[], None]]
    # Whether the store hears of what waits by another connection than the one that hangs.
    hears: bool = False


HANGS = [
    Hang("locked_table", "postgres", _lock_a_table, hears=True),
    Hang("awaited_standby", "postgres", _await_a_standby, hears=True),
    Hang("stopped_backends", "postgres", _stop_backends, hears=True),
    Hang("locked_file", "sqlite", _lock_the_file),
]


@pytest.mark.parametrize("hang", HANGS, ids=lambda hang: hang.name)
def test_a_store_that_hangs_is_reported_and_delays_no_stop(
    start_daemon: StartDaemon, make_store: MakeStore, hang: Hang
) -> None:
    """No figure repeats its last good moment; SIGTERM is obeyed; nothing is lost."""
    store = make_store(hang.kind)
    probe = Probe()
    daemon = start_daemon(store, arguments=probe.arguments)
    ledger = Ledger()
    daemon.send(load(Population(901), ledger, BEFORE))
    daemon.settle(BEFORE)
    assert probe.health() == (200, "ok\n")
    end = hang.strike(store)
    try:
        daemon.send(load(Population(902), ledger, MEANWHILE))
        # at once, for the journal has them
        wait_until(lambda: probe.metric("received_total") == BEFORE + MEANWHILE, daemon.log_tail)
        assert probe.metric("pending") == MEANWHILE
        wait_until(lambda: probe.health()[0] == 503, daemon.log_tail, 20)
        assert f"{MEANWHILE} messages wait" in probe.health()[1]
        assert probe.metric("store_up") == 0
        assert probe.metric("oldest_pending_seconds") > 1
        wait_until(lambda: "the journal keeps" in daemon.log_tail(), daemon.log_tail, 5)
        _assert_health_is_no_older_than_it_says(daemon, hang)
        began = time.monotonic()
        daemon.stop()
        assert time.monotonic() - began < 15
    finally:
        end()
    daemon.start()
    health = daemon.settle(BEFORE + MEANWHILE)
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["duplicate"] == 0
    assert probe.metric("pending") == 0
    daemon.stop()
    store.close()


def _assert_health_is_no_older_than_it_says(daemon: Daemon, hang: Hang) -> None:
    def told() -> bool:
        health = daemon.customs.health()
        (it,) = health["daemons"]
        if hang.hears:
            return bool(
                health["pending"] == it["pending"] == MEANWHILE and it["last_word_seconds"] < 10
            )
        return bool(it["last_word_seconds"] > 4)

    wait_until(told, lambda: f"{daemon.customs.health()}\n{daemon.log_tail()}", 20)


def test_figures_go_on_while_the_store_is_away(
    start_daemon: StartDaemon, postgres_store: PostgresStore
) -> None:
    """Before a restart and after it, without the store's own numbers."""
    probe = Probe()
    daemon = start_daemon(postgres_store, arguments=probe.arguments)
    ledger = Ledger()
    daemon.send(load(Population(911), ledger, BEFORE))
    daemon.settle(BEFORE)
    postgres_store.interrupt()
    daemon.send(load(Population(912), ledger, MEANWHILE))
    wait_until(lambda: probe.metric("received_total") == BEFORE + MEANWHILE, daemon.log_tail)
    assert probe.metric("pending") == MEANWHILE
    wait_until(lambda: probe.metric("store_up") == 0, daemon.log_tail, 10)
    daemon.stop()
    daemon.start()
    assert (probe.metric("received_total"), probe.metric("pending")) == (
        BEFORE + MEANWHILE,
        MEANWHILE,
    )
    assert probe.health()[0] == 503
    assert probe.metric("oldest_pending_seconds") > 0
    postgres_store.resume()
    daemon.settle(BEFORE + MEANWHILE)
    wait_until(lambda: probe.health()[0] == 200, daemon.log_tail, 10)


def test_health_tells_running_daemons_from_ended_ones(
    start_daemon: StartDaemon, postgres_store: PostgresStore
) -> None:
    """The last report of an ended daemon grows old; that of a running one does not."""
    ended = start_daemon(postgres_store)
    ended.send(load(Population(921), Ledger(), 10))
    ended.settle(10)
    ended.stop()
    runs = start_daemon(postgres_store)
    time.sleep(3)
    first, second = runs.customs.health()["daemons"]
    assert first["last_word_seconds"] < 3 <= second["last_word_seconds"]
    assert (first["received"], second["received"]) == (0, 10)
    assert first["host"] == second["host"]
    assert first["journal"] != second["journal"]
    table = runs.customs.text("health", "--format", "csv")
    assert table.count(f"last_word_seconds.{first['host']}/") == 2
