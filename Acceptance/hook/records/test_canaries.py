"""Canary processes that a site sends out mark their records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.receiver import Receiver, environment, run

from hook.sweeps import sweep, traced

# as the daemon makes them: the batch, and the code by which it knows the record as its own
RUN = "20261121t120000z-0000beef.0123456789abcdef0123456789abcdef"
MARK = f"{RUN}:3:10"
MEMBER = {"run": RUN, "seq": 3, "of": 10}
# of the standard library: every interpreter has it, and so it needs no package on any node
PROGRAM = "import multiprocessing"


def test_a_canarys_record_names_its_batch(receiver: Receiver) -> None:
    done = run(["-c", PROGRAM], environment(receiver, CUSTOMS_CANARY=MARK))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (datagram,) = receiver.datagrams()
    head, _, body = datagram.partition(b" - ")
    assert head.endswith(b" canary")
    record = json.loads(body)
    assert record["canary"] == MEMBER
    assert record["packages"].keys() == {"multiprocessing"}


def test_a_killed_canary_is_swept_as_a_canary(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    traces.chmod(0o1777)
    variables = traced(receiver, packages, traces, CUSTOMS_CANARY=MARK)
    done = run(["-c", f"{PROGRAM}; import os; os.kill(os.getpid(), 9)"], variables)
    assert done.returncode == -9
    assert receiver.datagrams() == []
    sweep(traces, receiver.url)
    record = receiver.record()
    assert (record["canary"], record["end"]) == (MEMBER, "killed")


@pytest.mark.parametrize(
    "mark",
    [
        "",
        ":",
        "run",
        "run:1",
        "run:1:2:3",
        "run:-1:2",
        "run:3:2",
        "run:1:x",
        "a b:1:2",
        "x" * 65 + ":1:2",
        "é:1:2",
    ],
)
def test_a_mark_of_another_form_is_ignored(mark: str, receiver: Receiver) -> None:
    run(["-c", PROGRAM], environment(receiver, CUSTOMS_CANARY=mark))
    assert "canary" not in receiver.record()
