"""Answers without rows: the command names the days with usage, or that the name is wrong."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.daemon import CUSTOMS, PATIENCE, Customs, Store
from support.stores import STORES, MakeStore

FIRST, LAST = "2025-11-02", "2026-05-17"


def _record(number: int, day: str, **members: object) -> dict[str, Any]:
    return {
        **{"v": 1, "id": f"{number:032x}", "event_timestamp": f"{day}T12:00:00Z"},
        **{"username": "alice", "system": "perlmutter", "cluster": "perlmutter"},
        **{"job_id": str(4_000 + number), "repo": "m999", "num_nodes": 1, "prefix": "/usr"},
        "packages": {"numpy": "2.0", "sklearn": "1.5", "PIL": None},
    } | members


@pytest.fixture(scope="module", params=STORES)
def asking(
    request: pytest.FixtureRequest,
    make_store: MakeStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Customs]:
    """The command on a store with usage of half a year."""
    home = tmp_path_factory.mktemp("empty")
    store = make_store(request.param)
    archive = home / "records.jsonl"
    other = {"username": "bob", "packages": {"numpy": "1.26", "torch": None}}
    records = [_record(1, FIRST), _record(2, "2026-01-01", **other), _record(3, LAST)]
    archive.write_text("".join(json.dumps(record) + "\n" for record in records))
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    yield customs
    store.close()


@pytest.mark.parametrize(
    ("words", "name", "meant"),
    [
        (["top", "--account", "m9999"], "m9999", "m999"),
        (["stacks", "--account", "nowhere-near"], "nowhere-near", None),
        (["jobsizes", "--system", "perlmuter"], "perlmuter", "perlmutter"),
        (["export", "--system", "cori"], "cori", None),
        (["who", "numpy", "--system", "Perlmutter"], "Perlmutter", "perlmutter"),
        (["user", "alcie"], "alcie", "alice"),
        (["python", "--user", "alcie"], "alcie", "alice"),
        (["top", "--prefix", "/usrr/"], "/usrr", "/usr"),
        (["top", "--subsystem", "gpu"], "gpu", None),
        (["export", "--partition", "gpu"], "gpu", None),
        (["jobsizes", "--qos", "debug"], "debug", None),
        (["user", "mallory"], "mallory", None),
        (["package", "nunpy"], "nunpy", "numpy"),
        (["package", "Sklearn"], "Sklearn", "sklearn"),
        (["package", "scikit-lern"], "scikit-lern", "scikit-learn"),
        (["versions", "nmupy"], "nmupy", "numpy"),
        (["who", "no_such_package"], "no_such_package", None),
        (["trend", "numpy", "sklaern"], "sklaern", "sklearn"),
        (["jobsizes", "--package", "nump"], "nump", "numpy"),
        (["correlate", "--package", "nump"], "nump", "numpy"),
        (["ended", "--package", "nump"], "nump", "numpy"),
        (["job", "999999"], "999999", None),
        (["job", "4001", "--cluster", "perlmuter"], "perlmuter", "perlmutter"),
        (["canary", "status", "--run", "20260101t000000z-00000000"], "20260101t000000z", None),
    ],
)
def test_names_that_do_not_exist_end_with_66_and_a_suggestion(
    asking: Customs, words: list[str], name: str, meant: str | None
) -> None:
    """EX_NOINPUT, the name, and a similar one."""
    done = asking.run(" ".join(words))
    assert done.returncode == 66, done
    assert name in done.stderr
    assert not done.stdout
    assert (f"did you mean '{meant}'?" in done.stderr) if meant else ("mean" not in done.stderr)


@pytest.mark.parametrize(
    "command",
    [
        *("top", "jobsizes", "correlate", "environments", "stacks", "trend numpy", "ended"),
        *("versions numpy", "new", "python", "who numpy", "export"),
    ],
)
def test_a_period_without_usage_names_the_days_with_usage(asking: Customs, command: str) -> None:
    """Valid JSON on standard output, and a note on standard error."""
    extent = f"there is usage from {FIRST} to {LAST}"
    form = ["--format", "jsonl" if command == "export" else "json"]
    for options in (
        ["--since", "2030-01-01"],
        ["--until", "2020-01-01"],
        ["--since", "2026-04-01", "--until", "2026-03-01"],
        ["--since", "2026-02-01", "--until", "2026-02-02"],
        ["--login", "--since", "2026-05-18"],
    ):
        done = asking.run(command, *form, *options)
        assert done.returncode == 0, (options, done)
        assert extent in done.stderr, options
        assert (done.stdout == "") if command == "export" else (json.loads(done.stdout) == [])
    later = asking.run(command, "--since", "2026-04-01", "--until", "2026-03-01").stderr
    assert "--since 2026-04-01 is after --until 2026-03-01" in later
    # what has an answer needs no words
    assert asking.run(command, "--since", FIRST).stderr == ""


def test_a_period_is_said_as_people_say_it(asking: Customs) -> None:
    """A month is its days, and a time zone moves days that are counted back and times."""
    whole = asking.json("who numpy")
    assert {row["username"] for row in whole} == {"alice", "bob"}
    january = asking.json("who numpy", "--month", "2026-01")
    assert january == asking.json("who numpy", "--since", "2026-01-01", "--until", "2026-01-31")
    assert [row["username"] for row in january] == ["bob"]
    assert asking.json("who numpy", "--month", "last-month") == []
    assert asking.json("new", "--month", "2026-01", "--format", "json")
    for time, zone, counts in (
        *(("2026-05-18T00:00:00", "UTC", False), ("2026-05-18T00:00:00", "+01:00", True)),
        *(("2026-05-18T00:00:00+01:00", "-08:00", True), ("2026-05-18", "+01:00", False)),
    ):
        rows = asking.json("who numpy", "--since", time, "--tz", zone)
        assert bool(rows) == counts, (time, zone)
    for words in ("--since 2026-01-01", "--until yesterday"):
        done = asking.run("top --month 2026-01", *words.split())
        assert done.returncode == 64
        assert "--month" in done.stderr and words.split()[0] in done.stderr
    for option, value in (("--month", "January"), ("--tz", "Mars/Base"), ("--since", "1m")):
        done = asking.run("top", option, value)
        assert (done.returncode, done.stdout) == (64, "")
        assert f"{option} '{value}': write" in done.stderr


@pytest.mark.parametrize("command", ["package numpy", "user alice"])
def test_an_object_without_usage_has_all_its_keys(asking: Customs, command: str) -> None:
    """Its numbers are zeros."""
    done = asking.run(command, "--format", "json", "--since", "2026-05-18")
    assert done.returncode == 0
    assert json.loads(done.stdout)["processes"] == 0
    assert f"to {LAST}" in done.stderr


def test_an_empty_store_says_that_it_is_empty(store: Store, folder: Path) -> None:
    """For every question."""
    customs = Customs(store.url, folder)
    assert customs.run("import", "/dev/null").returncode == 0
    for command in ("top", "stacks", "new", "environments"):
        done = customs.run(command, "--format", "json")
        assert (done.returncode, json.loads(done.stdout)) == (0, [])
        assert "no usage yet" in done.stderr
    for command in ("package numpy", "user alice", "top --account m1"):
        done = customs.run(command)
        assert done.returncode == 66
        assert "no usage yet" in done.stderr


# Options


PERIOD = {"--since", "--until", "--month", "--tz"}
USAGE = {
    *PERIOD,
    *("--system", "--subsystem", "--account", "--partition", "--qos", "--python", "--prefix"),
    *("--gpu", "--cpu", "--compute", "--login"),
    *("--accounts", "--project", "--pi", "--field", "--department"),
}
PUBLIC = {"--public", "--min-users"}
ALL = USAGE | PUBLIC | {"--user", "--include-staff", "--direct", "--limit"}
HEEDED: dict[str, set[str]] = {
    **dict.fromkeys(
        (
            *("top", "jobsizes", "correlate", "stacks", "ended", "new"),
            *("trend numpy", "versions numpy", "package numpy"),
        ),
        ALL,
    ),
    **dict.fromkeys(("python", "environments"), ALL - {"--direct"}),
    "report": ALL - {"--direct", "--user"},
    **dict.fromkeys(("who numpy", "export"), ALL - PUBLIC),
    "user alice": ALL - PUBLIC - {"--user", "--include-staff"},
    "health": {"--limit"},
    "canary status": PERIOD | {"--limit"},
    "job 4001": set(),
    "sql": set(),
    "pack": set(),
    "import /dev/null": set(),
    "prune --older-than 9000d": set(),
    "anonymize --older-than 9000d": set(),
    # its own, for the hook and the program that it runs
    "canary run": {"--partition", "--prefix", "--python"},
}
VALUES = {
    **{"--since": ["30d"], "--until": ["0d"], "--system": ["perlmutter"], "--account": ["m999"]},
    **{
        "--partition": ["gpu"],
        "--qos": ["debug"],
        "--subsystem": ["gpu"],
        "--user": ["alice"],
        "--python": ["<3.9"],
        "--prefix": ["/usr"],
        "--accounts": ["/nowhere"],
        **{key: ["one"] for key in ("--project", "--pi", "--field", "--department")},
    },
    **{"--month": ["last-month"], "--tz": ["+01:00"], "--limit": ["1"], "--min-users": ["5"]},
}


@pytest.mark.parametrize("command", HEEDED)
def test_options_without_meaning_for_a_question_are_refused(tmp_path: Path, command: str) -> None:
    """EX_USAGE before the store is opened; the help does not list them."""
    asking = Customs("sqlite:///nonexistent/customs.sqlite", tmp_path)
    shown = subprocess.run(
        [str(CUSTOMS), *command.split()[: 2 if "canary" in command else 1], "--help"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    ).stdout
    listed = set(re.findall(r"^ +(--[a-z-]+)", shown, re.MULTILINE))
    assert listed & ALL == HEEDED[command]
    for option in sorted(ALL - HEEDED[command]):
        done = asking.run(command, option, *VALUES.get(option, []))
        assert done.returncode == 64, (option, done)
        assert option in done.stderr
        assert not done.stdout


def test_limit_of_health_needs_claims(asking: Customs) -> None:
    """`--limit` cuts the list of `--claims` alone."""
    assert asking.run("health", "--limit", "3").returncode == 64
    assert asking.run("health", "--claims", "--limit", "3").returncode == 0
    assert asking.run("export", "--format", "table").returncode == 64


# Names of the package index


@pytest.mark.parametrize(
    ("called", "imported"),
    [("scikit-learn", "sklearn"), ("Pillow", "PIL")],
)
def test_names_of_the_package_index_are_answered_for_by_import_name(
    asking: Customs, called: str, imported: str
) -> None:
    """Each question about a package does so, and says it."""
    for command in ("package", "versions", "who", "trend", "jobsizes --package"):
        done = asking.run(f"{command} {called}", "--format", "json")
        assert done.returncode == 0, done
        assert f"'{called}' is imported as '{imported}'" in done.stderr
        assert json.loads(done.stdout) == asking.json(f"{command} {imported}")
    done = asking.run("package opencv-python")
    assert done.returncode == 66
    assert "imported as 'cv2'" in done.stderr


def test_an_import_name_goes_before_a_name_of_the_index(sqlite_store: Store, folder: Path) -> None:
    """A package may have the name of another package's distribution."""
    customs = Customs(sqlite_store.url, folder)
    archive = folder / "records.jsonl"
    today = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    packages = {"attrs": "1", "attr": "1", "typing_extensions": "4"}
    archive.write_text(json.dumps(_record(1, today, packages=packages)) + "\n")
    customs.json("import", str(archive))
    assert customs.json("package", "attrs")["package"] == "attrs"
    assert customs.json("package", "typing-extensions")["package"] == "typing_extensions"
