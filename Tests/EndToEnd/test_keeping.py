"""What is pruned, made anonymous, published and exported, and what stays as it was."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from centre import Centre, Record
from daemon import PATIENCE, ROOT, Customs, StartDaemon, Store, clean_environment
from loadgen.records import encode
from postgres import find
from reference import Filter, Reference, job_of, same_numbers
from stores import PostgresStore, SQLiteStore

Fill = Callable[[list[Record]], Customs]
Pack = Callable[[Customs], None]


@pytest.fixture(params=["live", "packed"])
def pack(request: pytest.FixtureRequest) -> Pack:
    """Packs all days that are not, as a daemon does in time; or leaves them."""
    return (lambda customs: customs.json("pack")) if request.param == "packed" else lambda _: None


@pytest.fixture
def fill(store: Store, folder: Path, pack: Pack) -> Fill:
    """Imports records into a store."""

    def fill(records: list[Record]) -> Customs:
        customs = Customs(store.url, folder)
        archive = folder / f"{len(list(folder.iterdir()))}.jsonl"
        archive.write_text("".join(json.dumps(record) + "\n" for record in records))
        assert customs.json("import", str(archive))["received"] == len(records)
        pack(customs)
        return customs

    return fill


def _since(records: list[Record], day: date) -> list[Record]:
    return [p.record for p in Reference(records).all if p.day >= day]


# Prune


TRENDS = (
    Filter(),
    Filter(staff=True),
    Filter(system="perlmutter"),
    Filter(direct=True),
    Filter(compute=True),
    Filter(compute=False),
)


def test_prune_takes_the_detail_and_leaves_the_sums(fill: Fill, pack: Pack) -> None:
    """Users, processes and the months' jobs outlive it; by one step or by several."""
    centre = Centre(11, records=900, days=150, tidy=True)
    customs = fill(centre.records)
    whole = Reference(centre.records)
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
        old, kept = kept, _since(kept, cutoff)
        wanted = {"processes": len(old) - len(kept)}
        if (centre.newest.date() - cutoff).days > 40:
            wanted["jobs"] = len({job_of(r) for r in old} - {job_of(r) for r in kept} - {None})
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
        assert all(row["users"] for row in customs.json(*account, "--public", "--min-users", "1"))
        assert customs.json("package", "numpy", "--account", "m6")["by_month"] == [
            {key: row[key] for key in ("month", "users", "jobs")}
            for row in told
            if row["package"] == "numpy"
        ]
        again = customs.json("user", person)
        assert {**again, "jobs": 0} == {**about_person, "jobs": 0}
        assert again["jobs"] == Reference(kept).user(Filter(), person)["jobs"]
        counted = {row["package"]: row for row in Reference(kept).top(Filter())}
        for row in customs.json("top"):
            then = next(each for each in top if each["package"] == row["package"])
            assert (row["users"], row["processes"]) == (then["users"], then["processes"])
            assert row["jobs"] == counted.get(row["package"], {"jobs": 0})["jobs"]
        assert same_numbers(customs.json("jobsizes")) == Reference(kept).jobsizes(Filter())
        package = customs.json("package", "numpy")
        assert package["users"] == whole.package(Filter(), "numpy")["users"]
        assert package["first_seen"][:10] == whole.package(Filter(), "numpy")["first_seen"][:10]
    recent = _since(centre.records, centre.newest.date() - timedelta(days=45))
    gone = {job_of(r) for r in centre.records} - {job_of(r) for r in recent}
    still = {job[:2] for job in map(job_of, recent) if job}
    cluster, number, _ = max(job for job in gone if job and job[:2] not in still)
    assert customs.run("job", number, "--cluster", cluster).returncode == 66


def test_prune_beside_a_daemon(start_daemon: StartDaemon, store: Store) -> None:
    """A job whose old runs were pruned goes on, although the daemon remembers its number."""
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
def test_prune_wants_a_day(sqlite_store: Store, folder: Path, when: str) -> None:
    """EX_USAGE, before anything is touched."""
    done = Customs(sqlite_store.url, folder).run("prune", f"--older-than={when}")
    assert done.returncode == 64
    assert "--older-than" in done.stderr


@pytest.mark.parametrize("command", ["prune", "anonymize"])
def test_a_part_is_not_taken_for_all(fill: Fill, command: str) -> None:
    """Who asks for one system's old usage must not lose everybody's."""
    centre = Centre(8, records=50)
    customs = fill(centre.records)
    before = customs.json("top", "--include-staff")
    for option in (("--system", "cori"), ("--account", "m4"), ("--since", "10d"), ("--limit", "1")):
        done = customs.run(command, "--older-than", "0d", *option)
        assert done.returncode == 64
        assert option[0] in done.stderr
    assert customs.json("top", "--include-staff") == before


# Anonymize


def _renamed(records: list[Record]) -> list[Record]:
    """With names that occur nowhere else, in paths too."""
    text = re.sub(r"\buser(\d+)\b", r"kermit\1x", json.dumps(records))
    renamed: list[Record] = json.loads(text)
    return renamed


COUNTS = (
    *(("top",), ("package", "numpy"), ("jobsizes",), ("correlate",), ("python",), ("ended",)),
    *(("trend", "numpy", "h5py"), ("versions", "numpy"), ("stacks",), ("top", "--include-staff")),
)


def _without_names(person: Record) -> tuple[Any, ...]:
    """What a person did."""
    return (person["jobs"], person["processes"], person["packages"])


def _contents(store: Store) -> bytes:
    if isinstance(store, SQLiteStore):
        return b"".join(path.read_bytes() for path in store.path.parent.glob("*sqlite*"))
    assert isinstance(store, PostgresStore)
    return subprocess.run(
        [find("pg_dump"), "--data-only", "-d", store.url],
        env=clean_environment(Path("/tmp")),
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    ).stdout


def test_anonymize_changes_names_and_no_count(fill: Fill, store: Store, folder: Path) -> None:
    """Old usage bears pseudonyms, and every count stays as it was."""
    centre = Centre(5, records=900, days=120)
    records = _renamed(centre.records)
    cutoff = centre.newest.date() - timedelta(days=60)
    # two users went before, and three came later
    records = [
        p.record
        for p in Reference(records).all
        if not (p.user in ("kermit0x", "kermit5x") and p.day >= cutoff)
        and not (p.user in ("kermit6x", "kermit7x", "kermit1x") and p.day < cutoff)
    ]
    customs = fill(records)
    reference = Reference(records)
    old = {p.user for p in reference.all if p.user and p.day < cutoff}
    new = {p.user for p in reference.all if p.user and p.day >= cutoff}
    assert {"kermit0x", "kermit5x"} <= old - new
    before = [customs.json(*question) for question in COUNTS]
    anonymize = ("anonymize", "--older-than", cutoff.isoformat())
    key = folder / "state/customs/pseudonyms.key"

    dry = customs.json(*anonymize, "--dry-run")
    assert set(dry["names"]) == old
    assert dry["users"] == len(old)
    assert customs.json("user", "kermit0x")["processes"] > 0
    assert not key.exists()

    done = customs.json(*anonymize)
    assert set(done["names"]) == old
    assert done["paths"] > 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert [customs.json(*question) for question in COUNTS] == before
    assert customs.json(*anonymize)["names"] == []
    for name in sorted(old | new):
        assert customs.json("user", name)["processes"] == sum(
            p.user == name and p.day >= cutoff for p in reference.all
        ), name
    names = {row["username"] for row in customs.json("who", "numpy", "--include-staff")}
    pseudonyms = {name for name in names if re.fullmatch(r"user-[0-9a-f]{16}", name)}
    assert names - pseudonyms <= new
    assert pseudonyms
    # who numpy's users were is not to be told; what each of them did is what somebody did
    told = [customs.json("user", name) for name in pseudonyms]
    expected = [
        Reference(p.record for p in reference.all if p.user == name and p.day < cutoff).user(
            Filter(), name
        )
        for name in {p.user for p in reference.all if p.user and p.day < cutoff}
    ]
    assert sorted(map(_without_names, told)) == sorted(
        _without_names(person) for person in expected if "numpy" in person["packages"]
    )

    contents = _contents(store)
    assert b"kermit3x" in contents
    for name in ("kermit0x", "kermit5x"):
        assert name.encode() not in contents

    # one of them comes back, and is the same person once more
    back = [
        p.record | {"id": f"{number:032x}", "event_timestamp": centre.newest.isoformat()}
        for number, p in enumerate(reference.all)
        if p.user == "kermit0x"
    ]
    fill(back)
    later = (centre.newest.date() + timedelta(days=1)).isoformat()
    assert "kermit0x" in customs.json("anonymize", "--older-than", later)["names"]
    assert same_numbers(customs.json("top")) == same_numbers(
        Reference(records + back).top(Filter())
    )
    contents = _contents(store)
    for number in range(8):
        assert f"kermit{number}x".encode() not in contents


def test_forget(fill: Fill, folder: Path) -> None:
    """The key and what links names to pseudonyms go; then the two count as two."""
    today = datetime.now(UTC)

    def record(number: int, back: int) -> Record:
        when = today - timedelta(days=back)
        return {
            "v": 1,
            "id": f"{number:032x}",
            "event_timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "username": "ada",
            "job_id": "5",
            "packages": {"numpy": "2.0"},
        }

    customs = fill([record(1, 300), record(2, 1)])
    key = folder / "keys"
    options = ("--key-file", str(key))
    assert customs.json("anonymize", "--older-than", "180d", *options)["names"] == ["ada"]
    first = key.read_text()
    [row] = customs.json("top")
    assert row["users"] == 1
    # another key makes other pseudonyms, and leaves those that there are
    names = {row["username"] for row in customs.json("who", "numpy")}
    assert customs.json("anonymize", "--older-than", "180d", "--rotate", *options)["names"] == []
    assert key.read_text() != first
    assert {row["username"] for row in customs.json("who", "numpy")} == names
    assert len(names) == 2

    assert customs.json("anonymize", "--forget", "--dry-run", *options)["forgotten"] is True
    assert key.exists()
    assert customs.json("anonymize", "--forget", *options)["forgotten"] is True
    assert not key.exists()
    [row] = customs.json("top")
    assert (row["users"], row["jobs"], row["processes"]) == (2, 1, 2)
    assert {row["username"] for row in customs.json("who", "numpy")} == names
    assert customs.json("user", "ada")["processes"] == 1
    assert customs.json("anonymize", "--forget", *options)["forgotten"] is False


def _used(number: int, name: str, when: datetime, **more: Any) -> Record:
    """A record of somebody's."""
    record: Record = {
        "v": 1,
        "id": f"{number:032x}",
        "event_timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "username": name,
        "main": f"/home/{name}/run.py",
        "executable": f"/home/{name}/bin/python",
        "packages": {"numpy": "2.0"},
    }
    return record | more


def _execute(store: Store, script: str) -> None:
    if isinstance(store, SQLiteStore):
        connection = sqlite3.connect(store.path)
        connection.executescript(script)
        connection.close()
    else:
        assert isinstance(store, PostgresStore)
        store.execute(f"SET search_path = customs; {script}")


def test_a_name_that_is_gone_is_found_in_paths_later(fill: Fill, store: Store) -> None:
    """Somebody else goes on using what a person who left had made."""
    shared = {"prefix": "/home/kermit1x/env", "main": "/home/kermit1x/tool.py"}
    then = datetime(2025, 1, 10, tzinfo=UTC)
    later = datetime(2025, 8, 10, tzinfo=UTC)
    now = datetime(2026, 1, 10, tzinfo=UTC)
    customs = fill(
        [
            _used(1, "kermit1x", then),
            _used(2, "kermit2x", then, **shared),
            _used(3, "kermit2x", later, **shared),
            _used(4, "kermit2x", now, executable="/usr/bin/python3", main="-c"),
        ]
    )
    assert customs.json("anonymize", "--older-than", "2025-06-01")["paths"] > 0
    assert b"kermit1x" in _contents(store)
    done = customs.json("anonymize", "--older-than", "2025-12-01")
    # a program, an interpreter, an environment
    assert (done["names"], done["paths"]) == (["kermit2x"], 3)
    assert b"kermit1x" not in _contents(store)
    [environment] = customs.json("user", "kermit2x", "--since", "2026-01-01")["environments"] or [
        ""
    ]
    assert environment == ""
    assert customs.json("anonymize", "--older-than", "2025-12-01")["paths"] == 0


def test_paths_that_nothing_uses_any_more_go(fill: Fill, store: Store) -> None:
    """The programs of runs that were pruned."""
    then = datetime(2025, 1, 10, tzinfo=UTC)
    customs = fill([_used(1, "kermit1x", then), _used(2, "kermit2x", datetime.now(UTC))])
    assert customs.json("prune", "--older-than", "2025-06-01")["runs"] == 1
    assert b"/home/kermit1x" in _contents(store)
    assert customs.json("anonymize", "--older-than", "2025-06-01")["names"] == ["kermit1x"]
    contents = _contents(store)
    assert b"kermit1x" not in contents
    assert b"/home/kermit2x/run.py" in contents
    [row] = customs.json("top")
    assert (row["users"], row["processes"]) == (2, 2)


def test_names_that_slurm_alone_told(fill: Fill, store: Store) -> None:
    """They become pseudonyms too, and so do those that nothing needs any more."""
    _fill_jobs(fill, store)
    customs = fill([])
    anonymize = ("anonymize", "--older-than", "2025-06-01")
    wanted = {"kermit1x", "kermit2x", "kermit3x", "kermit4x", "kermit5x"}
    assert set(customs.json(*anonymize, "--dry-run")["names"]) == wanted
    assert set(customs.json(*anonymize)["names"]) == wanted
    contents = _contents(store)
    for name in ("kermit1x", "kermit2x", "kermit4x"):
        assert name.encode() not in contents, name
    # who has a newer job keeps the name for it
    told = {job: customs.json("job", job)["username"] for job in ("1", "2", "3", "6")}
    assert told["3"] == "kermit3x"
    for job in ("1", "2", "6"):
        assert re.fullmatch("user-[0-9a-f]{16}", told[job]), job
    assert len({told[job] for job in ("1", "2", "6")}) == 3
    assert customs.json(*anonymize)["names"] == []


def _fill_jobs(fill: Fill, store: Store) -> None:
    """Jobs of which Slurm says another user than the records, and a name that nobody bears."""
    then = datetime(2025, 1, 10, tzinfo=UTC)
    now = datetime.now(UTC)
    fill([_used(1, "kermit1x", then, job_id="1"), _used(2, "kermit1x", then, job_id="2")])
    names = ", ".join(f"('kermit{number}x')" for number in (2, 3, 4))
    _execute(store, f"INSERT INTO users (name) VALUES {names}")
    fill([_used(3, "kermit5x", now, job_id="3"), _used(4, "kermit5x", then, job_id="6")])
    for job, name, when in (("2", 2, then), ("3", 3, now), ("6", 3, then)):
        day = int(when.timestamp()) * 1_000_000
        _execute(
            store,
            f"UPDATE jobs SET source = 1, uid = 4711, end_time = {day}, "
            f"usr = (SELECT id FROM users WHERE name = 'kermit{name}x') WHERE job_id = '{job}'",
        )


@pytest.mark.parametrize("facts", ["", "end_time = {then}", "start_time = {then}"])
def test_a_job_without_runs_shows_no_name(fill: Fill, store: Store, facts: str) -> None:
    """Old jobs stay some weeks longer than their runs."""
    now = datetime.now(UTC)
    then = now - timedelta(days=5)
    customs = fill([_used(1, "ada", then, job_id="77"), _used(2, "ada", now, job_id="78")])
    if facts:
        moment = int(then.timestamp()) * 1_000_000
        words = facts.format(then=moment)
        _execute(store, f"UPDATE jobs SET source = 1, {words} WHERE job_id = '77'")
    cutoff = (now - timedelta(days=2)).date().isoformat()
    assert customs.json("prune", "--older-than", cutoff)["runs"] == 1
    assert customs.json("job", "77")["username"] == "ada"
    assert customs.json("anonymize", "--older-than", cutoff)["names"] == ["ada"]
    answer = customs.json("job", "77")
    assert answer["runs"] == []
    assert re.fullmatch("user-[0-9a-f]{16}", answer["username"])
    assert customs.json("job", "78")["username"] == "ada"


def test_claims_show_names_as_everywhere(fill: Fill, store: Store) -> None:
    """Pseudonyms for old jobs."""
    now = datetime.now(UTC)
    then = now - timedelta(days=300)
    customs = fill(
        [
            *(_used(1, "ada", then, job_id="5"), _used(2, "ada", now, job_id="6")),
            *(_used(3, "eve", then), _used(4, "eve", now)),
        ]
    )
    _execute(store, "UPDATE jobs SET source = 1, usr = (SELECT id FROM users WHERE name = 'eve')")
    customs.json("anonymize", "--older-than", "180d")
    rows = customs.json("health", "--claims")["claims"]["differences"]
    told = {row["job_id"]: (row["claimed"], row["slurm"]) for row in rows}
    assert told["6"] == ("ada", "eve")
    for name in told["5"]:
        assert re.fullmatch("user-[0-9a-f]{16}", name)
    assert told["5"][0] != told["5"][1]


def test_forget_leaves_nothing_of_a_person_with_old_jobs(fill: Fill, store: Store) -> None:
    """Neither the number nor what the job was called, nor who was claimed to have run it."""
    now = datetime.now(UTC)
    then = now - timedelta(days=300)
    customs = fill([_used(1, "ada", then, job_id="5"), _used(2, "ada", now, job_id="6")])
    customs.json("anonymize", "--older-than", "180d")
    # Slurm's word came late
    _execute(store, "UPDATE jobs SET uid = 4711, name = 'adas-job'")
    pseudonym = customs.json("job", "5")["username"]
    customs.json("anonymize", "--forget")
    answer = customs.json("job", "5")
    assert (answer["username"], answer["name"]) == (pseudonym, None)
    assert customs.json("job", "6")["name"] == "adas-job"
    kept = "SELECT count(*) FROM jobs WHERE job_id = '5' AND uid IS NULL AND claimed_usr = 0"
    assert _count(store, kept) == 1


def _count(store: Store, statement: str) -> int:
    if isinstance(store, SQLiteStore):
        connection = sqlite3.connect(store.path)
        [[count]] = connection.execute(statement)
        connection.close()
        return int(count)
    assert isinstance(store, PostgresStore)
    return int(store.execute(f"SET search_path = customs; {statement}")[-1][0])


def test_a_key_belongs_to_whom_its_folder_belongs(fill: Fill, folder: Path) -> None:
    """The first run is by hand, as root; then a timer's user goes on with the key."""
    customs = fill([])
    state = folder / "keys"
    state.mkdir()
    if os.geteuid() == 0:
        os.chown(state, 4711, 4712)
    key = state / "key"
    for words in ((), ("--rotate",)):
        customs.json("anonymize", "--older-than", "1d", "--key-file", str(key), *words)
        status, owner = key.stat(), state.stat()
        assert (status.st_uid, status.st_gid) == (owner.st_uid, owner.st_gid)
        assert status.st_mode & 0o777 == 0o600


def test_a_key_that_others_may_read_is_refused(fill: Fill, folder: Path) -> None:
    """EX_CONFIG, and nothing is changed."""
    customs = fill([])
    key = folder / "key"
    for mode, text in ((0o644, "00" * 32), (0o600, "no key"), (0o600, "00" * 31)):
        key.write_text(text + "\n")
        key.chmod(mode)
        done = customs.run("anonymize", "--older-than", "1d", "--key-file", str(key))
        assert done.returncode == 78
        assert str(key) in done.stderr
    assert customs.run("anonymize").returncode == 64


# Publishing


def test_public_answers_tell_of_no_small_group(fill: Fill) -> None:
    """What fewer than five users did is left out."""
    centre = Centre(3, records=700, tidy=True)
    customs = fill(_renamed(centre.records))
    for question in (("top",), ("python",), ("versions", "PIL"), ("trend", "numpy"), ("stacks",)):
        whole = customs.json(*question)
        for most in (5, 7):
            assert customs.json(*question, "--public", "--min-users", str(most)) == [
                row for row in whole if row["users"] >= most
            ], question
        assert customs.json(*question, "--public") == [row for row in whole if row["users"] >= 5]
    assert any(row["users"] < 5 for row in customs.json("stacks"))
    assert not any(
        "kermit" in (row["prefix"] or "") for row in customs.json("environments", "--public")
    )

    chosen = Reference(centre.records).select(Filter())
    owners: dict[tuple[str, str], set[str | None]] = {}
    jobs: dict[Any, set[str]] = {}
    for p in chosen:
        jobs.setdefault(p.job, set()).update(p.packages)
    for p in chosen:
        for a in jobs[p.job] if p.job else ():
            for b in jobs[p.job]:
                owners.setdefault((a, b), set()).add(p.user)
    whole = customs.json("correlate")
    counts = [len(owners.get((row["a"], row["b"]), set()) - {None}) for row in whole]
    enough = str(sorted(counts)[len(counts) // 2])
    pairs = [row for row, count in zip(whole, counts, strict=True) if count >= int(enough)]
    assert 0 < len(pairs) < len(whole)
    assert customs.json("correlate", "--public", "--min-users", enough) == pairs
    named = [row for row in pairs if "numpy" in (row["a"], row["b"])]
    public = customs.json("correlate", "--public", "--min-users", enough, "--package", "numpy")
    assert len(public) == len(named)

    sizes: dict[int | None, set[str | None]] = {}
    for p in chosen:
        if p.job:
            sizes.setdefault(p.nodes, set()).add(p.user)
    assert customs.json("jobsizes", "--public", "--min-users", "9") == [
        row for row in customs.json("jobsizes") if len(sizes[row["nodes"]] - {None}) >= 9
    ]
    assert customs.json("ended", "--public", "--min-users", "7") == [
        row
        for row in customs.json("ended")
        if row["package"] in {r["package"] for r in customs.json("top") if r["users"] >= 7}
    ]
    # a moment is that of one process, a day that of many
    whole = customs.json("package", "numpy")
    public = customs.json("package", "numpy", "--public")
    for key in ("first_seen", "last_seen"):
        assert public[key] == f"{whole[key][:10]}T00:00:00Z" != whole[key]
    lonely = customs.json("package", "numpy", "--public", "--min-users", "100")
    assert (lonely["users"], lonely["versions"], lonely["job_sizes"]) == (0, [], [])
    assert lonely["used_with"] == []
    for question in (("user", "kermit1x"), ("who", "numpy"), ("job", "1000"), ("export",)):
        done = customs.run(*question, "--public")
        assert done.returncode == 64
        assert "--public" in done.stderr
        assert not done.stdout


# Export


def test_export(fill: Fill) -> None:
    """A row for each run and package, the same in both forms."""
    centre = Centre(13, records=2_500)
    customs = fill(centre.records)
    lines = customs.text("export", "--format", "jsonl", "--include-staff").splitlines()
    rows = [json.loads(line) for line in lines]
    table = list(csv.DictReader(io.StringIO(customs.text("export", "--include-staff"))))
    assert [row["run"] for row in table] == [row["run"] for row in rows]
    for text, row in zip(table, rows, strict=True):
        assert text.keys() == row.keys()
        for key, value in row.items():
            wanted = (
                {None: "", True: "true", False: "false"}.get(value, str(value))
                if (value is None or isinstance(value, bool))
                else str(value)
            )
            assert text[key] == wanted, key
    assert len({(row["run"], row["package"]) for row in rows}) == len(rows)
    assert [row["run"] for row in rows] == sorted(row["run"] for row in rows)

    told: Counter[Any] = Counter()
    for row in rows:
        key = (row["day"], row["cluster"], row["job_id"], row["username"], row["main"])
        told[(*key, row["package"], row["version"], row["direct"])] += row["processes"]
    sent: Counter[Any] = Counter()
    for p in Reference(centre.records).all:
        r = p.record
        for name, version in p.packages.items():
            direct = name in r["direct"] if r.get("direct") is not None else None
            cluster = r.get("cluster") or None
            key = (p.day.isoformat(), cluster, r.get("job_id") or None, p.user, r.get("main") or "")
            sent[(*key, name, version, direct)] += 1
    assert told == sent

    since = centre.newest.date() - timedelta(days=30)
    some = customs.text("export", "--format", "jsonl", "--since", since.isoformat(), "--direct")
    assert [json.loads(line) for line in some.splitlines()] == [
        row
        for row in rows
        if row["day"] >= since.isoformat() and row["direct"] and not row["is_staff"]
    ]
    assert len(customs.text("export", "--limit", "7").splitlines()) == 8
    assert customs.text("export", "--system", "none", "--format", "jsonl") == ""


# Who may read


def test_roles(postgres_store: Store, folder: Path) -> None:
    """A reader may ask everything and write nothing; the public sees no small group."""
    assert isinstance(postgres_store, PostgresStore)
    customs = Customs(postgres_store.url, folder)
    archive = folder / "records.jsonl"
    centre = Centre(17, records=300, days=20)
    archive.write_text(centre.lines())
    customs.json("import", str(archive))
    script = (ROOT / "etc/postgres/roles.sql").read_text()
    for _ in range(2):
        postgres_store.execute(script)

    def ask(role: str, statement: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [find("psql"), "-X", "-qAt", "-d", postgres_store.url, "-c", statement],
            env=clean_environment(folder) | {"PGOPTIONS": f"-c role={role} -c search_path=customs"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    runs = ask("customs_reader", "SELECT sum(processes) FROM named_runs")
    assert runs.stdout.strip() == str(len(centre.records))
    assert ask("customs_reader", "DELETE FROM runs").returncode != 0
    public = ask("customs_public", "SELECT package, month, users FROM public_packages")
    names = list({name for record in centre.records for name in record["packages"]})
    assert sorted(public.stdout.splitlines()) == sorted(
        f"{row['package']}|{row['month']}|{row['users']}"
        for row in Reference(centre.records).trend(Filter(), *names)
        if row["users"] >= 5
    )
    assert public.stdout
    for table in ("runs", "users", "named_runs", "usage_daily"):
        denied = ask("customs_public", f"SELECT * FROM {table}")
        assert denied.returncode != 0
        assert "permission denied" in denied.stderr
