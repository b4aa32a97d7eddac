"""The statements of docs/questions.md give the answers of their commands."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.centre import Centre
from support.daemon import CUSTOMS, PATIENCE, ROOT, Customs, clean_environment, run_to_its_end
from support.postgres import find
from support.stores import MakeStore, PostgresStore, SQLiteStore

CENTRE = Centre(7, records=600)
TEXT = (ROOT / "docs/questions.md").read_text()
STATEMENTS = {
    section.splitlines()[0]: found[1]
    for section in TEXT.split("\n### ")[1:]
    if (found := re.search(r"```sql\n(.*?)```", section, re.S))
}

ENDS = ("exception", "signal", "killed")
# PEP 440 and the configuration's rules are no SQL, and some answers have more than rows.
UNORDERED = {"customs versions numpy"}
COLUMNS: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "customs summary": lambda answer: [
        {key: answer["totals"][key] for key in ("users", "jobs", "processes", "node_hours")}
    ],
    "customs package numpy": lambda answer: answer["versions"],
    "customs user alice": lambda answer: [{"package": name} for name in answer["packages"]],
    "customs user alice --limit 10": lambda answer: [
        {key: job[key] for key in ("job_id", "restart", "processes", *ENDS)}
        for job in answer["last_jobs"]
    ],
    "customs environments": lambda answer: [
        {key: row[key] for key in ("prefix", "users", "jobs")} for row in answer
    ],
    "customs who numpy": lambda answer: [_without_lists(row) for row in answer],
    "customs who --python 3.9": lambda answer: [_without_lists(row) for row in answer],
    "customs hosts": lambda answer: [
        {key: row[key] for key in ("host", "days", "records")} for row in answer
    ],
    "customs stacks": lambda answer: [
        {key: row[key] for key in ("users", "jobs")} for row in answer
    ],
}


def _without_lists(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("username", "jobs", "processes", "last_seen")}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def asking(
    request: pytest.FixtureRequest, make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Customs, Any]]:
    """The command, and the store itself."""
    home = tmp_path_factory.mktemp("sql")
    store = make_store(request.param)
    archive = home / "records.jsonl"
    # what differs in direct use only is one stack to the command and two in the tables
    records = [{key: r[key] for key in r if key != "direct"} for r in CENTRE.records]
    records = [r | {"username": "alice"} if r.get("username") == "user4" else r for r in records]
    archive.write_text("".join(line + "\n" for line in map(json.dumps, records)))
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    yield customs, store
    store.close()


def _rows(store: Any, statement: str) -> list[dict[str, Any]]:
    if isinstance(store, SQLiteStore):
        connection = sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(statement)]
        connection.close()
        return rows
    assert isinstance(store, PostgresStore)
    done = subprocess.run(
        [find("psql"), "-X", "-q", "--csv", "-P", "null=\\N", "-d", store.url, "-c", statement],
        env=clean_environment(Path("/tmp")) | {"PGOPTIONS": "-c search_path=customs"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def _documented_accounts(folder: Path) -> Path:
    """The file that the page shows, of whose accounts the statement has the fields."""
    found = re.search(r"^    account,.*\n(    m.*\n)+", TEXT, re.MULTILINE)
    assert found
    file = folder / "accounts.csv"
    file.write_text("".join(line[4:] for line in found[0].splitlines(keepends=True)))
    return file


def _plain(value: Any) -> Any:
    if value is None or value == "\\N":
        return None
    try:
        return round(float(value), 6)
    except ValueError:
        return value


def test_every_question_has_a_documented_statement() -> None:
    listed = {heading.split()[1] for heading in STATEMENTS}
    assert listed == {
        *("top", "package", "jobsizes", "correlate", "environments", "stacks", "trend", "versions"),
        *("new", "python", "ended", "who", "user", "summary", "hosts"),
    }


@pytest.mark.parametrize("heading", STATEMENTS)
def test_each_statement_gives_the_rows_of_its_command(
    asking: tuple[Customs, Any], heading: str
) -> None:
    """In the same order."""
    customs, store = asking
    command = heading.split()[1:]
    if "field" in command:
        command += ["--accounts", str(_documented_accounts(customs.folder))]
    statement = STATEMENTS[heading]
    if command[0] == "new":
        # a day on which some packages were new, and some were not
        command[2] = (CENTRE.newest - timedelta(days=100)).date().isoformat()
        statement, count = re.subn(r"'\d{4}-\d\d-\d\d'", f"'{command[2]}'", statement)
        assert count == 1
    answer = customs.json(*command)
    if heading in COLUMNS:
        answer = COLUMNS[heading](answer)
    rows = _rows(store, statement)
    wanted = [{key: _plain(value) for key, value in row.items()} for row in answer]
    assert wanted
    found = [{key: _plain(row[key]) for key in wanted[0]} for row in rows]
    if heading in UNORDERED:
        wanted.sort(key=repr)
        found.sort(key=repr)
    assert found == wanted


def test_customs_sql_answers_and_cannot_write(asking: tuple[Customs, Any]) -> None:
    customs, store = asking
    client = "sqlite3" if isinstance(store, SQLiteStore) else "psql"
    if shutil.which(client) is None:
        done = customs.run("sql", "--command", "SELECT 1")
        assert done.returncode == 69
        assert client in done.stderr
        return
    assert "42" in customs.text("sql", "--command", "SELECT 42 AS answer FROM named_runs LIMIT 1")
    for statement in ("DELETE FROM runs", "CREATE TABLE t (a int)"):
        done = run_to_its_end(
            [str(CUSTOMS), "sql", "--store", customs.store_url, "--command", statement],
            customs.folder,
        )
        assert done.returncode != 0
        assert "read" in done.stderr


def _sql(store: PostgresStore, words: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`customs sql` on a store that the environment names, with psql on PATH."""
    folders = [str(Path(find("psql")).parent), *os.get_exec_path()]
    return subprocess.run(
        [str(CUSTOMS), "sql", *arguments],
        env=clean_environment(Path("/tmp"))
        | {"PATH": ":".join(folders), "CUSTOMS_STORE": words, "PGOPTIONS": "-c work_mem=5MB"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    "form",
    [
        "postgres://{user}:{password}@/{database}?host={host}",
        "postgres://{user}@/{database}?host={host}&password={password}",
        "host={host} dbname={database} user={user} password = '{password}'",
    ],
)
def test_no_password_is_on_a_command_line(postgres_store: PostgresStore, form: str) -> None:
    """All users of a machine can read command lines."""
    customs = Customs(postgres_store.url, Path("/tmp"))
    assert customs.run("import", "/dev/null").returncode == 0
    words = form.format(
        user="customs",
        password="s3cret%20w0rd" if "://" in form else "s3cret w0rd",
        database=postgres_store.database,
        host=postgres_store.server.folder,
    )
    shown = _sql(
        postgres_store,
        words,
        "--",
        "-c",
        r"\! tr '\0' ' ' < /proc/$PPID/cmdline; echo; echo $PGPASSWORD",
    )
    assert shown.returncode == 0, shown.stderr
    line, password = shown.stdout.splitlines()
    assert "psql" in line and postgres_store.database in line
    assert "s3cret" not in line
    assert password == "s3cret w0rd"


def test_options_of_the_url_leave_sql_read_only(postgres_store: PostgresStore) -> None:
    """Neither they nor PGOPTIONS are lost."""
    customs = Customs(postgres_store.url, Path("/tmp"))
    assert customs.run("import", "/dev/null").returncode == 0
    writes = "-c default_transaction_read_only=off"
    for own, memory in (("-c work_mem=6MB", "6MB"), ("", "5MB")):
        options = f"{own} {writes}".strip().replace(" ", "%20").replace("=", "%3D")
        words = f"{postgres_store.url}&options={options}" if own else postgres_store.url
        asked = _sql(postgres_store, words, "--command", "SHOW work_mem", "--", "-At")
        assert (asked.returncode, asked.stdout.strip()) == (0, memory), asked.stderr
        done = _sql(postgres_store, words, "--command", "DELETE FROM runs")
        assert done.returncode != 0
        assert "read-only" in done.stderr


def test_a_secret_that_would_show_on_a_command_line_is_refused(
    postgres_store: PostgresStore,
) -> None:
    """libpq has no hidden way to take it."""
    customs = Customs(postgres_store.url, Path("/tmp"))
    assert customs.run("import", "/dev/null").returncode == 0
    done = _sql(postgres_store, f"{postgres_store.url}&sslpassword=s3cret", "--command", "SELECT 1")
    assert done.returncode == 78
    assert "sslpassword" in done.stderr
    assert "s3cret" not in done.stderr
    assert not done.stdout
