"""The sweep ends in time, whatever another user does to delay it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.receiver import Receiver

from hook.hostile.users import (
    ALICE,
    MALLORY,
    as_user,
    assert_only_alices,
    leave,
    needs_root,
    victim,
)
from hook.sweeps import head, sweep, text

#: Locks its standard input, says so, and sits there.
HOLD = "import fcntl, time; fcntl.flock(0, fcntl.LOCK_EX); print(flush=True); time.sleep(60)"


@needs_root
def test_a_locked_file_delays_nothing(receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    with (traces / str(MALLORY) / "1").open("rb") as file:
        holder = subprocess.Popen([sys.executable, "-c", HOLD], stdin=file, stdout=subprocess.PIPE)
        assert holder.stdout
        assert holder.stdout.readline() == b"\n"
        sweep(traces, receiver.url)
        holder.kill()
        holder.communicate()
    assert_only_alices(receiver, record)


@needs_root
def test_a_growing_file_delays_nothing(receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    grow = (
        "import os, sys, time\n"
        "end = time.monotonic() + 3\n"
        "file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)\n"
        "while time.monotonic() < end: os.write(file, b'x' * 1000); time.sleep(0.001)\n"
    )
    path = traces / str(MALLORY) / "1"
    with subprocess.Popen([sys.executable, "-c", grow, str(path)]) as grower:
        time.sleep(0.1)
        sweep(traces, receiver.url)
        grower.kill()
    found = {sent["uid"] for sent in receiver.records() if sent["id"] == record["id"]}
    assert found == {ALICE}


@needs_root
@pytest.mark.parametrize("where", ["a user's directory", "the trace directory"])
def test_a_flood_of_names_delays_nothing(where: str, receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    inside = where == "a user's directory"

    def flood() -> None:
        for number in range(30000):
            path = traces / str(MALLORY) / f"x{number}" if inside else traces / f"{10**6 + number}"
            os.close(os.open(path, os.O_CREAT))

    as_user(MALLORY, flood)
    began = time.monotonic()
    sweep(traces, receiver.url)
    assert time.monotonic() - began < 10
    # his own goes too, though it is one name of very many
    assert {sent["uid"] for sent in receiver.records()} == {ALICE, MALLORY}
    assert record["id"]


@needs_root
def test_a_sweep_of_all_slots_keeps_its_bound_of_time(receiver: Receiver, traces: Path) -> None:
    leave(traces, MALLORY, 0, b"")
    slots = [text(head(), *["n" * 100] * 200) for _ in range(1024)]

    def fill() -> None:
        for slot, content in enumerate(slots):
            (traces / str(MALLORY) / str(slot)).write_bytes(content)

    as_user(MALLORY, fill)
    began = time.monotonic()
    sweep(traces, receiver.url, "--max-seconds", "1")
    assert time.monotonic() - began < 2


@needs_root
def test_a_trace_swapped_for_a_link_reveals_no_secret(receiver: Receiver, traces: Path) -> None:
    """Mallory puts a link to a secret in the place of his trace and back, as fast as he can."""
    secret = traces.parent / "secret"
    secret.write_bytes(text(head(username="secret"), "pandas"))
    secret.chmod(0o600)
    leave(traces, MALLORY, 1, b"")
    swap = (
        "import os, sys\n"
        "os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2])); os.chdir(sys.argv[1])\n"
        "os.umask(0o77)\n"
        "while True:\n"
        "    for make in (lambda: os.symlink('../../secret', 't'), lambda: open('t', 'x'),\n"
        "                 lambda: os.link('1', 't'), lambda: os.mkdir('t')):\n"
        "        try: make(); os.rename('t', '1')\n"
        "        except OSError: pass\n"
        "        for end in (os.unlink, os.rmdir):\n"
        "            for name in ('t', '1'):\n"
        "                try: end(name)\n"
        "                except OSError: pass\n"
    )
    arguments = [sys.executable, "-c", swap, str(traces / str(MALLORY)), str(MALLORY)]
    record = victim(traces)
    with subprocess.Popen(arguments) as swapper:
        for _ in range(15):
            sweep(traces, receiver.url)
        assert swapper.poll() is None
        swapper.kill()
    assert_only_alices(receiver, record)
    assert secret.exists()
