"""Job numbers come round again: which records are of one job, and which facts are its own."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loadgen.records import encode
from support.centre import Record
from support.daemon import Customs, StartDaemon, Store, wait_until
from support.maintenance import Fill, Pack
from support.reference.filters import Filter
from support.reference.questions import Reference
from support.reference.values import same_numbers
from support.slurm_stand_in import StandIn

TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
NUMBERS = itertools.count(1)


def used(job: str, back: float, user: str = "ada", **more: Any) -> Record:
    """A record of a job of a minute, some days ago."""
    record = {
        "v": 1,
        "id": f"{next(NUMBERS):032x}",
        "event_timestamp": (TODAY - timedelta(days=back)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "elapsed": 60,
        "host": "nid1",
        "pid": 2,
        "username": user,
        "cluster": "rig",
        "job_id": job,
        "num_nodes": 1,
        "packages": {"numpy": "2.0"},
    }
    return record | more


def day(back: float) -> str:
    """The date some days ago."""
    return (TODAY - timedelta(days=back)).date().isoformat()


def test_a_number_after_months_is_another_job(fill: Fill) -> None:
    """It has an account, a size and users of its own, in whatever order records came."""
    customs = fill(
        [
            used("777", 680, "alice", num_nodes=4, repo="m1"),
            used("777", 10, "bob", num_nodes=2, repo="m2"),
        ]
    )
    fill([used("777", 680, "alice", num_nodes=4, repo="m1"), used("777", 9, "bob")])
    [row] = customs.json("top")
    assert (row["users"], row["jobs"], row["processes"]) == (2, 2, 4)
    assert row["node_hours"] == (4 * 60 + 2 * (86_400 + 60)) / 3_600
    for account, nodes in (("m1", 4), ("m2", 2)):
        assert [row["jobs"] for row in customs.json("top", "--account", account)] == [1]
        assert customs.json("jobsizes", "--account", account) == [{"nodes": nodes, "jobs": 1}]
    answer = customs.json("job", "777")
    assert (answer["username"], answer["account"], answer["num_nodes"]) == ("bob", "m2", 2)
    assert [run["username"] for run in answer["runs"]] == ["bob", "bob"]
    assert answer["same_number"] == [{"first_day": day(680), "last_day": day(680)}]
    assert answer == customs.json("job", "777", "--day", day(9))
    old = customs.json("job", "777", "--day", day(680))
    assert (old["username"], old["account"], old["num_nodes"]) == ("alice", "m1", 4)
    assert customs.run("job", "777", "--day", day(300)).returncode == 66
    rows = customs.text("export", "--format", "jsonl").splitlines()
    told = {(row["day"], row["recurrence"]) for row in map(json.loads, rows)}
    assert told == {(day(680), 0), (day(10), 1), (day(9), 1)}


# Days on which something is seen of a job, and how many jobs that makes.
@pytest.mark.parametrize(
    ("days", "jobs"),
    [
        # up to a week may pass
        ((20, 13), 1),
        ((20, 12), 2),
        # what lies between shows that it is one
        ((40, 33, 26), 1),
        ((40, 28, 34), 1),
        ((40, 26, 34, 33), 1),
        # and here three
        ((400, 40, 30), 3),
    ],
)
def test_job_numbers_do_not_depend_on_the_order_of_records(
    fill: Fill, pack: Pack, days: tuple[int, ...], jobs: int
) -> None:
    """Nor on days that were packed before a record came."""
    orders = list(itertools.permutations(days))
    for step in range(len(days)):
        customs = fill(
            [
                used(str(100 + n), order[step], f"user{order[step]}")
                for n, order in enumerate(orders)
            ]
        )
    pack(customs)
    [row] = customs.json("top")
    assert (row["jobs"], row["processes"]) == (jobs * len(orders), len(days) * len(orders))
    for number in range(len(orders)):
        answer = customs.json("job", str(100 + number))
        assert len(answer.get("same_number", ())) == jobs - 1
        if jobs == 1:
            assert len(answer["runs"]) == len(days)


def test_a_long_process_joins_both_ends_of_its_job(fill: Fill) -> None:
    """Reported first or last, and beside others of its day."""
    for job, order in (("1", 1), ("2", -1)):
        records = [
            used(job, 60),
            used(job, 20),
            # alike, but for how long it ran
            used(job, 20, elapsed=36 * 86_400),
        ]
        customs = fill(records[::order])
    [row] = customs.json("top")
    assert (row["jobs"], row["processes"]) == (2, 6)


def test_each_start_of_a_requeued_job_is_a_job(fill: Fill) -> None:
    """In arrays too: each number's job has its own starts."""
    customs = fill(
        [
            *(used("5", 300), used("5", 299, restart=1)),
            *(used("5", 30, "bob"), used("5", 29, "bob", restart=1)),
            used("5", 29, "bob", restart=2),
            used("8", 300, array_job_id=7, array_task_id=3),
            used("9", 3, "bob", array_job_id=7, array_task_id=3),
        ]
    )
    [row] = customs.json("top")
    assert row["jobs"] == 7
    for back, restart, runs in ((30, 2, 3), (300, 1, 2)):
        answer = customs.json("job", "5", "--day", day(back))
        assert (answer["restart"], len(answer["runs"])) == (restart, runs)
    assert customs.json("job", "7_3")["username"] == "bob"


def test_a_restarted_daemon_tells_jobs_of_one_number_apart(
    start_daemon: StartDaemon, store: Store
) -> None:
    """After a restart, and beyond its memory; no record is lost."""
    days = (200, 199, 100, 3, 101, 2, 198)
    records = [used("777", back, f"user{back // 50}") for back in days]
    for number in range(2):
        daemon = start_daemon(store)
        daemon.send(encode(record) for record in records[number * 4 : number * 4 + 4])
        daemon.settle((4, 7)[number])
        daemon.stop()
    [row] = daemon.customs.json("top")
    assert (row["users"], row["jobs"], row["processes"]) == (4, 3, 7)
    assert same_numbers(daemon.customs.json("top")) == same_numbers(
        Reference(records).top(Filter())
    )


@pytest.fixture
def stand_in(folder: Path) -> StandIn:
    """Slurm's commands."""
    return StandIn(folder)


def test_facts_of_another_time_are_not_a_jobs_own(
    store: Store, start_daemon: StartDaemon, stand_in: StandIn, folder: Path
) -> None:
    """Each job of a number gets its own facts; a job that Slurm has forgotten gets none."""

    def start(began: date, user: str, seconds: int) -> dict[str, str]:
        times = {"Submit": f"{began}T11:58:00", "Start": f"{began}T11:59:00"}
        end = {"End": f"{began}T12:01:00", "ElapsedRaw": str(seconds)}
        return {**times, **end, "User": user, "Account": f"of-{user}"}

    stand_in.started(
        start(TODAY.date() - timedelta(days=3_000), "old", 120),
        start(TODAY.date() - timedelta(days=1), "new", 240),
    )
    # a job of this number holds nodes now
    stand_in.runs(779, 779)
    archive = folder / "old.jsonl"
    records = [
        *(used("777", 3_000), used("777", 1), used("778", 1_500)),
        *(used("779", 3_000), used("779", 0)),
    ]
    archive.write_text("".join(json.dumps(record) + "\n" for record in records[::2]))
    assert Customs(store.url, folder).json("import", str(archive))["stored"] == 3
    daemon = start_daemon(store, settings=stand_in.settings)
    daemon.send(encode(record) for record in records[1::2])

    def told(job: str, back: int) -> tuple[str, str | None, int | None]:
        answer = daemon.customs.json("job", job, "--day", day(back))
        return answer["source"], answer["account"], answer["elapsed_seconds"]

    # the import's three count as received too
    daemon.settle(5)
    # the running job's facts come first, and those of ended ones in the same sweep
    wanted = {
        ("777", 3_000): ("slurm", "of-old", 120),
        ("777", 1): ("slurm", "of-new", 240),
        ("779", 3_000): ("slurm", "of-old", 120),
        ("779", 0): ("slurm", "m1", None),
    }
    wait_until(
        lambda: {key: told(*key) for key in wanted} == wanted,
        lambda: f"{ {key: told(*key) for key in wanted} }\n{daemon.log_tail()}",
    )
    calls = stand_in.count("sacct")
    wait_until(lambda: stand_in.count("sacct") > calls, daemon.log_tail)
    assert told("778", 1_500) == ("environment", None, None)
    [row] = [row for row in daemon.customs.json("top") if row["package"] == "numpy"]
    assert (row["jobs"], row["processes"]) == (5, 5)


def test_one_job_of_a_years_store_is_found_at_once(sqlite_store: Store, folder: Path) -> None:
    """SQLite's planner has no statistics; a bad plan took minutes."""
    records = [
        used(
            str(1_000 + back),
            back,
            f"user{back}",
            step_id=str(back),
            main=f"/home/user{back}/run.py",
            executable=f"/home/user{back}/bin/python",
            prefix=f"/home/user{back}",
            packages={f"package{back}": "1"},
        )
        for back in range(370)
    ]
    archive = folder / "year.jsonl"
    archive.write_text("".join(json.dumps(record) + "\n" for record in records))
    customs = Customs(sqlite_store.url, folder)
    assert customs.json("import", str(archive))["stored"] == 370
    commands = (
        *(("job", "1005"), ("job", "1369"), ("user", "user5")),
        *(("export", "--limit", "5"), ("health", "--claims")),
    )
    for _ in range(2):
        for command in commands:
            began = time.monotonic()
            assert customs.run(*command, "--format", "json").returncode == 0
            # a tenth of a second, on a machine that has nothing else to do
            assert time.monotonic() - began < 5, command
        customs.json("pack")


def test_documented_views_look_up_names_of_runs(sqlite_store: Store, folder: Path) -> None:
    """Plans read runs first, then the rows that they name."""
    customs = Customs(sqlite_store.url, folder)
    assert customs.run("import", "/dev/null").returncode == 0
    for view in ("named_runs", "named_packages"):
        first, *others = list(plan(sqlite_store, f"SELECT * FROM {view} WHERE job_id = '7'"))
        assert first.startswith("SCAN r")
        assert all(step.startswith("SEARCH") for step in others), others


def plan(store: Any, statement: str) -> Iterator[str]:
    """How SQLite goes about it, table by table."""
    connection = sqlite3.connect(store.path)
    for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
        yield row[-1]
    connection.close()
