"""`customs anonymize`: pseudonyms replace old names everywhere, and every count stays."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.centre import Centre, Record
from support.daemon import Store
from support.maintenance import Fill, renamed
from support.reference.filters import Filter
from support.reference.questions import Reference
from support.reference.values import same_numbers

from endtoend.questions.names import contents_of, used

COUNTS = (
    *(("top",), ("package", "numpy"), ("jobsizes",), ("correlate",), ("python",), ("ended",)),
    *(("trend", "numpy", "h5py"), ("versions", "numpy"), ("stacks",), ("top", "--include-staff")),
    *(("top", "--per", unit) for unit in ("account", "nodes", "system", "python", "month")),
)


def _without_names(person: Record) -> tuple[Any, ...]:
    """The counts of a user without the name."""
    return (person["jobs"], person["processes"], person["packages"])


@pytest.mark.long
def test_anonymize_changes_names_and_no_count(fill: Fill, store: Store, folder: Path) -> None:
    """Old usage gets pseudonyms, and every count stays as it was."""
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
        # a user without any usage under the name is unknown
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

    contents = contents_of(store)
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
    contents = contents_of(store)
    for number in range(8):
        assert f"kermit{number}x".encode() not in contents


def test_a_name_that_is_gone_is_replaced_in_paths_later(fill: Fill, store: Store) -> None:
    """Another user goes on using the environment of a user who left."""
    shared = {"prefix": "/home/kermit1x/env", "main": "/home/kermit1x/tool.py"}
    then = datetime(2025, 1, 10, tzinfo=UTC)
    later = datetime(2025, 8, 10, tzinfo=UTC)
    now = datetime(2026, 1, 10, tzinfo=UTC)
    customs = fill(
        [
            used(1, "kermit1x", then),
            used(2, "kermit2x", then, **shared),
            used(3, "kermit2x", later, **shared),
            used(4, "kermit2x", now, executable="/usr/bin/python3", main="-c"),
        ]
    )
    assert customs.json("anonymize", "--older-than", "2025-06-01")["paths"] > 0
    assert b"kermit1x" in contents_of(store)
    done = customs.json("anonymize", "--older-than", "2025-12-01")
    # a program, an interpreter, an environment
    assert (done["names"], done["paths"]) == (["kermit2x"], 3)
    assert b"kermit1x" not in contents_of(store)
    [environment] = customs.json("user", "kermit2x", "--since", "2026-01-01")["environments"] or [
        ""
    ]
    assert environment == ""
    assert customs.json("anonymize", "--older-than", "2025-12-01")["paths"] == 0


def test_paths_of_pruned_runs_go(fill: Fill, store: Store) -> None:
    """No run names these programs any more."""
    then = datetime(2025, 1, 10, tzinfo=UTC)
    customs = fill([used(1, "kermit1x", then), used(2, "kermit2x", datetime.now(UTC))])
    assert customs.json("prune", "--older-than", "2025-06-01")["runs"] == 1
    assert b"/home/kermit1x" in contents_of(store)
    assert customs.json("anonymize", "--older-than", "2025-06-01")["names"] == ["kermit1x"]
    contents = contents_of(store)
    assert b"kermit1x" not in contents
    assert b"/home/kermit2x/run.py" in contents
    [row] = customs.json("top")
    assert (row["users"], row["processes"]) == (2, 2)


def test_kinds_of_environments_stay_the_same(fill: Fill, folder: Path) -> None:
    """The site's own patterns may contain names, and so may the words of any kind."""
    then = datetime(2025, 1, 10, tzinfo=UTC)
    (folder / "customs.toml").write_text(
        '[environments]\nmodule = ["/shared/kermit1x/*", "*/software/*"]\n'
        '[anonymize]\nhomes = ["/home", "/shared"]\n'
    )
    records = [
        used(1, "kermit1x", then, prefix="/shared/kermit1x/python", job_id="1"),
        used(2, "kermit2x", then, prefix="/shared/kermit1x/python", container="podman"),
        used(3, "software", then, prefix="/opt/software/python"),
        used(4, "venv", then, prefix="/home/kermit1x/venv"),
        used(5, "conda", then, prefix="/opt/conda"),
        used(6, "usr", then, prefix="/usr"),
        used(7, "kermit3x", then, prefix="/home/kermit3x/nothing"),
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
def test_a_user_who_comes_back_is_the_same_person(
    fill: Fill, store: Store, cutoffs: tuple[str, str]
) -> None:
    """The next run of the command sees it, and uses the same pseudonym."""
    then = datetime(2025, 4, 10, tzinfo=UTC)
    now = datetime(2026, 1, 10, tzinfo=UTC)
    customs = fill([used(1, "kermit1x", then, job_id="1"), used(2, "kermit2x", now)])
    assert customs.json("anonymize", "--older-than", cutoffs[0])["names"] == ["kermit1x"]
    [pseudonym] = {row["username"] for row in customs.json("who", "numpy")} - {"kermit2x"}
    fill([used(3, "kermit1x", now, job_id="2")])
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
    assert b"kermit1x" not in contents_of(store)
