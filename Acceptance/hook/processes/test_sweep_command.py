"""The sweep's command line: its options, its output and its time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.receiver import Receiver, environment, old_interpreters, run

from hook.sweeps import (
    SWEEP,
    command,
    head,
    left,
    own,
    plant,
    sweep,
    text,
    until,
)


@pytest.mark.parametrize(
    "options",
    [
        ["--server", "udp://localhost:5140"],
        ["--server", "udp://127.0.0.1"],
        ["--server", "http://127.0.0.1:5140"],
        ["--max-seconds", "0"],
        ["--max-seconds", "nan"],
        ["--max-seconds", "soon"],
        ["--nothing"],
        ["directory"],
    ],
)
def test_errors_of_usage_end_with_64_and_one_line(options: list[str], traces: Path) -> None:
    arguments = [sys.executable, "-I", str(SWEEP), "--trace-dir", str(traces), *options]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("customs_sweep.py: ")
    assert len(done.stderr.splitlines()) == 1


def test_help_has_examples() -> None:
    done = subprocess.run([sys.executable, str(SWEEP), "--help"], capture_output=True, check=True)
    assert b"examples:" in done.stdout
    assert b"--max-seconds" in done.stdout


def test_it_is_silent_unless_asked(receiver: Receiver, traces: Path) -> None:
    plant(traces, 1, text(head(), "numpy"))
    plant(traces, 2, b"nonsense\n")
    done = subprocess.run(command(traces, receiver.url), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_closed_output_is_no_error(receiver: Receiver, traces: Path) -> None:
    plant(traces, 1, text(head(), "numpy"))
    shell = ["sh", "-c", 'exec "$@" -v >&- 2>&-', "sh", *command(traces, receiver.url)]
    assert subprocess.run(shell, check=False).returncode == 0
    assert receiver.record()["end"] == "killed"


def test_the_environment_names_server_and_directory(receiver: Receiver, traces: Path) -> None:
    plant(traces, 1, text(head(), "numpy"))
    variables = environment(None, CUSTOMS_SERVER=receiver.url, CUSTOMS_TRACE_DIR=str(traces))
    assert run([str(SWEEP)], variables).returncode == 0
    assert receiver.record()["end"] == "killed"


def test_the_hooks_own_setting_is_the_default(
    receiver: Receiver, traces: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "hook"
    shutil.copytree(SWEEP.parent, tree)
    site = tree / "sitecustomize.py"
    changed = site.read_text().replace("udp://127.0.0.1:5140", receiver.url)
    site.write_text(changed.replace("/run/customs/traces", str(traces)))
    plant(traces, 1, text(head(), "numpy"))
    done = run(["-I", "-S", "-B", str(tree / "customs_sweep.py")], environment(None))
    assert (done.returncode, done.stderr) == (0, b"")
    assert receiver.record()["end"] == "killed"


@pytest.mark.parametrize("kind", ["missing", "file", "link", "not sticky"])
def test_a_wrong_trace_directory_is_left_alone(
    kind: str, receiver: Receiver, traces: Path, tmp_path: Path
) -> None:
    path = plant(traces, 1, text(head(), "numpy"))
    other = tmp_path / "other"
    if kind == "file":
        other.write_text("")
    elif kind == "link":
        other.symlink_to(traces)
    elif kind == "not sticky":
        if os.getuid():
            pytest.skip("a directory of one's own need not be sticky")
        traces.chmod(0o777)
        other = traces
    sweep(other, receiver.url)
    assert receiver.records() == []
    assert path.exists()


@pytest.mark.parametrize("executable", old_interpreters())
def test_python_2_says_that_it_cannot(executable: str, traces: Path) -> None:
    done = run([str(SWEEP), "--trace-dir", str(traces)], environment(None), executable)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"customs_sweep: this is Python 2.7; it takes 3.6 or later.\n"


def test_it_writes_nothing_into_the_hooks_directory(
    receiver: Receiver, traces: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "hook"
    shutil.copytree(SWEEP.parent, tree, ignore=shutil.ignore_patterns("__pycache__"))
    plant(traces, 1, text(head(), "numpy"))
    variables = environment(None, CUSTOMS_SERVER=receiver.url)
    variables.pop("PYTHONDONTWRITEBYTECODE")
    run([str(tree / "customs_sweep.py"), "--trace-dir", str(traces)], variables)
    assert receiver.record()["end"] == "killed"
    assert list(tree.rglob("__pycache__")) == []


def test_the_sweep_ends_in_time(receiver: Receiver, traces: Path) -> None:
    for slot in range(1024):
        plant(traces, slot, text(head(), "numpy"))
    began = time.monotonic()
    sweep(traces, receiver.url, "--max-seconds", "0.5")
    assert time.monotonic() - began < 1.5
    assert own(traces).exists()


def test_a_sweep_ended_by_a_signal_leaves_nothing_half_sent(
    receiver: Receiver, traces: Path
) -> None:
    for slot in range(1024):
        plant(traces, slot, text(head(), "numpy"))
    process = subprocess.Popen(command(traces, receiver.url), env={})
    until(lambda: len(left(traces)) < 1020)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == -signal.SIGTERM
    # what was sent is gone, what was not sent is there: nothing lies between
    until(lambda: not left(traces))
    identities = [record["id"] for record in receiver.records()]
    assert len(identities) == len(set(identities))
