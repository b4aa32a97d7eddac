"""Output on a terminal, and in a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.centre import Centre
from support.daemon import CUSTOMS, CUSTOMSD, PATIENCE, ROOT, Customs, clean_environment
from support.stores import MakeStore

from endtoend.questions.terminal import on_terminal, plain, width_of

BARS = set("█▏▎▍▌▋▊▉")


@pytest.fixture(scope="module")
def asking(make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customs]:
    """The command on a small centre."""
    home = tmp_path_factory.mktemp("terminal")
    store = make_store("sqlite")
    archive = home / "records.jsonl"
    archive.write_text(Centre(2, records=800).lines())
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    yield customs
    store.close()


def test_the_spinner_ends_before_an_export_begins(asking: Customs) -> None:
    """It would be printed between the rows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [str(CUSTOMS), "export", "--store", asking.store_url, "--include-staff"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,
        env=clean_environment(asking.folder) | {"TERM": "xterm"},
    )
    os.close(follower)
    assert process.stdout
    # without a reader, the program waits with the rest for longer than a spinner takes to appear
    first = os.read(process.stdout.fileno(), 100)
    while select.select([leader], [], [], 0)[0]:
        os.read(leader, 65_536)
    shown = select.select([leader], [], [], 2)[0]
    assert not shown, os.read(leader, 65_536)
    rest = process.stdout.read()
    assert process.wait(PATIENCE) == 0
    os.close(leader)
    assert len(first) + len(rest) > 2 * 65_536


@pytest.mark.parametrize("command", [["top"], ["trend", "numpy"], ["jobsizes"]])
def test_bars_are_drawn_on_a_terminal_only(asking: Customs, command: list[str]) -> None:
    """And not where they are switched off."""
    shown = on_terminal(asking, *command)
    assert BARS & set(shown)
    assert "\x1b[1m" in shown
    assert not BARS & set(on_terminal(asking, *command, "--plain"))
    piped = asking.text(*command)
    assert not BARS & set(piped)
    assert on_terminal(asking, *command, "--plain") == piped
    assert "\x1b" not in on_terminal(asking, *command, NO_COLOR="1")


@pytest.mark.parametrize("columns", [60, 80, 132])
@pytest.mark.parametrize("command", ["top", "environments", "stacks", "ended"])
def test_tables_fit_the_terminal(asking: Customs, command: str, columns: int) -> None:
    """Texts are cut at its edge; numbers never are."""
    shown = plain(on_terminal(asking, command, "--limit", "400", columns=columns))
    widest = max(width_of(line) for line in shown.splitlines())
    assert widest <= columns
    rows = shown.partition("\n\n")[2].splitlines()[1:]
    assert len(rows) == min(400, len(asking.json(command)))
    if command == "stacks" and columns < 100:
        assert any("…" in row for row in rows)


def test_a_table_on_a_terminal_says_what_it_answers(asking: Customs) -> None:
    """Period, filters and totals; no pipe and no other form has such lines."""
    words = ("top", "--since", "60d", "--system", "perlmutter", "--limit", "3")
    shown = plain(on_terminal(asking, *words, "--head", columns=120))
    first, second, empty, *table = shown.splitlines()
    around = asking.json(*words, "--envelope")
    period, totals = around["period"], around["totals"]
    assert first == (
        f"{period['since']} to {period['until']}; not over; without staff; system perlmutter; "
        "first 3 rows"
    )
    assert second.startswith(f"in all {totals['users']} users; {totals['jobs']} jobs; ")
    assert empty == "" and len(table) == 4
    # where no totals are wanted, the question alone decides
    assert plain(on_terminal(asking, *words, columns=120)).startswith(first + "\n")
    piped = asking.text(*words)
    assert piped.splitlines()[0].startswith("package ")
    assert asking.text(*words, "--head").partition("\n\n")[2] == piped
    without = plain(on_terminal(asking, *words, "--no-head", columns=120))
    assert without.splitlines() == table
    for form in ("json", "csv", "jsonl"):
        assert on_terminal(asking, *words, "--format", form) == asking.text(
            *words, "--format", form
        )
        assert asking.run(*words, "--head", "--format", form).returncode == 64
    # totals would tell of those who are left out
    assert "in all" not in on_terminal(asking, "top", "--public", "--head")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_head_fits_the_terminal(asking: Customs, columns: int) -> None:
    """Lines end between two filters, and a filter that is longer than a line is cut."""
    pattern = "/*" + "数" * 60 + "/*"
    shown = plain(
        on_terminal(asking, "top", "--prefix", pattern, "--user", "user4", columns=columns)
    )
    head = shown.partition("\n\n")[0].splitlines()
    lines = [line for line in head if not line.startswith("customs:")]
    assert all(width_of(line) <= columns for line in lines), lines
    assert any("…" in line for line in lines) == (columns < 140)
    assert "user user4" in " ".join(lines)


def test_numbers_are_grouped_and_right_aligned(make_store: MakeStore, tmp_path: Path) -> None:
    """By thousands, under their heading."""
    store = make_store("sqlite")
    archive = tmp_path / "records.jsonl"
    records = [
        {
            "v": 1,
            "id": f"{number:032x}",
            "username": f"u{number % 3}",
            "packages": {"numpy": "2.0"} | ({"scipy": None} if number < 5 else {}),
        }
        for number in range(1_234)
    ]
    archive.write_text("".join(json.dumps(record) + "\n" for record in records))
    customs = Customs(store.url, tmp_path)
    customs.json("import", str(archive))
    head, first, second = customs.text("top").splitlines()
    assert re.search(r"\b1,234\b", first)
    place = first.index("1,234") + 5
    assert second[:place].endswith("    5")
    assert head[:place].rstrip().endswith("processes")
    store.close()


def test_long_answers_go_through_a_pager(asking: Customs, tmp_path: Path) -> None:
    """Answers with more lines than the terminal."""
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ncat > {tmp_path}/paged\n")
    pager.chmod(0o755)
    whole = asking.text("stacks")
    alone = ("stacks", "--no-head")
    shown = on_terminal(asking, *alone, rows=10, columns=10_000, PAGER=str(pager))
    assert shown == ""
    assert plain((tmp_path / "paged").read_text()) == whole
    (tmp_path / "paged").unlink()
    for words, rows, chosen in ((("top",), 500, pager), (("top",), 10, "cat"), (("top",), 10, "")):
        assert plain(on_terminal(asking, *words, rows=rows, PAGER=str(chosen)))
    assert on_terminal(asking, "stacks", "--plain", rows=10, PAGER=str(pager)) == whole
    assert not (tmp_path / "paged").exists()


@pytest.mark.parametrize(
    "pager", ["/nonexistent/pager", "false", "head -n 3; exit 2", "sh -c 'kill -9 $$'"]
)
def test_a_pager_that_fails_does_not_swallow_the_answer(asking: Customs, pager: str) -> None:
    whole = asking.text("stacks", "--limit", "40")
    shown = on_terminal(asking, "stacks", "--limit", "40", rows=10, columns=10_000, PAGER=pager)
    assert plain(shown).endswith(whole)
    assert pager in shown


def test_a_missing_default_pager_is_not_mentioned(asking: Customs, tmp_path: Path) -> None:
    """The user did not choose one."""
    whole = asking.text("stacks", "--limit", "40")
    shown = on_terminal(
        asking, "stacks", "--limit", "40", rows=10, columns=10_000, PATH=str(tmp_path)
    )
    assert plain(shown).endswith(whole)
    assert "customs:" not in shown


@pytest.mark.parametrize("terminal", [40, 41, 60, 80])
def test_columns_align_below_wide_letters(
    make_store: MakeStore, tmp_path: Path, terminal: int
) -> None:
    names = [
        *("numpy", "数値解析ライブラリ" * 3, "カタカナ" * 9, "e\u0301te\u0301" * 4),
        *("한글패키지" * 4, "🐍🐍🐍", "👩\u200d🔬lab", "♥\ufe0fheart", "größe"),
    ]
    store = make_store("sqlite")
    archive = tmp_path / "records.jsonl"
    archive.write_text(
        "".join(
            json.dumps({"v": 1, "id": f"{number:032x}", "username": "u", "packages": {name: None}})
            + "\n"
            for number, name in enumerate(names)
        )
    )
    customs = Customs(store.url, tmp_path)
    customs.json("import", str(archive))
    shown = plain(on_terminal(customs, "trend", *names, "--no-head", columns=terminal)).splitlines()
    assert len(shown) == 1 + len(names)
    assert all(width_of(line) <= terminal for line in shown), shown
    month = width_of(shown[0][: shown[0].index("month")])
    for line in shown[1:]:
        place = re.search(r"  (\d{4}-\d\d)", line)
        assert place, line
        assert width_of(line[: place.start(1)]) == month, line
    # where there is room no name is cut
    wide = plain(on_terminal(customs, "trend", *names, columns=200))
    assert all(name in wide for name in names)
    store.close()


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["tpo"], "'top'"),
        (["helth"], "'health'"),
        (["environment"], "'environments'"),
        (["TOP"], "'top'"),
        (["top", "--formt", "json"], "'--format'"),
    ],
)
def test_misspelt_words_get_a_suggestion(asking: Customs, words: list[str], meant: str) -> None:
    """EX_USAGE."""
    done = subprocess.run(
        [str(CUSTOMS), *words],
        env=clean_environment(asking.folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 64
    assert meant in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("command", "name", "meant"),
    [
        *(("package", "nunpy", "numpy"), ("versions", "Numpy", "numpy"), ("who", "torhc", "torch")),
        *(("trend", "astropy.io.fit", "astropy.io.fits"), ("package", "zzzzzzzz", None)),
    ],
)
def test_misspelt_packages_get_a_suggestion(
    asking: Customs, command: str, name: str, meant: str | None
) -> None:
    done = asking.run(command, name, "--format", "json")
    assert (done.returncode, done.stdout) == (66, "")
    assert name in done.stderr
    assert (f"'{meant}'" in done.stderr) if meant else ("mean" not in done.stderr)
    assert not asking.run(command, "numpy", "--format", "json").stderr


def test_json_lines_are_the_rows_of_json(asking: Customs) -> None:
    rows = asking.json("top")
    lines = asking.text("top", "--format", "jsonl").splitlines()
    assert len(lines) == len(rows)
    assert lines[0].startswith('{"package":')


@pytest.mark.parametrize(("program", "section"), [(CUSTOMS, "1"), (CUSTOMSD, "8")])
def test_every_command_has_a_man_page_with_its_options(
    program: Path, section: str, tmp_path: Path
) -> None:
    generate = [str(ROOT / "docs/man/generate.py"), str(program), section, str(tmp_path)]
    subprocess.run(["python3", *generate], check=True, timeout=PATIENCE)
    pages = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert f"{program.name}.{section}" in pages
    manual = {"1": "User Commands", "8": "System Administration"}[section]
    for name, text in pages.items():
        assert text.splitlines()[0].endswith(f'"{manual}"'), name
    if program == CUSTOMS:
        assert {"customs-top.1", "customs-hook-install.1", "customs-anonymize.1"} <= pages.keys()
        for name, text in pages.items():
            assert ".SH NAME" in text, name
        assert "\\-\\-older\\-than" in pages["customs-prune.1"]
        assert "\\-\\-account" in pages["customs-top.1"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_completion_of_the_commands(shell: str) -> None:
    done = subprocess.run(
        [str(CUSTOMS), "--generate-completion-script", shell],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    for word in ("top", "correlate", "anonymize", "node-hours", "older-than"):
        assert word in done.stdout, word
