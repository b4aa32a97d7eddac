"""SIGKILL: nothing that was journalled is lost, and nothing counts twice."""

from __future__ import annotations

import contextlib
import random
import threading
import time

import pytest
from extent import part
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from loadgen.send import connect
from support.daemon import Daemon, wait_until


def test_a_kill_while_all_records_are_in_the_journal_loses_none(daemon: Daemon) -> None:
    """20,000 records come while the store is away; then customsd is killed, and both come back."""
    ledger = Ledger()
    messages = list(load(Population(11), ledger, 20_000))
    # A first record makes sure that the store was in use, and is not merely late.
    first = list(load(Population(12), ledger, 1))
    daemon.send(first)
    daemon.settle(1)

    daemon.store.interrupt()
    daemon.send(messages)
    wait_until(
        lambda: ledger.distinct.keys() <= set(daemon.journalled_ids()),
        lambda: (
            f"{len(set(daemon.journalled_ids()))} of 20,001 in the journal\n{daemon.log_tail()}"
        ),
    )
    daemon.kill()
    daemon.store.resume()
    # No daemon ran since the store came back: all of it is in the journal and nowhere else.
    assert daemon.customs.health()["stored"] == 1

    daemon.start()
    health = daemon.settle(20_001)
    assert health["received"] == 20_001
    assert health["stored"] + health["merged"] == 20_001
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == 0
    assert health["rejected"] == {}


@pytest.mark.parametrize("seed", part([21, 22, 23]))
def test_kills_at_random_moments_lose_nothing_journalled(daemon: Daemon, seed: int) -> None:
    """Killed three times under load; what the journal held is in the store after the next start.

    What is sent while no socket is open is lost, as it must be. So in the end everything is sent
    once more: then each id must have counted exactly once.
    """
    draw = random.Random(seed)
    ledger = Ledger()
    messages = list(load(Population(seed), ledger, 24_000))
    for start in range(0, 24_000, 8_000):
        burst = messages[start : start + 8_000]
        sender = threading.Thread(target=_send_into_the_void, args=(daemon, burst))
        sender.start()
        time.sleep(draw.uniform(0.05, 0.75))
        daemon.kill()
        sender.join()
        journalled = set(daemon.journalled_ids())
        whole = journalled - set(daemon.torn_ids())
        counted = daemon.customs.health()
        assert counted["stored"] + counted["merged"] <= len(journalled)

        daemon.start()
        health = daemon.settle(len(whole))
        assert len(whole) <= health["stored"] + health["merged"] <= len(journalled)
        assert health["received"] == health["stored"] + health["merged"]

    before = daemon.customs.health()
    daemon.send(messages)
    health = daemon.settle(before["received"] + len(messages))
    assert health["received"] == before["received"] + 24_000
    assert health["stored"] + health["merged"] == 24_000
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == before["received"]
    expected = {name: usage.processes for name, usage in ledger.top().items()}
    assert {
        row["package"]: row["processes"] for row in daemon.customs.json("top", "--limit", "1000")
    } == expected


def _send_into_the_void(daemon: Daemon, messages: list[bytes]) -> None:
    """Sends 10,000 a second, also when no daemon receives any more."""
    with connect(daemon.udp) as sender:
        for index, message in enumerate(messages):
            if index % 20 == 0:
                time.sleep(0.002)
            with contextlib.suppress(ConnectionRefusedError):
                sender.send(message)
