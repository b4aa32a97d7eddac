"""Rows with their change, their shares, and in the shape that was asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support.centre import Centre
from support.daemon import Customs
from support.reference.filters import Filter
from support.reference.periods import period_before
from support.reference.questions import Reference
from support.reference.values import same_numbers, unknown_first
from support.stores import MakeStore

CENTRE = Centre(31, records=900)
REFERENCE = Reference(CENTRE.records)
NEWEST = CENTRE.newest.date()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def customs(
    request: pytest.FixtureRequest, make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Customs]:
    """The command on each kind of store, its days packed in one of them."""
    home = tmp_path_factory.mktemp("comparisons")
    store = make_store(request.param)
    archive = home / "records.jsonl"
    archive.write_text(CENTRE.lines())
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    if request.param == "postgres":
        customs.json("pack")
    yield customs
    store.close()


def _change(before: float, now: float) -> dict[str, Any]:
    percent = (now - before) / before * 100 if before > 0 else None
    return {"before": before, "change": now - before, "change_percent": percent}


def _compared(unit: str, key: str, now: Filter, before: Filter) -> list[dict[str, Any]]:
    """What is in either period, by what is more now."""
    rows = {row[unit]: row for row in REFERENCE.top(now, per=unit)}
    old = {row[unit]: row for row in REFERENCE.top(before, per=unit)}
    nothing = {"users": 0, "jobs": 0, "processes": 0, "node_hours": 0.0}
    both = [
        {**rows.get(name, {unit: name, **nothing})}
        | _change(old.get(name, nothing)[key], rows.get(name, nothing)[key])
        for name in {**rows, **old}
    ]
    return sorted(both, key=lambda row: (-row[key], unknown_first(row[unit])))


@pytest.mark.parametrize("unit", ["package", "account", "python"])
@pytest.mark.parametrize("key", ["users", "processes", "node_hours"])
def test_each_row_has_its_change(customs: Customs, unit: str, key: str) -> None:
    """Against as many days before, and against a month; new rows and rows that are gone too."""
    words = ("top", "--per", unit, "--by", key.replace("_", "-"))
    since = NEWEST - timedelta(days=45)
    wanted = Filter(since=since, until=NEWEST)
    first, last = period_before(since, NEWEST, datetime.now(UTC).date())
    answer = customs.json(*words, *wanted.options(), "--against", "previous")
    expected = _compared(unit, key, wanted, replace(wanted, since=first, until=last))
    assert same_numbers(answer) == same_numbers(expected)
    end = NEWEST.replace(day=1) - timedelta(days=1)
    answer = customs.json(*words, *wanted.options(), "--against", end.isoformat()[:7])
    month = replace(wanted, since=end.replace(day=1), until=end)
    assert same_numbers(answer) == same_numbers(_compared(unit, key, wanted, month))


def test_a_period_that_is_not_over_is_told(customs: Customs) -> None:
    """And compared with as many days of the month before."""
    today = datetime.now(UTC).date()
    done = customs.run("top", "--since", today.replace(day=1).isoformat(), "--against", "previous")
    first, last = period_before(today.replace(day=1), today, today)
    assert done.returncode == 0
    assert f"{today.replace(day=1)} to {today}, which is not over" in done.stderr
    assert f"; compared with {first} to {last}" in done.stderr
    done = customs.run("top", "--against", "previous")
    assert done.returncode == 64
    assert "--since" in done.stderr
    for wrong in ("2026-13", "yesterday", "2026"):
        assert customs.run("top", "--against", wrong).returncode == 64


def test_shares_are_parts_of_all_usage(customs: Customs) -> None:
    """Of each user once, so that shares of users need not add up."""
    whole = customs.json("summary")["totals"]
    for key in ("users", "jobs", "processes", "node_hours"):
        words = ("top", "--per", "system", "--by", key.replace("_", "-"))
        plain = customs.json(*words)
        rows = customs.json(*words, "--shares")
        assert [row[key] / whole[key] * 100 for row in plain] == pytest.approx(
            [row.pop("share_percent") for row in rows]
        )
        assert rows == plain


def test_columns_and_order_are_those_asked_for(customs: Customs) -> None:
    """In each form; the limit cuts the sorted rows."""
    rows = customs.json("top")
    chosen = customs.json("top", "--columns", "jobs,package", "--sort", "jobs:asc", "--limit", "3")
    expected = sorted(rows, key=lambda row: row["jobs"])[:3]
    assert chosen == [{"jobs": row["jobs"], "package": row["package"]} for row in expected]
    assert [list(row) for row in chosen] == [["jobs", "package"]] * 3
    text = customs.text(
        "python", "--format", "csv", "--columns", "users,python", "--sort", "python"
    )
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == ["users", "python"]
    assert [line[1] for line in lines[1:]] == sorted(line[1] for line in lines[1:])
    done = customs.run("top", "--columns", "package,people")
    assert (done.returncode, done.stdout) == (64, "")
    assert "'people'" in done.stderr
    assert "node_hours" in done.stderr
    for words in (("--sort", "users:up"), ("--columns", "users,,jobs"), ("--sort", "nothing")):
        assert customs.run("top", *words).returncode == 64, words


def test_no_comparison_is_published(customs: Customs) -> None:
    since = date.today().replace(day=1).isoformat()
    for words in (("--against", "previous"), ("--shares",), ("--per", "account")):
        done = customs.run("top", "--public", "--since", since, *words)
        assert (done.returncode, done.stdout) == (64, "")
        assert "--public" in done.stderr


def test_an_envelope_says_what_it_answers(customs: Customs) -> None:
    """With the arguments of the command, and of a person with their own totals."""

    def filters(*words: str) -> Any:
        return customs.json(*words, "--envelope")["filters"]

    plain = {"include_staff": False}
    assert filters("top", "--limit", "3", "--system", "cori") == plain | {
        "system": "cori",
        "limit": 3,
    }
    assert filters("top", "--per", "account", "--package", "numpy") == plain | {
        "per": "account",
        "package": "numpy",
    }
    assert filters("versions", "numpy", "--older-than", "2") == plain | {
        "package": "numpy",
        "older_than": "2",
    }
    assert filters("trend", "numpy", "torch") == plain | {"packages": "numpy torch"}
    assert filters("who", "numpy", "--by", "jobs") == plain | {"package": "numpy", "by": "jobs"}
    answer = customs.json("user", "user2", "--envelope")
    assert answer["filters"] == {"include_staff": True, "user": "user2"}
    assert answer["totals"]["users"] == 1
    for key in ("jobs", "processes"):
        assert answer["totals"][key] == answer["rows"][key]


def test_people_take_a_shape_too(customs: Customs) -> None:
    rows = customs.json("who", "numpy")
    shaped = customs.json("who", "numpy", "--columns", "username", "--sort", "username")
    assert shaped == [{"username": name} for name in sorted(row["username"] for row in rows)]
    lines = customs.text("who", "numpy", "--columns", "jobs,username").splitlines()
    assert lines[0].split() == ["jobs", "username"]
