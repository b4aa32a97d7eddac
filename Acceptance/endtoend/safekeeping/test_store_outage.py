"""The store goes away and comes back."""

from __future__ import annotations

import threading
import time

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import Daemon, StartDaemon, Store


def _outage_under_load(daemon: Daemon, seconds: float, rate: int) -> None:
    ledger = Ledger()
    # Two seconds of load before the outage and two after it.
    messages = list(
        load(Population(31), ledger, int(rate * (seconds + 4)), twice=0.01, damaged=0.01)
    )
    sender = threading.Thread(target=daemon.send, args=(messages,), kwargs={"rate": rate})
    sender.start()
    time.sleep(2)
    daemon.store.interrupt()
    time.sleep(seconds)
    daemon.store.resume()
    sender.join()

    health = daemon.settle(ledger.messages)
    assert health["received"] == ledger.messages
    assert health["kernel_dropped"] == 0
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == ledger.duplicates
    assert health["rejected"] == dict(ledger.rejected)


def test_a_store_away_for_3_s_under_load_costs_no_record(daemon: Daemon) -> None:
    """A server that is stopped, or a file that another process has locked."""
    _outage_under_load(daemon, 3, rate=5_000)


@pytest.mark.long
def test_postgres_away_for_20_s_under_load_costs_no_record(
    start_daemon: StartDaemon, postgres_store: Store
) -> None:
    """20 s of 1,000 records/s: the outage that peers were measured with."""
    _outage_under_load(start_daemon(postgres_store), 20, rate=1_000)


def test_a_daemon_starts_and_receives_while_postgres_is_away(
    start_daemon: StartDaemon, postgres_store: Store
) -> None:
    """It stores when the server comes."""
    postgres_store.interrupt()
    daemon = start_daemon(postgres_store)
    ledger = Ledger()
    daemon.send(load(Population(32), ledger, 2_000))
    unavailable = daemon.customs.run("health")
    assert unavailable.returncode == 69, unavailable
    postgres_store.resume()
    health = daemon.settle(2_000)
    assert health["stored"] + health["merged"] == 2_000


@pytest.mark.parametrize("restart", [False, True])
def test_a_daemon_ends_well_while_the_store_is_away(daemon: Daemon, restart: bool) -> None:
    """SIGTERM: the journal keeps the rest for the next start."""
    ledger = Ledger()
    daemon.send(load(Population(33), ledger, 100))
    daemon.settle(100)
    daemon.store.interrupt()
    daemon.send(load(Population(34), ledger, 2_000))
    if restart:
        daemon.stop()
        daemon.store.resume()
        daemon.start()
    else:
        daemon.store.resume()
    health = daemon.settle(2_100)
    assert health["stored"] + health["merged"] == 2_100
    assert health["duplicate"] == 0
