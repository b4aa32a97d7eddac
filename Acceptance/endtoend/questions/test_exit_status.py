"""Exit status: an answer that could not be written is a failure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.centre import Centre
from support.daemon import CUSTOMS, CUSTOMSD, PATIENCE, ROOT, Customs, Store, check_configuration
from support.daemon import clean_environment as clean
from support.stores import MakeStore, PostgresStore

HOOK = ROOT / "sitecustomize"

COMMANDS = [
    *(["top"], ["package", "numpy"], ["job", "77"], ["user", "user1"]),
    *(["jobsizes"], ["correlate"], ["environments"], ["stacks"], ["trend", "numpy"], ["ended"]),
    *(["versions", "numpy"], ["new"], ["python"], ["who", "numpy"], ["health"]),
    *(["health", "--claims"], ["canary", "status"], ["import", "/dev/null"], ["pack"]),
    *(["prune", "--older-than", "9000d"], ["anonymize", "--older-than", "9000d", "--dry-run"]),
    *(["export"], ["export", "--format", "jsonl"]),
]


@pytest.fixture(scope="module")
def asking(make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customs]:
    """The command on a small centre."""
    home = tmp_path_factory.mktemp("status")
    store = make_store("sqlite")
    archive = home / "records.jsonl"
    centre = Centre(3, records=300)
    job = {"job_id": "77", "cluster": "alder"}
    archive.write_text(centre.lines() + json.dumps(centre.records[0] | job | {"id": "7" * 32}))
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    yield customs
    store.close()


def to_full(customs: Customs, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a command whose answer goes to a full disk."""
    with Path("/dev/full").open("w") as full:
        return subprocess.run(
            [str(CUSTOMS), *words],
            env=clean(customs.folder) | {"CUSTOMS_STORE": customs.store_url},
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_is_reported_by_the_exit_status(asking: Customs, words: list[str]) -> None:
    """EX_IOERR in every format, with the kernel's reason."""
    # without rows there is no line to be written
    lines = [] if words[0] in {"new", "canary"} else ["jsonl"]
    for form in [None] if words[0] == "export" else ["table", "json", "csv", *lines]:
        done = to_full(asking, words + (["--format", form] if form else []))
        assert done.returncode == 74, (form, done)
        assert "No space left on device" in done.stderr


@pytest.mark.parametrize(
    "words",
    [["--help"], ["top", "--help"], ["--version"], ["--generate-completion-script", "bash"]],
    ids=" ".join,
)
def test_help_that_cannot_be_written_is_a_failure(asking: Customs, words: list[str]) -> None:
    """Help is an answer, too."""
    done = to_full(asking, words)
    assert done.returncode == 74
    assert "No space left on device" in done.stderr


def test_a_check_that_cannot_be_written_is_a_failure(folder: Path) -> None:
    """`customsd --check` in a script."""
    file = folder / "customsd.toml"
    file.write_text("")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(CUSTOMSD), "--config", str(file), "--check"],
            env=clean(folder),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 74
    assert check_configuration(folder, "").returncode == 0


def _ignore_pipes() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


@pytest.mark.parametrize("words", [["export", "--include-staff"], ["stacks"]], ids=" ".join)
@pytest.mark.parametrize("before", [None, _ignore_pipes], ids=["usual", "ignored"])
def test_a_reader_that_closes_the_pipe_is_no_failure(
    asking: Customs, words: list[str], before: Callable[[], None] | None
) -> None:
    """`customs export | head`: no error, also where SIGPIPE is ignored."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [str(CUSTOMS), *words, "--store", asking.store_url],
        env=clean(asking.folder),
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
        restore_signals=before is None,
        preexec_fn=before,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_a_closed_output_is_a_failure(asking: Customs) -> None:
    """`customs top >&-`."""
    done = subprocess.run(
        ["sh", "-c", f"{CUSTOMS} top --store {asking.store_url} >&-"],
        env=clean(asking.folder),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 74
    assert "Bad file descriptor" in done.stderr


def test_a_canary_batch_that_is_all_lost_is_a_failure(sqlite_store: Store, folder: Path) -> None:
    """The line is printed as ever, and the exit status is 75."""
    customs = Customs(sqlite_store.url, folder)
    done = customs.run(
        *("canary run", "--server", f"unixgram://{folder}/nobody.sock", "--processes", "2"),
        *("--prefix", str(HOOK), "--wait", "1", "--format", "json"),
    )
    assert done.returncode == 75, done
    (line,) = json.loads(done.stdout)
    assert (line["state"], line["expected"], line["received"]) == ("overdue", 2, 0)
    assert line["run"] in done.stderr


@pytest.mark.parametrize(
    ("variable", "limit"),
    [("CUSTOMS_QUESTION_MEMORY_MB", "1 MiB of memory"), ("CUSTOMS_QUESTION_SECONDS", "1 s")],
)
def test_a_question_beyond_its_limits_ends_with_71(
    make_store: MakeStore, folder: Path, variable: str, limit: str
) -> None:
    """Even while it waits for the database, and the error says how to ask for less."""
    store = make_store("postgres")
    assert isinstance(store, PostgresStore)
    customs = Customs(store.url, folder)
    archive = folder / "records.jsonl"
    archive.write_text(Centre(3, records=10).lines())
    customs.json("import", str(archive))
    with store.server.session(store.database) as execute:
        execute("BEGIN; LOCK TABLE customs.runs IN ACCESS EXCLUSIVE MODE")
        done = subprocess.run(
            [str(CUSTOMS), "top"],
            env=clean(folder) | {"CUSTOMS_STORE": store.url, variable: "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stdout) == (71, "")
    assert f"the question needs more than {limit}" in done.stderr
    assert "--since" in done.stderr
    store.close()
