"""`customs prune`: the detail that it deletes, and the sums that stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loadgen.records import encode
from support.centre import Centre, Record
from support.daemon import Customs, StartDaemon, Store
from support.job_numbers import moment, number_of
from support.maintenance import Fill, Pack, since, vouch
from support.reference import accounts
from support.reference.counting import UNITS
from support.reference.filters import Filter
from support.reference.publication import coarse, without_smallest
from support.reference.questions import Reference
from support.reference.values import same_numbers

TRENDS = (
    Filter(),
    Filter(staff=True),
    Filter(system="perlmutter"),
    Filter(direct=True),
    Filter(compute=True),
    Filter(compute=False),
)


@pytest.mark.long
def test_prune_takes_the_detail_and_leaves_the_sums(fill: Fill, pack: Pack) -> None:
    """Users, processes and the months' jobs stay; in one step or in several."""
    centre = Centre(11, records=900, days=150, tidy=True)
    customs = fill(centre.records)
    whole = Reference(centre.records)
    jobs = {p.record["id"]: p.job for p in whole.all}
    names = ("numpy", "h5py", "multiprocessing")

    def trends() -> list[Any]:
        return [customs.json("trend", *names, *wanted.options()) for wanted in TRENDS]

    def of_account(answer: list[Record]) -> list[Any]:
        return [(row["package"], row["month"], row["jobs"]) for row in answer]

    person = "user4"
    about_person = customs.json("user", person)
    assert about_person["processes"] > 0
    account = ("trend", *names, "--account", "m6")
    of_account_before = of_account(customs.json(*account))

    before = trends()
    assert before == [whole.trend(wanted, *names) for wanted in TRENDS]
    top = customs.json("top")
    kept = centre.records
    # within a month, at its end, and everything but the last days
    for cutoff in (centre.newest.date() - timedelta(days=back) for back in (120, 100, 99, 20)):
        old, kept = kept, since(kept, cutoff)
        wanted = {"processes": len(old) - len(kept)}
        if (centre.newest.date() - cutoff).days > 40:
            wanted["jobs"] = len(
                {jobs[r["id"]] for r in old} - {jobs[r["id"]] for r in kept} - {None}
            )
        dry = customs.json("prune", "--older-than", cutoff.isoformat(), "--dry-run")
        assert dry["dry_run"] is True
        assert {key: dry[key] for key in wanted} == wanted
        assert customs.json("prune", "--older-than", cutoff.isoformat(), "--dry-run") == dry
        done = customs.json("prune", "--older-than", cutoff.isoformat())
        assert done == dry | {"dry_run": False}
        again = customs.json("prune", "--older-than", cutoff.isoformat())
        assert not any(again[key] for key in ("runs", "processes", "jobs"))

        assert trends() == before
        pack(customs)
        assert trends() == before
        # of an account's users nothing is kept, and a month without any is no month of none
        told = customs.json(*account)
        assert of_account(told) == of_account_before
        left: dict[tuple[str, str], set[str | None]] = {}
        for p in whole.select(Filter(account="m6")):
            for name in p.packages if p.day >= cutoff else ():
                left.setdefault((name, p.day.isoformat()[:7]), set()).add(p.user)
        for row in told:
            owners = left.get((row["package"], row["month"]))
            assert row["users"] == (owners and len(owners)), row
        assert any(row["users"] is None for row in told)
        # the project has this account alone
        project = ("--accounts", accounts.file(), "--project", "Pulsars")
        assert customs.json("trend", *names, *project) == told
        assert customs.json("package", "numpy", "--account", "m6")["by_month"] == [
            {key: row[key] for key in ("month", "users", "jobs")}
            for row in told
            if row["package"] == "numpy"
        ]
        again = customs.json("user", person)
        of_runs: Record = {"jobs": 0, "last_jobs": []}
        assert again | of_runs == about_person | of_runs
        rest = Reference(kept, jobs_known_of=centre.records).user(Filter(), person)
        assert all(same_numbers(again[key]) == same_numbers(rest[key]) for key in of_runs)
        counted = {row["package"]: row for row in Reference(kept).top(Filter())}
        for row in customs.json("top"):
            then = next(each for each in top if each["package"] == row["package"])
            assert (row["users"], row["processes"]) == (then["users"], then["processes"])
            assert row["jobs"] == counted.get(row["package"], {"jobs": 0})["jobs"]
        assert same_numbers(customs.json("jobsizes")) == Reference(
            kept, jobs_known_of=centre.records
        ).jobsizes(Filter())
        package = customs.json("package", "numpy")
        assert package["users"] == whole.package(Filter(), "numpy")["users"]
        assert package["first_seen"][:10] == whole.package(Filter(), "numpy")["first_seen"][:10]
    recent = since(centre.records, centre.newest.date() - timedelta(days=45))
    gone = {number_of(r) for r in centre.records} - {number_of(r) for r in recent}
    still = {job[:2] for job in map(number_of, recent) if job}
    cluster, number, _ = max(job for job in gone if job and job[:2] not in still)
    assert customs.run("job", number, "--cluster", cluster).returncode == 66


PUBLIC: dict[str, Callable[[Reference, Filter], Any]] = {
    "top": Reference.top,
    "ended": Reference.ended,
    "jobsizes": Reference.jobsizes,
    "correlate": Reference.correlate,
    "environments": Reference.environments,
    "python": Reference.python,
}


def test_public_answers_count_only_users_with_runs(store: Store, fill: Fill, pack: Pack) -> None:
    """Users whose runs are pruned are in the sums only."""
    centre = Centre(23, records=900, days=150)
    # of late nearly everything is one person's
    cutoff = centre.newest.date() - timedelta(days=60)
    records = [
        record
        for record in centre.records
        if moment(record).date() < cutoff or record.get("username") in ("user0", "user5")
    ]
    customs = fill(records)
    vouch(store)
    customs.json("prune", "--older-than", cutoff.isoformat())
    pack(customs)
    reference = Reference(records, pruned_before=cutoff)
    for least in (0, 5, 7):
        wanted = Filter(public=least)
        for question, answer in PUBLIC.items():
            rows = answer(reference, wanted)
            if least and question in ("jobsizes", "environments", "python"):
                rows = without_smallest(rows, answer(reference, Filter()))
            expected = [coarse(row) if least else row for row in rows]
            assert same_numbers(customs.json(question, *wanted.options())) == same_numbers(
                expected
            ), (question, wanted)
    # what accounts belong to has a test of its own, with a file
    for unit in (unit for unit in UNITS if unit not in accounts.PROPERTIES):
        expected = reference.top(Filter(), per=unit)
        assert same_numbers(customs.json("top", "--per", unit)) == same_numbers(expected), unit
    # jobs and hours of pruned days are missing, so no total of them is shown as whole
    summary = customs.json("summary")
    assert summary["period"]["complete"] is False
    newer = customs.json(
        "summary", "--since", cutoff.isoformat(), "--until", centre.newest.date().isoformat()
    )
    assert newer["period"]["complete"] is True
    assert newer["against"]["period"]["complete"] is False
    assert reference.ended(Filter(public=1))
    assert not reference.ended(Filter(public=3))


def test_a_job_goes_on_whose_old_runs_were_pruned(start_daemon: StartDaemon, store: Store) -> None:
    """The daemon still remembers the job's number."""
    daemon = start_daemon(store)
    now = datetime.now(UTC)

    def record(number: int, job: str, when: datetime) -> bytes:
        return encode(
            {
                "v": 1,
                "id": f"{number:032x}",
                "event_timestamp": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "host": "nid1",
                "pid": 1,
                "username": "ada",
                "job_id": job,
                "cluster": "alder",
                "num_nodes": 3,
                "main": "/home/ada/run.py",
                "packages": {"numpy": "2.0"},
            }
        )

    def prune() -> tuple[int, int]:
        before = daemon.customs.json("prune", "--older-than", "2d", "--dry-run")
        pruned = daemon.customs.json("prune", "--older-than", "2d")
        assert pruned == before | {"dry_run": False}
        return pruned["runs"], pruned["jobs"]

    daemon.send(
        [record(1, "77", now - timedelta(days=5)), record(2, "78", now - timedelta(days=40))]
    )
    daemon.settle(2)
    # a job of some days ago may still run
    assert prune() == (2, 1)
    assert prune() == (0, 0)
    assert daemon.customs.json("job", "77")["runs"] == []
    assert daemon.customs.run("job", "78").returncode == 66
    daemon.send([record(3, "77", now), record(4, "78", now)])
    daemon.settle(4)
    answer = daemon.customs.json("job", "77")
    assert (answer["username"], answer["num_nodes"], len(answer["runs"])) == ("ada", 3, 1)
    assert [run["processes"] for run in daemon.customs.json("job", "78")["runs"]] == [1]
    [row] = daemon.customs.json("top")
    assert (row["users"], row["jobs"], row["processes"]) == (1, 2, 4)


@pytest.mark.parametrize("when", ["yesteryear", "", "-3d", "2026-13-01"])
def test_prune_without_a_day_is_refused(sqlite_store: Store, folder: Path, when: str) -> None:
    """EX_USAGE, before anything is touched."""
    done = Customs(sqlite_store.url, folder).run("prune", f"--older-than={when}")
    assert done.returncode == 64
    assert "--older-than" in done.stderr


@pytest.mark.parametrize("command", ["prune", "anonymize"])
def test_maintenance_commands_refuse_filters(fill: Fill, command: str) -> None:
    """They would go beyond what the filter selects."""
    centre = Centre(8, records=50)
    customs = fill(centre.records)
    before = customs.json("top", "--include-staff")
    for option in (("--system", "cori"), ("--account", "m4"), ("--since", "10d"), ("--limit", "1")):
        done = customs.run(command, "--older-than", "0d", *option)
        assert done.returncode == 64
        assert option[0] in done.stderr
    assert customs.json("top", "--include-staff") == before
