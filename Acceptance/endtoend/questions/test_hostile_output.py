"""Texts from outside steer no terminal and no spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import Customs
from support.stores import MakeStore

from endtoend.questions.terminal import on_terminal

# CSI and OSC sequences in 7 and 8 bits, directions, width zero, a tag, line ends
HOSTILE = "x\x1b]0;t\x07\x1b[2J\x9b31m\u202egpj\u2066\u200b\ufeff\u00ad\U000e0041\u2028\r\nforged"
FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture(scope="module")
def customs(make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customs]:
    """The command on a store in which all texts are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    store = make_store("sqlite")
    record = {
        **{"v": 1, "username": HOSTILE, "system": HOSTILE, "repo": HOSTILE, "job_id": "7"},
        **{"executable": HOSTILE, "prefix": HOSTILE, "main": HOSTILE, "host": HOSTILE},
        **{"packages": {HOSTILE: HOSTILE, FORMULA: "-1"}, "python": HOSTILE},
    }
    archive = folder / "records.jsonl"
    archive.write_text(json.dumps(record | {"id": "1" * 32}) + "\n")
    customs = Customs(store.url, folder)
    customs.json("import", str(archive))
    yield customs
    store.close()


def invisible(text: str) -> list[str]:
    """Characters that steer a terminal or cannot be seen, but for what Customs itself sends."""
    own = re.sub(r"\x1b\[[01]?[mK]|\r\x1b\[K|\r[-|/\\]\r|\r(?=\[[#.]{25}\])", "", text)
    return [c for c in own if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize(
    "words",
    [
        *(("top",), ("environments",), ("stacks",), ("python",), ("ended",), ("job", "7")),
        *(("versions", FORMULA), ("who", FORMULA), ("user", HOSTILE), ("package", HOSTILE)),
    ],
)
def test_no_answer_steers_a_terminal(customs: Customs, words: tuple[str, ...], form: str) -> None:
    shown = on_terminal(customs, *words, "--format", form)
    assert not invisible(shown)
    assert "forged" not in [line[:6] for line in shown.splitlines()]


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_no_report_steers_a_terminal(customs: Customs, form: str) -> None:
    shown = on_terminal(customs, "report", "--month", "this-month", "--format", form)
    assert "HYPERLINK" in shown
    assert not invisible(shown)
    assert "<script" not in shown


def test_no_export_and_no_statement_steers_a_terminal(customs: Customs) -> None:
    for form in ("csv", "jsonl"):
        assert not invisible(on_terminal(customs, "export", "--format", form))
    if shutil.which("sqlite3"):
        shown = on_terminal(customs, "sql", "--command", "SELECT name FROM users WHERE id > 0")
        assert "forged" in shown
        assert not invisible(shown)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("package", HOSTILE + "2"), 66),
        (("top", "--system", HOSTILE + "2"), 66),
        (("top", "--since", HOSTILE), 64),
        (("top", "--by", HOSTILE), 64),
        (("import", HOSTILE), 66),
    ],
)
def test_no_error_steers_a_terminal(customs: Customs, words: tuple[str, ...], status: int) -> None:
    shown = on_terminal(customs, *words, status=status)
    assert "forged" in shown
    assert not invisible(shown)


def test_json_escapes_what_cannot_be_seen(customs: Customs) -> None:
    """In a pipe too, and without a loss."""
    text = customs.text("user", HOSTILE, "--format", "json")
    assert not invisible(text)
    assert json.loads(text)["username"] == HOSTILE
    rows = customs.text("export", "--format", "jsonl")
    assert not invisible(rows)
    assert json.loads(rows.splitlines()[0])["username"] == HOSTILE


def test_a_spreadsheet_computes_nothing(customs: Customs) -> None:
    """Unless the user wants the texts as they are; numbers are numbers."""
    for words in (("top",), ("export",)):
        for raw in ((), ("--raw",)):
            text = customs.text(*words, "--format", "csv", *raw)
            rows = csv.DictReader(io.StringIO(text))
            row = next(row for row in rows if "HYPER" in row["package"])
            assert row["package"] == ("" if raw else "'") + FORMULA
            assert row["processes"] == "1"


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="sqlite3 is not installed")
def test_sql_reaches_no_other_file_and_no_program(customs: Customs, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden words")
    made = tmp_path / "made"
    for statement in (
        f"ATTACH '{made}' AS other",
        f"SELECT readfile('{secret}')",
        f"SELECT writefile('{made}', 'x')",
        f"SELECT load_extension('{made}')",
        f"VACUUM INTO '{made}'",
        f".shell touch {made}",
        f".once {made}\nSELECT 1",
        "DELETE FROM users",
    ):
        done = customs.run("sql", "--command", statement)
        assert done.returncode != 0, statement
        assert "hidden" not in done.stdout
        assert not made.exists(), statement
    assert customs.run("sql", "--command", "SELECT count(*) FROM runs").stdout.strip().endswith("1")
