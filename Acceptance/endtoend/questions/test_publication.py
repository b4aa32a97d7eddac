"""Published and exported answers, and the rights of the roles."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from support.centre import Centre
from support.daemon import Store
from support.maintenance import Fill, Pack, renamed, vouch
from support.reference.counting import node_seconds
from support.reference.filters import Filter
from support.reference.publication import Row, coarse, without_smallest
from support.reference.questions import Reference
from support.reference.values import same_numbers


def test_public_answers_tell_of_no_few_people(store: Store, fill: Fill, pack: Pack) -> None:
    """Of fewer than five users who are vouched for, not even by what is left out."""
    centre = Centre(3, records=700, tidy=True)
    records = renamed(centre.records)
    customs = fill(records)
    # no one vouches for them yet
    done = customs.run("top", "--public", "--format", "json")
    assert (json.loads(done.stdout), done.returncode) == ([], 0)
    assert "vouched" in done.stderr
    vouch(store)
    pack(customs)

    reference = Reference(records)
    questions: dict[tuple[str, ...], tuple[Callable[[Filter], list[Row]], str | None]] = {
        ("top",): (reference.top, None),
        ("ended",): (reference.ended, None),
        ("correlate",): (reference.correlate, None),
        ("python",): (reference.python, ""),
        ("jobsizes",): (reference.jobsizes, ""),
        ("versions", "PIL"): (lambda f: reference.versions(f, "PIL"), ""),
        ("trend", "numpy", "h5py"): (lambda f: reference.trend(f, "numpy", "h5py"), "package"),
    }
    for question, (answer, column) in questions.items():
        for least in (1, 5, 7):
            rows = answer(Filter(public=max(5, least)))
            if column is not None:
                rows = without_smallest(rows, answer(Filter()), column or None)
            shown = customs.json(*question, "--public", "--min-users", str(least))
            assert same_numbers(shown) == same_numbers([coarse(row) for row in rows]), question
    assert not any(
        "kermit" in (row["prefix"] or "") for row in customs.json("environments", "--public")
    )
    for row in customs.json("stacks", "--public"):
        assert row["users"] >= 5
        assert row["users"] % 5 == 0

    public = customs.json("package", "numpy", "--public")
    months = customs.json("trend", "numpy", "--public")
    assert public["by_month"] == [
        {key: row[key] for key in ("month", "users", "jobs")} for row in months
    ]
    for key, month in (("first_seen", months[0]), ("last_seen", months[-1])):
        assert public[key] == f"{month['month']}-01T00:00:00Z"
    lonely = customs.json("package", "numpy", "--public", "--min-users", "100")
    assert (lonely["users"], lonely["versions"], lonely["job_sizes"]) == (0, [], [])
    assert (lonely["used_with"], lonely["first_seen"]) == ([], None)


def test_public_answers_are_about_whole_months(store: Store, fill: Fill, pack: Pack) -> None:
    """So a day more or less tells nothing; and about a part only if the rest is enough people."""
    centre = Centre(3, records=700, tidy=True)
    customs = fill(renamed(centre.records))
    vouch(store)
    pack(customs)
    newest = centre.newest.date()
    for question in (("top",), ("versions", "numpy"), ("python",)):
        for option in ("--since", "--until"):
            first = newest.replace(day=1) - timedelta(days=40)
            answers = [
                customs.json(*question, "--public", option, first.replace(day=day).isoformat())
                for day in (1, 17, 28)
            ]
            assert answers[0] == answers[1] == answers[2]
    whole = {row["package"]: row["users"] for row in customs.json("top")}
    for part in (("--system", "cori"), ("--compute",), ("--login",), ("--direct",)):
        exact = {row["package"]: row for row in customs.json("top", *part)}
        for row in customs.json("top", "--public", *part):
            users = exact[row["package"]]["users"]
            assert (row["jobs"], row["processes"], row["node_hours"]) == (None, None, None)
            assert users >= 5
            assert whole[row["package"]] - users not in range(1, 5)
    for question in (("package", "numpy"), ("jobsizes",), ("ended",), ("correlate",)):
        done = customs.run(*question, "--public", "--account", "m4")
        assert (done.returncode, done.stdout) == (64, "")
    for words in (
        *(("user", "kermit1x"), ("who", "numpy"), ("job", "1000"), ("export",)),
        *(("top", "--include-staff"), ("versions", "numpy", "--older-than", "2")),
        *(("top", "--user", "kermit1x"), ("top", "--prefix", "/usr"), ("top", "--python", "3.11")),
        *(("top", "--per", "account"), ("top", "--per", "pi"), ("top", "--pi", "Curie")),
        *(("python", "--field", "chemistry"), ("stacks", "--department", "Physics")),
    ):
        done = customs.run(*words, "--public")
        assert done.returncode == 64
        assert "--public" in done.stderr
        assert not done.stdout


def test_an_export_has_a_row_for_each_run_and_package(fill: Fill) -> None:
    """The same in both formats."""
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

    reference = Reference(centre.records).all
    hours: dict[Any, set[float]] = defaultdict(set)
    for row in rows:
        assert (row["node_hours"] is None) == (row["job_id"] is None)
        if row["job_id"]:
            number = (row["cluster"] or "", row["job_id"], row["restart"])
            hours[number].add(round(row["node_hours"], 9))
    # how often a number came round is counted in another order
    expected: dict[Any, set[float]] = defaultdict(set)
    for job in {p.job for p in reference if p.job and p.packages}:
        expected[job[:3]].add(round(node_seconds(reference, job) / 3_600, 9))
    assert hours == expected

    since = centre.newest.date() - timedelta(days=30)
    some = customs.text("export", "--format", "jsonl", "--since", since.isoformat(), "--direct")
    # the time of a job is that of the processes that the options choose
    assert [json.loads(line) | {"node_hours": None} for line in some.splitlines()] == [
        row | {"node_hours": None}
        for row in rows
        if row["day"] >= since.isoformat() and row["direct"] and not row["is_staff"]
    ]
    parts: dict[str, Callable[[Row], bool]] = {
        "--user user4": lambda row: row["username"] == "user4",
        "--subsystem gpu": lambda row: row["subsystem"] == "gpu",
        "--python <3.11": lambda row: row["python"] == "3.9.18",
        "--prefix /opt/*": lambda row: (row["prefix"] or "").startswith("/opt/"),
    }
    for option, is_kept in parts.items():
        some = customs.text("export", "--format", "jsonl", "--include-staff", *option.split())
        kept = [row | {"node_hours": None} for row in rows if is_kept(row)]
        left = [json.loads(line) | {"node_hours": None} for line in some.splitlines()]
        assert left == kept != [], option
    assert len(customs.text("export", "--limit", "7").splitlines()) == 8
    assert customs.text("export", "--since", "2099-01-01", "--format", "jsonl") == ""
