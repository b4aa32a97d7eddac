"""`customs who`: what it needs, and the addresses of people."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from support.daemon import Customs
from support.stores import MakeStore

DAY = "2026-05-17"


@pytest.fixture(scope="module")
def asking(make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory) -> Customs:
    """Three people, of whom one has no name."""
    home = tmp_path_factory.mktemp("who")
    store = make_store("sqlite")
    lines = []
    for number, (user, python, prefix) in enumerate(
        (("alice", "3.8.10", "/opt/old"), ("bob", "3.8.2", "/usr"), (None, "3.8.2", "/usr"))
    ):
        record = {
            **{"v": 1, "id": f"{number:032x}", "event_timestamp": f"{DAY}T12:00:00Z"},
            **{
                "username": user,
                "uid": 4_711,
                "python": python,
                "prefix": prefix,
                "job_id": "1",
                "repo": "m1",
            },
            **{"main": f"/home/{user}/run.py", "packages": {"numpy": "1.26"} if number else {}},
        }
        lines += [json.dumps(record | {"id": f"{number:016x}{copy:016x}"}) for copy in range(3)]
    archive = home / "records.jsonl"
    archive.write_text("\n".join(lines) + "\n")
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    return customs


def test_one_environment_has_its_people(asking: Customs) -> None:
    """With all that is known of each."""
    assert asking.json("who", "--prefix", "/opt/old") == [
        {
            **{"username": "alice", "jobs": 1, "processes": 3, "last_seen": DAY},
            **{"pythons": ["3.8.10"], "accounts": ["m1"], "programs": ["/home/alice/run.py"]},
            "node_hours": 0.0,
        }
    ]
    assert [row["username"] for row in asking.json("who", "--python", "<3.9")] == [
        *("#4711", "alice", "bob"),
    ]
    assert asking.json("who", "--python", ">=3.9") == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["who"], "--python"),
        (["who", "--user", "alice"], "--prefix"),
        (["who", "--python", "3.8", "--direct"], "--direct"),
        (["who", "--python", "3.8", "--older-than", "2"], "--older-than"),
        (["who", "numpy", "--by", "users"], "users"),
    ],
)
def test_what_means_nothing_is_refused(asking: Customs, words: list[str], named: str) -> None:
    done = asking.run(*words)
    assert (done.returncode, done.stdout) == (64, "")
    assert named in done.stderr


def test_addresses_come_from_a_template_or_a_file(asking: Customs, tmp_path: Path) -> None:
    """None for a user without a name, and none that the file does not have."""
    people = tmp_path / "people.csv"
    people.write_text("user,address\nalice,a@example.org\n")
    for emails, known in (
        ("{user}@example.org", {"alice": "alice@example.org", "bob": "bob@example.org"}),
        (str(people), {"alice": "a@example.org"}),
    ):
        words = ["who", "--python", "3.8", "--emails", emails]
        rows = asking.json(*words)
        assert {row["username"]: row["email"] for row in rows} == {
            **{"alice": None, "bob": None, "#4711": None},
            **known,
        }
        table = asking.text(*words, "--format", "csv")
        assert list(csv.DictReader(io.StringIO(table)))[1]["email"] == known["alice"]
        assert known["alice"] in asking.text(*words, "--format", "table").splitlines()[2]
    assert "email" not in asking.json("who", "numpy")[0]

    people.write_text("alice,a@example.org\nbob\n")
    for path, why in (
        (str(people), "line 2"),
        (str(tmp_path), "directory"),
        ("/nowhere", "{user}"),
    ):
        done = asking.run("who", "numpy", "--emails", path)
        assert (done.returncode, done.stdout) == (66, "")
        assert f"--emails {path}" in done.stderr and why in done.stderr
