"""The records that the sweep sends, their server, and those that it keeps for later."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver

from hook.sweeps import (
    boot_time,
    command,
    head,
    left,
    plant,
    sweep,
    text,
)


def test_two_sweeps_at_once_send_once(receiver: Receiver, traces: Path) -> None:
    for slot in range(80):
        plant(traces, slot, text(head(), "numpy 1.26.4"))
    started = [subprocess.Popen(command(traces, receiver.url), env={}) for _ in range(3)]
    assert [process.wait(timeout=30) for process in started] == [0, 0, 0]
    records = receiver.records()
    assert len(records) == len({record["id"] for record in records}) == 80
    assert left(traces) == []


def test_a_record_that_cannot_be_sent_is_kept(traces: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    plant(traces, 1, text(head(), "numpy 1.26.4"))
    assert "kept 1" in sweep(traces, f"unixgram://{path}")
    receiver = Receiver(path)
    sweep(traces, receiver.url)
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}
    receiver.close()


def test_a_full_socket_gets_the_rest_later(traces: Path, tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "socket")
    identities = set()
    for slot in range(60):
        record = head()
        identities.add(record["id"])
        plant(traces, slot, text(record, "numpy 1.26.4"))
    found: list[str] = []
    began = time.monotonic()
    sweep(traces, receiver.url)
    assert time.monotonic() - began < 10
    assert 0 < len(left(traces)) < 60
    while left(traces):
        found += [record["id"] for record in receiver.records()]
        sweep(traces, receiver.url)
    found += [record["id"] for record in receiver.records()]
    assert sorted(found) == sorted(identities)
    receiver.close()


def test_one_of_several_servers_suffices(receiver: Receiver, traces: Path, tmp_path: Path) -> None:
    for slot in range(20):
        plant(traces, slot, text(head(), "numpy"))
    sweep(traces, f"unixgram://{tmp_path}/none,{receiver.url}", "--server", receiver.url)
    assert len(receiver.records()) == 20


def test_a_long_record_comes_in_parts(receiver: Receiver, traces: Path) -> None:
    names = [f"package_number_{number:04}" for number in range(900)]
    plant(traces, 1, text(head(), *[f"{name} 1.{name[-4:]}" for name in names]))
    sweep(traces, receiver.url)
    records = receiver.records()
    assert len(records) > 1
    assert len({record["id"] for record in records}) == 1
    found: dict[str, Any] = {}
    for record in records:
        found.update(record["packages"])
    assert sorted(found) == names


def test_nothing_imported_sends_nothing(receiver: Receiver, traces: Path) -> None:
    plant(traces, 1, text(head()))
    sweep(traces, receiver.url)
    assert receiver.records() == []
    assert left(traces) == []


def test_the_processes_of_one_job_can_be_swept_alone(receiver: Receiver, traces: Path) -> None:
    for slot, job in enumerate(("11", "12", None)):
        plant(traces, slot, text(head(job_id=job), "numpy"))
    sweep(traces, receiver.url, "--job", "12")
    assert receiver.record()["job_id"] == "12"
    assert [path.name for path in left(traces)] == ["0", "2"]


def test_an_unknown_uid_is_named_by_slurm_or_by_its_number(
    receiver: Receiver, traces: Path
) -> None:
    if os.getuid():
        pytest.skip("takes root, to sweep the directory of an unknown uid")
    uid = 3999999999
    directory = traces / str(uid)
    directory.mkdir(mode=0o700)
    for slot in range(2):
        path = directory / str(slot)
        path.write_bytes(text(head(), "numpy"))
        os.chown(path, uid, uid)
    os.chown(directory, uid, uid)
    variables = {"SLURM_JOB_UID": str(uid), "SLURM_JOB_USER": "bob"}
    (directory / "1").rename(tmp := directory / "x")
    tmp.rename(traces / "later")
    subprocess.run(command(traces, receiver.url), env={}, check=True)
    assert receiver.record()["username"] == f"#{uid}"
    (traces / "later").rename(directory / "1")
    subprocess.run(command(traces, receiver.url), env=variables, check=True)
    assert receiver.record()["username"] == "bob"


def test_elapsed_reaches_back_to_the_first_import(receiver: Receiver, traces: Path) -> None:
    started = round(boot_time() - min(1000, boot_time() / 2), 2)
    plant(traces, 1, text(head(started=started), "numpy"))
    plant(traces, 2, text(head(started=None), "numpy"))
    plant(traces, 3, text(head(started=boot_time() + 9999), "numpy"))
    sweep(traces, receiver.url)
    records = receiver.records()
    assert len(records) == 3
    (elapsed,) = [record["elapsed"] for record in records if "elapsed" in record]
    assert abs(elapsed - (boot_time() - started)) < 5


def test_without_a_start_time_the_last_import_decides(receiver: Receiver, traces: Path) -> None:
    # this process is alive, and no Python; its trace is as old as it, or was before it was born
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        path = plant(traces, 1, text(head(pid=sleeper.pid, started=None), "numpy"))
        sweep(traces, receiver.url)
        assert receiver.records() == []
        os.utime(path, (time.time() - 3600, time.time() - 3600))
        sweep(traces, receiver.url)
        assert receiver.record()["end"] == "killed"
        sleeper.kill()
