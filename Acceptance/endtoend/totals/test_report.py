"""The monthly report: the numbers of other questions, and a page that is one safe file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.centre import Centre
from support.daemon import CUSTOMS, PATIENCE, Customs
from support.daemon import clean_environment as clean
from support.maintenance import renamed, vouch
from support.stores import MakeStore

from endtoend.totals.report_page import Page, Table

CENTRE = Centre(31, records=900)
NEWEST = CENTRE.newest.date()
MONTH = (NEWEST.replace(day=1) - timedelta(days=40)).isoformat()[:7]
# The columns of `ended` that a page has room for.
ENDS = ("exit", "exception", "signal", "killed")
OF_PROCESSES = ",".join(("package", "processes", *ENDS, *(f"{end}_percent" for end in ENDS)))
# a month with usage, and one of hostile texts
HOSTILE = "</table><script>alert('x')</script>&\"\u202e"


def _hostile(number: int, day: str) -> str:
    record = {
        **{"v": 1, "id": f"{number:032x}", "event_timestamp": f"{day}T12:00:00Z"},
        **{"username": "mallory", "system": HOSTILE, "repo": HOSTILE, "job_id": str(number)},
        **{"prefix": HOSTILE, "python": HOSTILE, "packages": {HOSTILE: HOSTILE, "numpy": "1.9"}},
    }
    return json.dumps(record) + "\n"


@pytest.fixture(scope="module")
def asking(
    make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Customs]]:
    """The command on each kind of store, its days packed in one of them."""
    commands, stores = [], []
    for kind in ("sqlite", "postgres"):
        home = tmp_path_factory.mktemp("report")
        stores.append(make_store(kind))
        archive = home / "records.jsonl"
        archive.write_text(CENTRE.lines() + _hostile(1, f"{MONTH}-03"))
        customs = Customs(stores[-1].url, home)
        customs.json("import", str(archive))
        if kind == "postgres":
            customs.json("pack")
        commands.append(customs)
    yield commands
    for store in stores:
        store.close()


def _report(customs: Customs, *options: str) -> Any:
    return customs.json("report", "--month", MONTH, *options)


def test_each_number_is_that_of_another_question(asking: list[Customs]) -> None:
    for customs in asking:
        month = ("--month", MONTH)
        report = _report(customs)
        summary = customs.json("summary", *month)
        assert {key: report[key] for key in summary} == summary
        compared = (*month, "--against", "previous", "--limit", "20")
        assert report["packages"] == customs.json("top", *compared)
        assert report["systems"] == customs.json("top", "--per", "system", *compared)
        accounts = customs.json("top", "--per", "account", "--by", "node-hours", *compared)
        assert report["accounts"] == accounts
        states = customs.json("top", "--per", "state", "--by", "jobs", *month)
        assert report["job_states"] == states
        assert report["environments"] == customs.json("environments", *month, "--limit", "20")
        kinds = customs.json("environments", "--kinds", *month)
        assert report["environment_kinds"] == kinds
        assert customs.run("environments", "--kinds", "--public", *month).returncode == 64
        ends = customs.json("ended", *month, "--limit", "20", "--columns", OF_PROCESSES)
        assert report["ends"] == ends
        for row in report["devices"]:
            totals = customs.json("summary", *month, f"--{row['devices']}")["totals"]
            assert {key: row[key] for key in totals} == totals
        series = {row["python"]: row for row in report["pythons"]}
        assert set(series) == {"3.13", "3.11", "3.9", "3.6", None} & set(series)
        for name, row in series.items():
            if name is not None:
                totals = customs.json("summary", *month, "--python", name)["totals"]
                for key in ("users", "jobs", "processes"):
                    assert row[key] == totals[key]
        old = _report(customs, "--old", "numpy<2", "--old", "scipy<1.14")["old_versions"]
        assert [row["package"] for row in old] == ["numpy", "scipy"]
        for row in old:
            people = customs.json("who", row["package"], "--older-than", row["older_than"], *month)
            assert row["users"] == len(people) > 0
        assert report["canaries"]["expected"] == 0


def test_fields_are_those_of_the_file_on_accounts(asking: list[Customs], tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("account,field\nm1,physics\nm2,biology\nm3,physics\n")
    accounts = ("--accounts", str(file))
    compared = ("--against", "previous", "--month", MONTH, *accounts)
    report = _report(asking[0], *accounts)
    fields = asking[0].json("top", "--per", "field", "--by", "node-hours", *compared)
    assert report["fields"] == fields
    assert {"physics", "(unmapped)"} <= {row["field"] for row in fields}
    page = Page(asking[0].text("report", "--month", MONTH, *accounts))
    assert page.tables["fields"].headings[0] == "Field"
    physics = _report(asking[0], *accounts, "--field", "physics")
    assert physics["filters"]["field"] == "physics"
    assert len(physics["fields"]) == 1
    assert "fields" not in _report(asking[0])


def _shown(value: Any) -> Any:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "ended" if value else "supported"
    return float(value) if isinstance(value, int | float) else value.replace("\u202e", "\ufffd")


def test_the_page_has_the_numbers_of_the_json(asking: list[Customs]) -> None:
    report = _report(asking[0])
    page = Page(asking[0].text("report", "--month", MONTH))
    year, month = (int(number) for number in MONTH.split("-"))
    assert page.title == f"Use of Python in {date(year, month, 1):%B %Y}"
    shown = 0
    for name, rows in report.items():
        if name in page.tables and rows:
            table = page.tables.pop(name)
            if name != "totals":
                assert table.rows == [[_shown(value) for value in row.values()] for row in rows]
                shown += 1
            else:
                _check_totals(table, report)
    # Slurm has told nothing
    assert shown == 8
    assert report["devices"] == []
    assert not page.tables


def _check_totals(table: Table, report: Any) -> None:
    assert table.headings == ["Total", "Value", "Before", "Change", "Change, %"]
    for (key, value), row in zip(report["totals"].items(), table.rows, strict=True):
        before = report["against"]["totals"][key]
        change = report["against"]["change"][key]
        assert row[0].lower().replace(" ", "_") == key
        expected = [value, before, change["absolute"], change["percent"]]
        assert row[1:] == [_shown(number) for number in expected]


def test_the_page_is_one_safe_file(asking: list[Customs]) -> None:
    """The same on both stores; no script, no address of another file, and below a megabyte."""
    pages = [customs.text("report", "--month", MONTH) for customs in asking]
    assert pages[0] == pages[1]
    page = Page(pages[0])
    assert len(pages[0].encode()) < 1_000_000
    assert not page.tags & {"script", "img", "link", "iframe", "object", "base", "form"}
    assert not page.attributes & {"src", "href", "srcset", "action", "onclick", "onload"}
    assert "url(" not in pages[0]
    assert "alert(&#39;x&#39;)" in pages[0]
    assert "\u202e" not in pages[0]


def test_a_mail_has_no_long_lines(asking: list[Customs]) -> None:
    texts = [customs.text("report", "--month", MONTH, "--format", "text") for customs in asking]
    assert texts[0] == texts[1]
    # an accent takes no column of its own
    lines = unicodedata.normalize("NFC", texts[0]).splitlines()
    assert max(len(line) for line in lines) <= 76
    assert "Totals, compared with" in texts[0]
    assert "numpy" in texts[0]


def test_a_month_that_is_not_over_is_marked(asking: list[Customs]) -> None:
    today = datetime.now(UTC).date()
    page = Page(asking[0].text("report", "--month", "this-month"))
    marked = f"The period is not over: all numbers are of the days up to {today}."
    assert marked in page.notices
    assert not Page(asking[0].text("report", "--month", MONTH)).notices
    done = asking[0].run("report", "--month", "2001-01")
    assert done.returncode == 0
    assert "There is no usage in this period." in Page(done.stdout).notices
    assert "there is usage from" in done.stderr
    last = asking[0].json("report")["period"]
    assert last["since"] == (today.replace(day=1) - timedelta(days=1)).replace(day=1).isoformat()


def test_a_report_for_publication_names_no_one(
    make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its parts are the public answers of the other commands."""
    centre = Centre(3, records=700, tidy=True, days=60)
    records = renamed(centre.records)
    for kind in ("sqlite", "postgres"):
        home = tmp_path_factory.mktemp("public")
        store = make_store(kind)
        archive = home / "records.jsonl"
        archive.write_text("".join(json.dumps(record) + "\n" for record in records))
        customs = Customs(store.url, home)
        customs.json("import", str(archive))
        vouch(store)
        public = ("--month", "last-month", "--public")
        report = customs.json("report", *public)
        for name, command in (
            *(("packages", ("top",)), ("environments", ("environments",))),
            ("ends", ("ended", "--columns", OF_PROCESSES)),
        ):
            assert report[name] == customs.json(*command, *public, "--limit", "20"), name
        assert report["packages"]
        pythons = customs.json("python", *public, "--limit", "20")
        assert [{key: row[key] for key in pythons[0]} for row in report["pythons"]] == pythons
        assert report["totals"]["users"] % 5 == 0
        assert report["totals"]["users"] >= max(row["users"] for row in report["packages"])
        page = customs.text("report", *public)
        for name in ("kermit", *{record["repo"] for record in records if record.get("repo")}):
            assert name not in page
        assert not Page(page).tables.keys() & {"accounts", "systems", "devices", "old_versions"}
        for words in (("--old", "numpy<2"), ("--system", "perlmutter"), ("--include-staff",)):
            done = customs.run("report", *public, *words)
            assert (done.returncode, done.stdout) == (64, "")
            assert "--public" in done.stderr
        store.close()


# Files


def test_a_file_is_replaced_at_once(asking: list[Customs], tmp_path: Path) -> None:
    """With its permissions; a link stays a link; the ending of the name says the format."""
    customs = asking[0]
    target = tmp_path / "report.html"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "link.html"
    link.symlink_to(target)
    opened = target.open()
    assert customs.text("report", "--month", MONTH, "-o", str(link)) == ""
    assert link.is_symlink()
    assert target.read_text() == customs.text("report", "--month", MONTH)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert opened.read() == "old"
    customs.text("report", "--month", MONTH, "--output", str(tmp_path / "report.json"))
    assert json.loads((tmp_path / "report.json").read_text()) == _report(customs)
    customs.text("report", "--month", MONTH, "-o", str(tmp_path / "report.txt"))
    assert (tmp_path / "report.txt").read_text().startswith("Use of Python in ")
    assert customs.text("report", "--month", MONTH, "-o", "-") == target.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {
        *("report.html", "link.html", "report.json", "report.txt")
    }


def test_what_cannot_be_written_ends_with_74(asking: list[Customs], tmp_path: Path) -> None:
    """A directory, a missing one, and a full disk; nothing is left behind."""
    for path, why in (
        (tmp_path, "it is a directory"),
        (tmp_path / "none" / "report.html", "No such file or directory"),
        (Path("/dev/full"), "No space left on device"),
    ):
        done = asking[0].run("report", "--month", MONTH, "-o", str(path))
        assert (done.returncode, done.stdout) == (74, ""), path
        assert str(path) in done.stderr
        assert why in done.stderr
    assert not list(tmp_path.iterdir())
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(CUSTOMS), "report", "--store", asking[0].store_url, "--month", MONTH],
            env=clean(asking[0].folder),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 74


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(asking: list[Customs], tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    done = asking[0].run("report", "--month", MONTH, "-o", str(tmp_path / "report.html"))
    assert done.returncode == 74
    assert "Permission denied" in done.stderr


def test_options_that_cannot_be_understood(asking: list[Customs]) -> None:
    for words in (("--old", "numpy"), ("--old", "numpy>2"), ("--format", "pdf"), ("--limit", "0")):
        done = asking[0].run("report", *words)
        assert (done.returncode, done.stdout) == (64, ""), words
    done = asking[0].run("report", "--old", "nunpy<2")
    assert done.returncode == 66
    assert "did you mean 'numpy'?" in done.stderr
