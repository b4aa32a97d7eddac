"""Records that the store refuses: set aside with a reason, and all others are stored."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from extent import pairs, part
from loadgen.ledger import Ledger, load
from loadgen.records import Population, Sample, encode
from support.daemon import Customs, Daemon, StartDaemon, Store, assert_balanced, wait_until
from support.stores import STORES, PostgresStore, SQLiteStore

GOOD = 19_980
BAD = 20
# Enough records that the daemon can be killed repeatedly while it searches for them.
SOUGHT = 30


def execute(store: Store, script: str) -> list[tuple[object, ...]]:
    """Runs SQL from outside, as an administrator would; returns the rows of a SELECT."""
    if isinstance(store, SQLiteStore):
        connection = sqlite3.connect(store.path, timeout=60)
        try:
            rows = connection.execute(script).fetchall()
            connection.commit()
        finally:
            connection.close()
        return rows
    assert isinstance(store, PostgresStore)
    return [tuple(row) for row in store.execute(script)]


def forbid_users(store: Store) -> None:
    """From now on the database takes no user whose name begins with `bad`."""
    if store.name == "sqlite":
        execute(
            store,
            "CREATE TRIGGER no_bad BEFORE INSERT ON users WHEN NEW.name LIKE 'bad%'"
            " BEGIN SELECT RAISE(ABORT, 'no bad users here'); END",
        )
    else:
        execute(
            store,
            "ALTER TABLE customs.users ADD CONSTRAINT no_bad CHECK (name NOT LIKE 'bad%')",
        )


def forbid_runs(store: Store) -> None:
    """From now on the database takes no run of a user whose name begins with `bad`."""
    if store.name == "sqlite":
        execute(
            store,
            "CREATE TRIGGER no_bad BEFORE INSERT ON runs"
            " WHEN (SELECT name FROM users WHERE id = NEW.usr) LIKE 'bad%'"
            " BEGIN SELECT RAISE(ABORT, 'no bad runs here'); END",
        )
    else:
        execute(
            store,
            "CREATE FUNCTION customs.no_bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF (SELECT name FROM customs.users WHERE id = NEW.usr) LIKE 'bad%'"
            " THEN RAISE EXCEPTION 'no bad runs here'; END IF; RETURN NEW; END $$;"
            " CREATE TRIGGER no_bad BEFORE INSERT ON customs.runs"
            " FOR EACH ROW EXECUTE FUNCTION customs.no_bad()",
        )


def bad_message(sample: Sample, number: int) -> bytes:
    """A valid record of a forbidden user."""
    return encode(sample.record | {"username": f"bad{number}", "id": f"{number:032x}"})


def strew(messages: Iterable[bytes], seed: int, bad: int = BAD) -> list[bytes]:
    """The messages with bad ones strewn among them."""
    mixed = list(messages)
    draw = random.Random(seed)
    population = Population(seed)
    for number in range(bad):
        mixed.insert(draw.randrange(len(mixed)), bad_message(population.sample(), number))
    return mixed


def quarantined(store: Store) -> dict[str, str]:
    """The reasons by the records' ids."""
    table = "quarantine" if store.name == "sqlite" else "customs.quarantine"
    record = "CAST(record AS TEXT)" if store.name == "sqlite" else "convert_from(record, 'UTF8')"
    rows = execute(store, f"SELECT {record}, reason FROM {table} WHERE sender = 'claimed'")
    found = {json.loads(str(record))["id"]: str(reason) for record, reason in rows}
    assert len(found) == len(rows), "one record lies there twice"
    return found


def prepare(daemon: Daemon) -> None:
    """Makes sure that the tables are there."""
    daemon.send(load(Population(900), Ledger(), 1))
    daemon.settle(1)


@pytest.mark.long
@pytest.mark.parametrize(("store", "place"), pairs(STORES, ["users", "runs"]), indirect=["store"])
def test_20_bad_rows_among_20_000_are_set_aside_alone(daemon: Daemon, place: str) -> None:
    """The load in which peers lost 14,500 good records, or stood still."""
    prepare(daemon)
    forbid = forbid_users if place == "users" else forbid_runs
    forbid(daemon.store)
    ledger = Ledger()
    daemon.send(strew(load(Population(901), ledger, GOOD), 902))
    health = daemon.settle(1 + GOOD + BAD)
    assert health["received"] == 1 + GOOD + BAD
    assert health["rejected"] == {"refused_by_store": BAD}
    assert health["stored"] + health["merged"] == 1 + GOOD
    assert health["duplicate"] == 0
    reasons = quarantined(daemon.store)
    assert reasons.keys() == {f"{number:032x}" for number in range(BAD)}
    assert all("bad" in reason for reason in reasons.values()), reasons
    top = {row["package"]: row["processes"] for row in _top(daemon)}
    first = Ledger()
    list(load(Population(900), first, 1))
    expected = {name: usage.processes for name, usage in ledger.top().items()}
    for name, usage in first.top().items():
        expected[name] = expected.get(name, 0) + usage.processes
    assert top == expected

    # The same once more: duplicates all of them, the refused ones too.
    daemon.send(bad_message(Population(902).sample(), number) for number in range(BAD))
    health = daemon.settle(1 + GOOD + 2 * BAD)
    assert health["duplicate"] == BAD
    assert health["rejected"] == {"refused_by_store": BAD}


def _top(daemon: Daemon) -> list[dict[str, Any]]:
    answer = daemon.customs.json("top", "--limit", "1000")
    assert isinstance(answer, list)
    return answer


@pytest.mark.long
@pytest.mark.parametrize("seed", part([911, 912, 913]))
def test_kills_while_bad_rows_are_sought_lose_and_repeat_nothing(
    start_daemon: StartDaemon, store: Store, seed: int
) -> None:
    """SIGKILL again and again: all good rows, and each bad row once."""
    # a kill begins its batch anew, so small batches make this test short
    daemon = start_daemon(store, settings="[merge]\nbatch_records = 2000\n")
    prepare(daemon)
    forbid_users(daemon.store)
    draw = random.Random(seed)
    ledger = Ledger()
    messages = strew(load(Population(seed), ledger, GOOD), seed, bad=SOUGHT)
    daemon.store.interrupt()
    daemon.send(messages)
    wait_until(
        lambda: len(set(daemon.journalled_ids())) == 1 + GOOD + SOUGHT,
        lambda: f"{len(set(daemon.journalled_ids()))} in the journal\n{daemon.log_tail()}",
    )
    daemon.store.resume()
    places = []

    def has_put_aside(count: int) -> bool:
        return int(daemon.customs.health()["rejected"].get("refused_by_store", 0)) >= count

    # By how far it has come, and not by the clock: on a busy machine the first may take long.
    for target in [0, *sorted(draw.sample(range(1, SOUGHT * 3 // 4), 5))]:
        wait_until(partial(has_put_aside, target), daemon.log_tail, every=0.2)
        time.sleep(draw.uniform(0.0, 0.2))
        daemon.kill()
        health = daemon.customs.health()
        assert health["balanced"], health
        places.append(health["rejected"].get("refused_by_store", 0))
        daemon.start()
    health = daemon.settle(1 + GOOD + SOUGHT)
    print("refused when it was killed:", places)
    assert any(0 < place < SOUGHT for place in places), "it was never killed in the middle"
    assert health["received"] == 1 + GOOD + SOUGHT
    assert health["rejected"] == {"refused_by_store": SOUGHT}
    assert health["stored"] + health["merged"] == 1 + GOOD
    assert health["duplicate"] == 0
    assert len(quarantined(daemon.store)) == SOUGHT


def test_a_load_of_bad_rows_alone_delays_nothing(daemon: Daemon) -> None:
    """Receiving goes on, and so do the records behind them."""
    prepare(daemon)
    forbid_users(daemon.store)
    population = Population(921)
    ledger = Ledger()
    sender = threading.Thread(
        target=daemon.send,
        args=([bad_message(population.sample(), number) for number in range(2_000)],),
    )
    sender.start()
    sender.join()
    daemon.send(load(Population(922), ledger, 2_000))
    health = daemon.settle(4_001)
    assert health["rejected"] == {"refused_by_store": 2_000}
    assert health["stored"] + health["merged"] == 2_001


@pytest.mark.parametrize(("store", "form"), pairs(STORES, ["gzip", "plain"]), indirect=["store"])
def test_an_import_sets_20_bad_rows_among_20_000_aside(
    store: Store, folder: Path, form: str
) -> None:
    """A second import finds only duplicates, of the refused rows too."""
    customs = Customs(store.url, folder)
    empty = folder / "empty.log"
    empty.write_text("")
    customs.text("import", str(empty))
    forbid = forbid_runs if form == "gzip" else forbid_users
    forbid(store)
    ledger = Ledger()
    # more than a batch; some lines are no records, some come twice, and the last one is bad
    good = load(Population(951), ledger, GOOD, twice=0.01, damaged=0.01, reasons=["bad_json"])
    messages = strew(good, 952, bad=BAD - 1)
    messages.append(bad_message(Population(953).sample(), BAD - 1))
    archive = folder / "archive.log"
    content = b"\n".join(messages) + b"\n"
    archive.write_bytes(gzip.compress(content, 1) if form == "gzip" else content)
    counted = customs.json("import", str(archive))
    rejected = dict(ledger.rejected) | {"refused_by_store": BAD}
    assert counted["received"] == ledger.messages + BAD
    assert counted["rejected"] == rejected
    assert counted["stored"] + counted["merged"] == len(ledger.distinct)
    assert counted["duplicate"] == ledger.duplicates
    assert_balanced(counted)
    reasons = quarantined(store)
    assert reasons.keys() == {f"{number:032x}" for number in range(BAD)}
    assert all("bad" in reason for reason in reasons.values()), reasons
    top = {row["package"]: row["processes"] for row in customs.json("top", "--limit", "1000")}
    assert top == {name: usage.processes for name, usage in ledger.top().items()}

    again = customs.json("import", str(archive))
    assert again["duplicate"] == len(ledger.distinct) + ledger.duplicates + BAD
    assert_balanced(again)
    assert_balanced(customs.health())
    assert len(quarantined(store)) == BAD


def test_an_import_refuses_a_part_without_siblings_at_its_end(store: Store, folder: Path) -> None:
    """It becomes a record at the end of the archive only; the other part is stored."""
    customs = Customs(store.url, folder)
    empty = folder / "empty.log"
    empty.write_text("")
    customs.text("import", str(empty))
    forbid_runs(store)
    population = Population(961)
    parts = [
        encode(population.sample().record | {"username": name, "part": 1, "parts": 2})
        for name in ("good", "bad1", "fine")
    ]
    archive = folder / "archive.log"
    archive.write_bytes(b"\n".join(parts) + b"\n")
    counted = customs.json("import", str(archive))
    assert counted["received"] == 3
    assert counted["stored"] + counted["merged"] == 2
    assert counted["rejected"] == {"refused_by_store": 1}
    assert len(quarantined(store)) == 1
    assert_balanced(customs.health())


def test_quarantine_can_be_imported_when_the_rule_is_gone(
    start_daemon: StartDaemon, make_store: object, folder: Path
) -> None:
    """As docs/operations.md tells operators to do."""
    assert callable(make_store)
    store: Store = make_store("sqlite")
    daemon = start_daemon(store)
    prepare(daemon)
    forbid_users(store)
    daemon.send(bad_message(Population(931).sample(), number) for number in range(3))
    daemon.settle(4)
    execute(store, "DROP TRIGGER no_bad")
    lines = [str(row[0]) for row in execute(store, "SELECT CAST(record AS TEXT) FROM quarantine")]
    archive = folder / "quarantine.jsonl"
    archive.write_text("\n".join(lines) + "\n")
    daemon.customs.text("import", str(archive))
    health = daemon.settle(7)
    assert health["stored"] + health["merged"] == 4
    assert health["rejected"] == {"refused_by_store": 3}
    store.close()


def test_rows_that_the_quarantine_refuses_are_in_a_file(daemon: Daemon, folder: Path) -> None:
    """The file beside the journal has each once, over kills too, and can be imported."""
    prepare(daemon)
    forbid_users(daemon.store)
    if daemon.store.name == "sqlite":
        rule = (
            "CREATE TRIGGER no_row BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        end = "DROP TRIGGER no_row; DROP TRIGGER no_bad"
    else:
        rule = "ALTER TABLE customs.quarantine ADD CONSTRAINT no_row CHECK (false) NOT VALID"
        end = "ALTER TABLE customs.users DROP CONSTRAINT no_bad"
    execute(daemon.store, rule)
    ledger = Ledger()
    daemon.send(strew(load(Population(941), ledger, 500), 942, bad=50))
    file = daemon.state / "refused.log"
    wait_until(file.exists, daemon.log_tail)
    daemon.kill()
    daemon.start()
    health = daemon.settle(551)
    assert health["rejected"] == {"refused_by_store": 50}
    assert health["stored"] + health["merged"] == 501
    assert health["duplicate"] == 0
    lines = file.read_text().splitlines()
    ids = [json.loads(line[line.index("{") :])["id"] for line in lines]
    assert sorted(ids) == [f"{number:032x}" for number in range(50)]
    assert all('reason="' in line and 'entry="' in line for line in lines)
    for statement in end.split("; "):
        execute(daemon.store, statement)
    shutil.copy(file, folder / "refused.log")
    daemon.customs.text("import", str(folder / "refused.log"))
    health = daemon.settle(601)
    assert health["stored"] + health["merged"] == 551
