"""Archives in every form: pipes, other formats, damage, times without a year."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import subprocess
import tarfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from support.daemon import CUSTOMS, PATIENCE, Customs, Store, assert_balanced, clean_environment
from support.stores import SQLiteStore

from endtoend.safekeeping.test_quarantine import forbid_runs, quarantined


def lines(count: int, first: int = 0, **members: object) -> bytes:
    """Records, a line each."""
    return b"".join(
        json.dumps(
            {"v": 1, "id": f"{number:032x}", "username": f"u{number}", "packages": {"numpy": "2.0"}}
            | members
        ).encode()
        + b"\n"
        for number in range(first, first + count)
    )


def shell(
    customs: Customs, script: str, **variables: str
) -> tuple[int, dict[str, Any] | None, str]:
    """Exit status, answer and errors of bash, where `$customs` is the command on the store."""
    done = subprocess.run(
        ["bash", "-c", f'customs() {{ {CUSTOMS} "$@" --format json; }}; {script}'],
        env=clean_environment(customs.folder) | {"CUSTOMS_STORE": customs.store_url, **variables},
        cwd=customs.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.fixture
def customs(sqlite_store: Store, folder: Path) -> Customs:
    """The command on an empty store."""
    return Customs(sqlite_store.url, folder)


WAYS = {
    "dash": "cat records | customs import -",
    "dev_stdin": "cat records | customs import /dev/stdin",
    "substitution": "customs import <(cat records)",
    "fifo": "mkfifo pipe; (cat records > pipe &); customs import pipe",
    "file_as_input": "customs import - < records",
    "rest_of_a_file": "{ read -r line; customs import -; } < with_heading",
    "two": "customs import <(head -n 2 records) <(tail -n +3 records)",
    "packed": "gzip -c records | customs import -",
}


@pytest.mark.parametrize("way", WAYS)
def test_an_archive_from_a_pipe_is_the_same_archive_as_its_file(
    customs: Customs, folder: Path, way: str
) -> None:
    """It is read once, and all of it is taken."""
    (folder / "records").write_bytes(lines(5))
    (folder / "with_heading").write_bytes(b"a heading\n" + lines(5))
    status, answer, errors = shell(customs, WAYS[way])
    assert (status, errors) == (0, "")
    assert answer is not None
    assert_balanced(answer)
    assert (answer["received"], answer["stored"], answer["rejected"]) == (5, 5, {})
    if way != "two":
        again = customs.json("import", str(folder / "records"))
        assert (again["stored"], again["duplicate"]) == (0, 5)
    assert customs.json("top")[0]["processes"] == 5


def test_bad_rows_of_a_pipe_are_found(store: Store, folder: Path) -> None:
    """The search for them reads the archive again; a pipe is kept for that."""
    customs = Customs(store.url, folder)
    assert customs.run("import", "/dev/null").returncode == 0
    forbid_runs(store)
    archive = lines(200) + lines(2, 500, username="bad") + lines(200, 1_000)
    done = subprocess.run(
        [str(CUSTOMS), "import", "-", "--store", store.url, "--format", "json"],
        env=clean_environment(folder),
        input=archive,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert (answer["stored"], answer["rejected"]) == (400, {"refused_by_store": 2})
    assert len(quarantined(store)) == 2


def test_a_pipe_is_kept_without_a_name_in_tmpdir(customs: Customs, folder: Path) -> None:
    """The command fails where that folder does not exist."""
    kept = folder / "kept"
    kept.mkdir()
    (folder / "records").write_bytes(lines(3))
    status, answer, errors = shell(customs, WAYS["dash"], TMPDIR=str(kept))
    assert (status, errors) == (0, "")
    assert list(kept.iterdir()) == []
    status, answer, errors = shell(customs, WAYS["dash"], TMPDIR=str(folder / "missing"))
    assert status == 74
    assert "TMPDIR" in errors
    assert answer is not None
    assert answer["received"] == 0
    # what can be sought is not kept
    assert shell(customs, "customs import - < records", TMPDIR="/nonexistent")[0] == 0


def _tar(plain: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("records.jsonl")
        member.size = len(plain)
        archive.addfile(member, io.BytesIO(plain))
    return packed.getvalue()


def _pzstd(plain: bytes) -> bytes:
    """Each frame behind one to be skipped that tells its length."""
    packed = b""
    for piece in (plain[:100], plain[100:]):
        frame = zstandard.compress(piece)
        packed += b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little")
        packed += len(frame).to_bytes(4, "little") + frame
    return packed


def test_skippable_frames_of_pzstd_are_no_text(customs: Customs, folder: Path) -> None:
    """The file is still recognised as zstd."""
    archive = folder / "records.zst"
    archive.write_bytes(_pzstd(lines(50)))
    answer = customs.json("import", str(archive))
    assert (answer["received"], answer["stored"]) == (50, 50)


OTHER_FORMATS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "xz": (lzma.compress, "xz -dc FILE | customs import -"),
    "bzip2": (bz2.compress, "bzip2 -dc FILE | customs import -"),
    "lz4": (lambda plain: b"\x04\x22\x4d\x18" + plain, "lz4 -dc FILE | customs import -"),
    "tar": (_tar, "tar -xOf FILE | customs import -"),
}


@pytest.mark.parametrize("form", OTHER_FORMATS)
def test_other_formats_are_refused_by_name(customs: Customs, folder: Path, form: str) -> None:
    """The error names the command that decompresses them, and that command works."""
    pack, command = OTHER_FORMATS[form]
    archive, good = folder / "records", folder / "good"
    archive.write_bytes(pack(lines(5)))
    good.write_bytes(lines(2, 100))
    done = customs.run("import", "--format", "json", str(archive), str(good))
    assert done.returncode == 66
    assert form in done.stderr
    assert command.replace("FILE", str(archive)) in done.stderr
    # the other one was taken
    assert json.loads(done.stdout)["stored"] == 2
    if form in {"xz", "tar"}:
        status, answer, _ = shell(customs, command.replace("FILE", str(archive)))
        assert (status, answer and answer["stored"]) == (0, 5)
    status, _, errors = shell(customs, f"cat {archive} | customs import -")
    assert status == 66
    assert "standard input" in errors


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, _pzstd])
def test_text_behind_compressed_data_is_reported_and_counted(
    customs: Customs, folder: Path, pack: Callable[[bytes], bytes]
) -> None:
    """`cat new.jsonl >> old.gz`: no line of it is lost."""
    archive, rest = folder / "records", folder / "rest"
    archive.write_bytes(pack(lines(50)) + lines(30, 100))
    rest.write_bytes(lines(30, 100))
    done = customs.run("import", "--format", "json", str(archive))
    assert done.returncode == 66
    assert str(len(rest.read_bytes())) in done.stderr
    answer = json.loads(done.stdout)
    assert_balanced(answer)
    assert (answer["received"], answer["stored"]) == (80, 50)
    assert answer["rejected"] == {"trailing_data": 30}
    assert customs.health()["rejected"] == {"trailing_data": 30}
    # mended, the first part is known
    archive.write_bytes(pack(lines(50)))
    assert customs.json("import", str(archive))["duplicate"] == 50
    assert customs.json("import", str(rest))["stored"] == 30
    assert_balanced(customs.health())


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_nothing_of_a_truncated_archive_is_taken(
    customs: Customs, folder: Path, pack: Callable[[bytes], bytes], way: str
) -> None:
    """The whole archive will be another one."""
    whole = pack(lines(500))
    archive = folder / "records"
    archive.write_bytes(whole[: len(whole) * 2 // 3])
    words = str(archive) if way == "file" else "-"
    status, answer, errors = shell(customs, f"customs import {words} < <(cat {archive})")
    assert status == 66
    assert "damaged" in errors
    assert answer is not None
    assert (answer["received"], answer["stored"]) == (0, 0)
    archive.write_bytes(whole)
    assert customs.json("import", str(archive))["stored"] == 500


@pytest.mark.parametrize(
    "content",
    [
        b"Dear Sir or Madam\n" * 9,
        os.urandom(4_000),
        b"\0" * 500,
        b'{"v":1}\n{"v":1}\n',
        b"\x28\xb5",
    ],
    ids=["prose", "noise", "zeros", "no_records", "two_bytes"],
)
def test_an_archive_without_any_record_ends_with_75(
    customs: Customs, folder: Path, content: bytes
) -> None:
    """The error names the file, also beside a good one."""
    garbage, good, empty = folder / "garbage", folder / "good", folder / "empty"
    # noise may begin as anything does
    garbage.write_bytes(b"\xff" + content)
    good.write_bytes(lines(3))
    empty.write_bytes(b"")
    for files in ([garbage], [good, garbage, empty]):
        done = customs.run("import", "--format", "json", *map(str, files))
        assert done.returncode == 75, done
        assert str(garbage) in done.stderr
        assert_balanced(json.loads(done.stdout))
    assert customs.run("import", str(good)).returncode == 0
    done = customs.run("import", str(empty))
    assert (done.returncode, f"{empty} is empty" in done.stderr) == (0, True)


# Times without a year


def _written(time: datetime) -> bytes:
    return f"<14>{time:%b} {time.day:2} {time:%H:%M:%S} nid001 python: ".encode()


def _archive(times: list[datetime]) -> bytes:
    """Older messages, each of a package of its own."""
    return b"".join(
        _written(time)
        + json.dumps({"service": "Python", "subservice": f"p{number}", "username": "u"}).encode()
        + b"\n"
        for number, time in enumerate(times)
    )


def _found(customs: Customs) -> dict[str, str]:
    """The day of each package."""
    rows = csv.DictReader(io.StringIO(customs.text("export")))
    return {row["package"]: row["day"] for row in rows}


def test_the_year_of_a_time_without_one_is_the_latest_possible(
    customs: Customs, folder: Path
) -> None:
    """At most a day ahead of now; no record is dated today."""
    now = datetime.now(UTC)
    times = [now - timedelta(days=30 * back) for back in range(12)]
    times += [now + timedelta(hours=20), now + timedelta(hours=28), now + timedelta(days=40)]
    # February 29th is of no year but its own
    times = [time if (time.month, time.day) != (2, 29) else time.replace(day=28) for time in times]
    archive = folder / "messages"
    archive.write_bytes(_archive(times))
    assert customs.json("import", str(archive))["rejected"] == {}
    expected = [time.date() for time in times[:13]]
    expected += [time.date().replace(year=time.year - 1) for time in times[13:]]
    assert _found(customs) == {f"p{number}": str(day) for number, day in enumerate(expected)}


def test_a_named_year_dates_times_without_one(sqlite_store: SQLiteStore, folder: Path) -> None:
    """For older archives, and for pipes."""
    customs = Customs(sqlite_store.url, folder)
    now = datetime.now(UTC)
    (folder / "messages").write_bytes(
        _archive([datetime(2020, 2, 29, tzinfo=UTC), datetime(2020, 12, 24, tzinfo=UTC)])
    )
    status, answer, _ = shell(customs, "cat messages | customs import --year 2020 -")
    assert (status, answer and answer["stored"]) == (0, 2)
    assert _found(customs) == {"p0": "2020-02-29", "p1": "2020-12-24"}
    for year in ("1999", str(now.year + 1), "MMXX"):
        done = customs.run("import", "--year", year, str(folder / "messages"))
        assert done.returncode == 64
        assert "--year" in done.stderr


def test_a_slow_pipe_is_read_to_its_end(customs: Customs, folder: Path) -> None:
    """Its pieces end anywhere."""
    reading, writing = os.pipe()
    content = gzip.compress(lines(40))

    def feed() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for start in range(0, len(content), 100):
                pipe.write(content[start : start + 100])

    feeder = threading.Thread(target=feed)
    feeder.start()
    done = subprocess.run(
        [str(CUSTOMS), "import", "-", "--store", customs.store_url, "--format", "json"],
        env=clean_environment(folder),
        stdin=reading,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    os.close(reading)
    feeder.join()
    assert json.loads(done.stdout)["stored"] == 40
