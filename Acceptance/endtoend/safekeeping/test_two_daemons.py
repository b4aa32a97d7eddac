"""Two daemons write to one database at once: no deadlock, and the sums are those of one."""

from __future__ import annotations

import threading

from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import StartDaemon, Store, assert_balanced, wait_until
from support.stores import PostgresStore


def test_two_daemons_with_the_same_runs_and_names_store_the_right_sums(
    start_daemon: StartDaemon, store: Store
) -> None:
    """Processes of the same runs, users, programs, stacks and days, at the same time."""
    # Small batches, so that there are many to collide.
    daemons = [start_daemon(store, settings="[merge]\nbatch_records = 500\n") for _ in range(2)]
    ledger = Ledger()
    messages = list(load(Population(361), ledger, 30_000, damaged=0.01))
    senders = [
        threading.Thread(target=daemon.send, args=(messages[part::2],), kwargs={"rate": 5_000})
        for part, daemon in enumerate(daemons)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    health = daemons[0].settle(ledger.messages)
    assert health["received"] == ledger.messages
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    # Each run is new to one of the two.
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == 0
    assert health["rejected"] == dict(ledger.rejected)
    assert health["kernel_dropped"] == 0
    top = daemons[0].customs.json("top", "--limit", "1000")
    assert {row["package"]: row["processes"] for row in top} == {
        name: usage.processes for name, usage in ledger.top().items()
    }
    for daemon in daemons:
        assert daemon.is_alive
        assert "deadlock" not in daemon.log.read_text()
    if isinstance(store, PostgresStore):
        ask = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert store.execute(ask) == [["0"]]


def test_one_daemon_goes_on_when_the_other_is_killed(
    start_daemon: StartDaemon, store: Store
) -> None:
    """A SIGKILL within a transaction delays the other daemon until it is undone."""
    first, second = (start_daemon(store) for _ in range(2))
    ledger = Ledger()
    messages = list(load(Population(362), ledger, 20_000))
    senders = [
        threading.Thread(target=daemon.send, args=(messages[part::2],), kwargs={"rate": 5_000})
        for part, daemon in enumerate((first, second))
    ]
    for sender in senders:
        sender.start()
    senders[0].join()
    wait_until(lambda: first.queued_bytes() == 0, first.log_tail)
    first.kill()
    senders[1].join()
    kept = set(first.journalled_ids())
    wait_until(lambda: second.customs.health()["received"] >= len(messages[1::2]), second.log_tail)
    first.start()
    expected = len(kept | set(second.journalled_ids()))
    health = second.settle(expected)
    assert_balanced(health)
    assert health["stored"] + health["merged"] == expected
    assert len(messages) - expected <= 64
    assert health["duplicate"] == 0
