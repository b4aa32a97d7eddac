"""SQLite stores that this user may only read, or not even read."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.centre import Centre
from support.daemon import CUSTOMS, PATIENCE, Customs, Store, clean_environment
from support.stores import SQLiteStore

OTHER = 65_534


@pytest.fixture
def filled(sqlite_store: Store, folder: Path) -> SQLiteStore:
    """A store with some usage."""
    assert isinstance(sqlite_store, SQLiteStore)
    archive = folder / "records.jsonl"
    archive.write_text(Centre(4, records=200).lines())
    Customs(sqlite_store.url, folder).json("import", str(archive))
    return sqlite_store


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory that another user can come to."""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    made = tmp_path / "place"
    made.mkdir()
    yield made
    made.chmod(0o755)


def as_other(url: str, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as a user who is neither root nor the owner, if this user can."""
    # what a test runs lies where others may not come to
    program = place.parent / "customs"
    if not program.exists():
        shutil.copy(CUSTOMS, program)
        program.chmod(0o755)
    prefix = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups"]
    return subprocess.run(
        [*(prefix if os.getuid() == 0 else []), str(program), *words, "--store", url],
        env=clean_environment(place.parent),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_read_only_copy_answers_every_question(
    filled: SQLiteStore, folder: Path, place: Path
) -> None:
    """By SQL too; no file is left beside it."""
    copy = place / "copy of 100%?.sqlite"
    shutil.copy(filled.path, copy)
    copy.chmod(0o444)
    place.chmod(0o555)
    expected = Customs(filled.url, folder)
    url = f"sqlite://{copy}"
    for words in (["top"], ["stacks"], ["health"], ["new"]):
        done = as_other(url, place, *words, "--format", "json")
        assert done.returncode == 0, done
        assert json.loads(done.stdout) == expected.json(*words)
    counted = as_other(url, place, "sql", "--command", "SELECT sum(processes) FROM runs")
    assert (counted.returncode, counted.stdout.split()[-1]) == (0, "200"), counted
    assert [path.name for path in place.iterdir()] == [copy.name]
    # and what would write says that it cannot
    assert as_other(url, place, "pack").returncode == 69


def test_a_copy_with_a_log_is_refused_where_nothing_may_be_written(
    filled: SQLiteStore, place: Path
) -> None:
    """Without the changes in its log it would be another store."""
    copy = place / "customs.sqlite"
    writer = sqlite3.connect(filled.path)
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("UPDATE runs SET processes = processes + 1")
    writer.commit()
    for end in ("", "-wal"):
        shutil.copy(f"{filled.path}{end}", f"{copy}{end}")
        Path(f"{copy}{end}").chmod(0o444)
    writer.close()
    place.chmod(0o555)
    done = as_other(f"sqlite://{copy}", place, "top")
    assert done.returncode == 69
    assert f"{copy}-wal" in done.stderr
    assert not done.stdout
    # where something may be written they count
    place.chmod(0o777)
    expected = Customs(filled.url, place.parent).text("top", "--format", "csv")
    asked = as_other(f"sqlite://{copy}", place, "top", "--format", "csv")
    assert (asked.returncode, asked.stdout) == (0, expected)


def test_a_copy_of_all_three_files_has_the_newest_changes(filled: SQLiteStore, place: Path) -> None:
    """The store is in use: the changes in its write-ahead log count."""
    copy = place / "customs.sqlite"
    writer = sqlite3.connect(filled.path)
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("UPDATE runs SET processes = processes + 1")
    writer.commit()
    for end in ("", "-wal", "-shm"):
        shutil.copy(f"{filled.path}{end}", f"{copy}{end}")
        Path(f"{copy}{end}").chmod(0o444)
    place.chmod(0o555)
    asked = as_other(f"sqlite://{copy}", place, "top", "--format", "csv")
    assert asked.returncode == 0, asked
    assert asked.stdout == Customs(filled.url, place.parent).text("top", "--format", "csv")
    writer.close()


@pytest.mark.parametrize("closed", ["file", "directory"])
def test_an_unreadable_store_is_named_with_its_reason(
    filled: SQLiteStore, place: Path, closed: str
) -> None:
    """The error does not say that it does not exist."""
    store = place / "customs.sqlite"
    shutil.copy(filled.path, store)
    if closed == "file":
        store.chmod(0)
    else:
        place.chmod(0)
    done = as_other(f"sqlite://{store}", place, "top")
    assert done.returncode == 69
    assert "may not be read" in done.stderr
    assert "Permission denied" in done.stderr
    assert "yet" not in done.stderr


def test_a_missing_store_is_not_created(folder: Path) -> None:
    """Neither the file nor its directory."""
    for path in (folder / "customs.sqlite", folder / "missing" / "customs.sqlite"):
        done = Customs(f"sqlite://{path}", folder).run("top")
        assert done.returncode == 69
        assert "there is no store" in done.stderr
        assert not path.exists()
