"""Every message is accounted for."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest
from loadgen.damage import DAMAGES
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import PATIENCE, Daemon, StartDaemon, Store, assert_balanced
from support.ports import free_udp_port
from support.probes import Probe


def test_hundred_thousand_records_at_ten_thousand_a_second_are_all_stored(daemon: Daemon) -> None:
    """100,000 distinct records over UDP, 1 % of them twice, and 1 % as many damaged ones."""
    ledger = Ledger()
    messages = list(load(Population(1), ledger, 100_000, twice=0.01, damaged=0.01))
    assert (len(ledger.distinct), ledger.duplicates, ledger.rejected.total()) == (
        100_000,
        1_000,
        1_000,
    )
    assert set(ledger.rejected) == set(DAMAGES)

    assert daemon.send(messages, rate=10_000) == 102_000

    health = daemon.settle(ledger.messages)
    assert health["received"] == 102_000
    assert health["kernel_dropped"] == 0
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == ledger.duplicates
    assert health["rejected"] == dict(ledger.rejected)

    # And the answers count each process once.
    top = {row["package"]: row for row in daemon.customs.json("top", "--limit", "1000")}
    expected = ledger.top()
    assert {name: row["processes"] for name, row in top.items()} == {
        name: usage.processes for name, usage in expected.items()
    }


@pytest.mark.parametrize("reason", DAMAGES)
def test_each_kind_of_damage_is_counted_under_its_reason(
    start_daemon: StartDaemon, sqlite_store: Store, reason: str
) -> None:
    """A damaged message is rejected for its own reason, and the record after it is not harmed."""
    daemon = start_daemon(sqlite_store)
    ledger = Ledger()
    messages = list(load(Population(2), ledger, 20, damaged=1.0, reasons=[reason]))
    daemon.send(messages, rate=1_000)
    health = daemon.settle(len(messages))
    assert health["rejected"] == {reason: 20}
    assert health["stored"] + health["merged"] == 20


def test_counters_outlive_the_daemon(daemon: Daemon) -> None:
    """`customs health` needs no daemon, and a restart neither forgets nor repeats."""
    ledger = Ledger()
    population = Population(3)
    messages = list(load(population, ledger, 1_000, twice=0.05, damaged=0.05))
    daemon.send(messages)
    before = daemon.settle(ledger.messages)
    daemon.stop()
    assert daemon.customs.health()["received"] == before["received"]

    daemon.start()
    again = daemon.settle(ledger.messages)
    for key in ("received", "stored", "merged", "duplicate", "rejected"):
        assert again[key] == before[key], key

    # A relay that sends everything once more after the restart changes nothing either.
    daemon.send([sample.datagram for sample in ledger.distinct.values()])
    health = daemon.settle(ledger.messages + 1_000)
    assert health["stored"] + health["merged"] == 1_000
    assert health["duplicate"] == before["duplicate"] + 1_000


def test_nothing_is_lost_at_a_graceful_end(daemon: Daemon) -> None:
    """SIGTERM under load: what was received is in the store when the process is gone."""
    ledger = Ledger()
    messages = list(load(Population(4), ledger, 20_000))
    # As fast as it goes, so that much is on its way when the signal comes.
    daemon.send(messages, rate=1_000_000, url=daemon.unix)
    daemon.stop()
    health = daemon.customs.health()
    assert_balanced(health)
    assert health["pending"] == 0
    # A unix datagram socket loses nothing: what it took lies in its queue, which is drained too.
    assert health["received"] == health["stored"] + health["merged"] == 20_000


def test_doubted_values_are_counted_and_not_believed(
    start_daemon: StartDaemon, store: Store
) -> None:
    """A claim beyond what can be is not believed, is counted, and the record stays."""
    probe = Probe()
    daemon = start_daemon(store, arguments=probe.arguments)
    claims = [
        # a day on four nodes; a clock that stood still; more nodes than there are; the ends
        (86_400, 4),
        (1.3e9, 4),
        (3_600, 2_147_483_647),
        (31_622_400, 1_000_000),
        (31_622_400.001, 1_000_001),
    ]
    sample = Population(91).sample().record | {"packages": {"numpy": "2.1"}, "is_staff": False}
    daemon.send(
        json.dumps(
            sample
            | {
                "id": f"{number:032x}",
                "job_id": f"{number}",
                "elapsed": elapsed,
                "num_nodes": nodes,
            }
        ).encode()
        for number, (elapsed, nodes) in enumerate(claims, 1)
    )
    health = daemon.settle(len(claims))
    assert health["stored"] == len(claims)
    (numpy,) = daemon.customs.json("top", "--by", "node-hours")
    assert (numpy["jobs"], numpy["processes"]) == (5, 5)
    assert numpy["node_hours"] == 4 * 24 + 0 + 1 + 31_622_400 * 1_000_000 / 3_600 + 0
    assert daemon.customs.json("job", "3")["num_nodes"] is None
    assert probe.metric("doubted_elapsed_total") == 2
    assert probe.metric("doubted_nodes_total") == 2


def test_pending_is_exact_between_heartbeats(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """Batches are stored several times a second, and the store is told of what came once."""
    port = free_udp_port()
    daemon = start_daemon(sqlite_store, arguments=["--http", f"127.0.0.1:{port}"])
    ledger = Ledger()
    messages = list(load(Population(90), ledger, 8_000))
    sender = threading.Thread(target=daemon.send, args=(messages,), kwargs={"rate": 2_000})
    sender.start()
    pending = []
    while sender.is_alive():
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        pending += [int(line.split()[1]) for line in lines if line.startswith("customs_pending ")]
    daemon.settle(ledger.messages)
    assert len(pending) > 20
    assert all(0 <= count <= len(messages) for count in pending), max(pending)
