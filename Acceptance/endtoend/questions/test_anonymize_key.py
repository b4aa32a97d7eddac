"""The key of the pseudonyms: its owner, its mode, and `--forget`."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.centre import Record
from support.daemon import Store
from support.maintenance import Fill
from support.stores import PostgresStore, SQLiteStore, execute

from endtoend.questions.names import used


def test_forget_removes_the_key_and_the_links_to_pseudonyms(fill: Fill, folder: Path) -> None:
    """From then on a user and the pseudonym count as two."""
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


def test_forget_clears_uid_job_name_and_claim_of_old_jobs(fill: Fill, store: Store) -> None:
    """Each of them could tell the user of an old job."""
    now = datetime.now(UTC)
    then = now - timedelta(days=300)
    customs = fill([used(1, "ada", then, job_id="5"), used(2, "ada", now, job_id="6")])
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


def test_the_key_belongs_to_the_owner_of_its_folder(fill: Fill, folder: Path) -> None:
    """The first run is by hand, as root; a timer's user then goes on with the key."""
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
