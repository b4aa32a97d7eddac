"""What `customs anonymize` replaces, everywhere, and what stays as it was."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.centre import Centre, Record
from support.daemon import PATIENCE, Store, clean_environment
from support.keeping import Fill, renamed
from support.postgres import find
from support.reference import Filter, Reference, same_numbers
from support.stores import PostgresStore, SQLiteStore, execute

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
    records = renamed(centre.records)
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
        # who has lost the name altogether is nobody
        done = customs.run("user", name, "--format", "json")
        known = json.loads(done.stdout)["processes"] if done.returncode != 66 else 0
        assert known == sum(p.user == name and p.day >= cutoff for p in reference.all), name
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
    assert (row["users"], row["jobs"], row["processes"]) == (2, 2, 2)
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
    execute(store, f"INSERT INTO users (name) VALUES {names}")
    fill([_used(3, "kermit5x", now, job_id="3"), _used(4, "kermit5x", then, job_id="6")])
    for job, name, when in (("2", 2, then), ("3", 3, now), ("6", 3, then)):
        day = int(when.timestamp()) * 1_000_000
        execute(
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
        execute(store, f"UPDATE jobs SET source = 1, {words} WHERE job_id = '77'")
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
    execute(store, "UPDATE jobs SET source = 1, usr = (SELECT id FROM users WHERE name = 'eve')")
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
    execute(store, "UPDATE jobs SET uid = 4711, name = 'adas-job'")
    pseudonym = customs.json("job", "5")["username"]
    customs.json("anonymize", "--forget")
    answer = customs.json("job", "5")
    assert (answer["username"], answer["name"]) == (pseudonym, None)
    assert customs.json("job", "6")["name"] == "adas-job"
    kept = "SELECT count(*) FROM jobs WHERE job_id = '5' AND uid IS NULL AND claimed_usr IS NULL"
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


def test_environments_stay_what_they_were(fill: Fill, folder: Path) -> None:
    """The site's own patterns may have names in them, and so may the words of any kind."""
    then = datetime(2025, 1, 10, tzinfo=UTC)
    (folder / "customs.toml").write_text(
        '[environments]\nmodule = ["/shared/kermit1x/*", "*/software/*"]\n'
    )
    records = [
        _used(1, "kermit1x", then, prefix="/shared/kermit1x/python", job_id="1"),
        _used(2, "kermit2x", then, prefix="/shared/kermit1x/python", container="podman"),
        _used(3, "software", then, prefix="/opt/software/python"),
        _used(4, "venv", then, prefix="/home/kermit1x/venv"),
        _used(5, "conda", then, prefix="/opt/conda"),
        _used(6, "usr", then, prefix="/usr"),
        _used(7, "kermit3x", then, prefix="/home/kermit3x/nothing"),
    ]
    customs = fill(records)
    options = ("--config", str(folder / "customs.toml"))

    def told() -> list[tuple[str, int, int]]:
        rows = customs.json("environments", *options)
        return sorted((row["kind"], row["users"], row["jobs"]) for row in rows)

    before = told()
    assert [kind for kind, _, _ in before] == [
        *("conda", "container", "module", "module", "other", "system", "venv")
    ]
    for cutoff in ("2025-06-01", "2025-07-01"):
        customs.json("anonymize", "--older-than", cutoff, *options)
        assert told() == before
    prefixes = {row["prefix"] for row in customs.json("environments", *options)}
    assert not any(
        str(r["username"]) in (prefix or "").split("/") for r in records for prefix in prefixes
    )


@pytest.mark.parametrize("cutoffs", [("2025-06-01", "2025-06-02"), ("2025-06-01", "2025-03-01")])
def test_who_comes_back_is_the_same_person(
    fill: Fill, store: Store, cutoffs: tuple[str, str]
) -> None:
    """As soon as it runs again, however new the usage; and by the same pseudonym."""
    then = datetime(2025, 4, 10, tzinfo=UTC)
    now = datetime(2026, 1, 10, tzinfo=UTC)
    customs = fill([_used(1, "kermit1x", then, job_id="1"), _used(2, "kermit2x", now)])
    assert customs.json("anonymize", "--older-than", cutoffs[0])["names"] == ["kermit1x"]
    [pseudonym] = {row["username"] for row in customs.json("who", "numpy")} - {"kermit2x"}
    fill([_used(3, "kermit1x", now, job_id="2")])
    [row] = customs.json("top")
    assert (row["users"], row["processes"]) == (3, 3)
    for _ in range(2):
        assert customs.json("anonymize", "--older-than", cutoffs[1])["names"] == []
        [row] = customs.json("top")
        assert (row["users"], row["jobs"], row["processes"]) == (2, 2, 3)
        told = {row["username"]: row["processes"] for row in customs.json("who", "numpy")}
        assert told == {"kermit1x": 1, "kermit2x": 1, pseudonym: 1}
        assert customs.json("user", pseudonym)["jobs"] == 1
        assert customs.json("job", "1")["username"] == pseudonym
        assert customs.json("job", "2")["username"] == "kermit1x"
    # once that usage is old, too, the name is gone
    assert "kermit1x" in customs.json("anonymize", "--older-than", "2026-02-01")["names"]
    assert customs.json("user", pseudonym)["jobs"] == 2
    assert b"kermit1x" not in _contents(store)
