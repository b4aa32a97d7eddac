"""Pseudonyms for the users of old jobs, named by records or by Slurm."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from support.daemon import Store
from support.maintenance import Fill
from support.stores import execute

from endtoend.questions.names import contents_of, used


def test_names_known_only_from_slurm_become_pseudonyms(fill: Fill, store: Store) -> None:
    """So do names that no row uses any more."""
    _fill_jobs(fill, store)
    customs = fill([])
    anonymize = ("anonymize", "--older-than", "2025-06-01")
    wanted = {"kermit1x", "kermit2x", "kermit3x", "kermit4x", "kermit5x"}
    assert set(customs.json(*anonymize, "--dry-run")["names"]) == wanted
    assert set(customs.json(*anonymize)["names"]) == wanted
    contents = contents_of(store)
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
    """Jobs with another user by Slurm than by the records, and a name without any usage."""
    then = datetime(2025, 1, 10, tzinfo=UTC)
    now = datetime.now(UTC)
    fill([used(1, "kermit1x", then, job_id="1"), used(2, "kermit1x", then, job_id="2")])
    names = ", ".join(f"('kermit{number}x')" for number in (2, 3, 4))
    execute(store, f"INSERT INTO users (name) VALUES {names}")
    fill([used(3, "kermit5x", now, job_id="3"), used(4, "kermit5x", then, job_id="6")])
    for job, name, when in (("2", 2, then), ("3", 3, now), ("6", 3, then)):
        day = int(when.timestamp()) * 1_000_000
        execute(
            store,
            f"UPDATE jobs SET source = 1, uid = 4711, end_time = {day}, "
            f"usr = (SELECT id FROM users WHERE name = 'kermit{name}x') WHERE job_id = '{job}'",
        )


@pytest.mark.parametrize("facts", ["", "end_time = {then}", "start_time = {then}"])
def test_a_job_without_runs_shows_a_pseudonym(fill: Fill, store: Store, facts: str) -> None:
    """Old jobs stay some weeks longer than their runs."""
    now = datetime.now(UTC)
    then = now - timedelta(days=5)
    customs = fill([used(1, "ada", then, job_id="77"), used(2, "ada", now, job_id="78")])
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


def test_claims_of_old_jobs_show_pseudonyms(fill: Fill, store: Store) -> None:
    """`customs health --claims` shows the name in the record and the name from Slurm."""
    now = datetime.now(UTC)
    then = now - timedelta(days=300)
    customs = fill(
        [
            *(used(1, "ada", then, job_id="5"), used(2, "ada", now, job_id="6")),
            *(used(3, "eve", then), used(4, "eve", now)),
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
