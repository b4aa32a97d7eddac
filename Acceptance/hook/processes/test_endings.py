"""A worker that was ended by a signal has the end of its program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.receiver import HOOK, Receiver, environment, interpreters, pypy, run

from hook.sweeps import NOBODY, head, left, own, plant, sweep, text, traced, until

#: The usual form of a pool, which ends its workers by a signal, and of a worker for long.
WITH_POOL = """\
import multiprocessing, numpy, os, sys, time
def work(x):
    import astropy
    time.sleep(0.05)
    return x
def wait(x):
    import astropy
    time.sleep(60)
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(sum(pool.map(work, range(6), 1)), flush=True)
        if sys.argv[2] == "killed":
            os.killpg(0, 9)
    worker = context.Process(target=wait, args=(1,), daemon=True)
    if sys.argv[2] == "daemon":
        worker.start()
        time.sleep(1)
"""


def ends(receiver: Receiver) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in receiver.records():
        found[record["end"]] = found.get(record["end"], 0) + 1
    return found


@pytest.mark.parametrize("executable", interpreters() + pypy())
def test_workers_that_a_pool_ended_count_as_exits(
    executable: str, receiver: Receiver, packages: Path, traces: Path, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text(WITH_POOL)
    variables = traced(receiver, packages, traces)
    done = run([str(path), "spawn", "ended"], variables, executable)
    assert (done.returncode, done.stdout) == (0, b"15\n")
    assert "exit" in ends(receiver)
    number = len(left(traces))
    sweep(traces, receiver.url)
    records = receiver.records()
    assert len(records) == number
    assert {record["end"] for record in records} <= {"exit"}
    assert {record["main"] for record in records} <= {str(path)}
    assert left(traces) == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_worker_that_ends_with_its_program_counts_as_an_exit(
    method: str, receiver: Receiver, packages: Path, traces: Path, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text(WITH_POOL)
    done = run([str(path), method, "daemon"], traced(receiver, packages, traces))
    assert done.returncode == 0
    receiver.records()
    assert left(traces)
    sweep(traces, receiver.url)
    assert set(ends(receiver)) == {"exit"}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_killed_with_their_program_are_killed(
    method: str, receiver: Receiver, packages: Path, traces: Path, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text(WITH_POOL)
    variables = traced(receiver, packages, traces)
    command = [sys.executable, str(path), method, "killed"]
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.wait(30) == -signal.SIGKILL

    def is_swept() -> bool:
        sweep(traces, receiver.url)
        return not left(traces)

    until(is_swept)
    found = ends(receiver)
    assert set(found) == {"killed"} and found["killed"] >= 2


def worker_of(parent: str, **changes: Any) -> bytes:
    return text(head(parent=parent, **changes), "numpy 1.26.4")


def test_the_trace_of_its_program_decides_how_a_worker_ended(
    receiver: Receiver, traces: Path
) -> None:
    """Gone: exit. Left by a dead process: killed. Left by a living one: the worker waits."""
    dead, living = head(), head(pid=os.getpid())
    plant(traces, 1, worker_of("f" * 32, main="/reported"))
    plant(traces, 2, worker_of(dead["id"], main="/killed"))
    plant(traces, 3, text(dead, "scipy 1"))
    plant(traces, 4, worker_of(living["id"], main="/lives"))
    plant(traces, 5, text(living, "scipy 1"))
    plant(traces, 6, worker_of("F" * 32, main="/no id"))
    plant(traces, 7, worker_of("", main="/empty"))
    sweep(traces, receiver.url)
    found = {(record["main"], record["end"]) for record in receiver.records()}
    assert found == {
        *{("/reported", "exit"), ("/killed", "killed"), ("/x.py", "killed")},
        *{("/no id", "killed"), ("/empty", "killed")},
    }
    assert {path.name for path in left(traces)} == {"4", "5"}
    (own(traces) / "5").unlink()
    sweep(traces, receiver.url)
    assert receiver.record()["end"] == "exit"


def test_a_program_killed_before_its_workers_is_reported_once(
    receiver: Receiver, traces: Path
) -> None:
    """A sweep between the two deaths reports the program, and keeps its trace for the workers."""
    dead, living = head(), head(pid=os.getpid())
    plant(traces, 1, text(dead, "scipy 1"))
    plant(traces, 2, text(dict(living, parent=dead["id"]), "numpy 1.26.4"))
    for number in (1, 0):
        sweep(traces, receiver.url)
        assert [record["end"] for record in receiver.records()] == ["killed"] * number
        assert [path.name for path in left(traces)] == ["1", "2"]
    plant(traces, 2, worker_of(dead["id"], main="/worker"))
    sweep(traces, receiver.url)
    record = receiver.record()
    assert (record["main"], record["end"]) == ("/worker", "killed")
    until(lambda: sweep(traces, receiver.url) and left(traces) == [])
    assert receiver.records() == []


def test_workers_of_workers_end_as_the_first_program(receiver: Receiver, traces: Path) -> None:
    first, second, third = head(main="/a"), head(main="/b"), head(main="/c")
    plant(traces, 1, text(dict(first, parent="e" * 32), "numpy 1"))
    plant(traces, 2, text(dict(second, parent=first["id"]), "numpy 1"))
    plant(traces, 3, text(dict(third, parent=third["id"]), "numpy 1"))
    sweep(traces, receiver.url)
    found = {(record["main"], record["end"]) for record in receiver.records()}
    assert found == {("/a", "exit"), ("/b", "exit"), ("/c", "killed")}


def test_workers_in_a_full_directory_are_reported_at_once(receiver: Receiver, traces: Path) -> None:
    living = head(pid=os.getpid())
    plant(traces, 0, text(living, "scipy 1"))
    for slot in range(1, 700):
        plant(traces, slot, text(head(parent=living["id"], pid=NOBODY)))
    plant(traces, 701, worker_of(living["id"], main="/lives"))
    sweep(traces, receiver.url)
    assert receiver.record()["end"] == "exit"
    assert [path.name for path in left(traces)] == ["0"]


def test_the_sweep_runs_by_its_path(receiver: Receiver, traces: Path) -> None:
    """By its path, whatever the caller's Python variables are."""
    plant(traces, 1, text(head(), "numpy 1.26.4"))
    command = [str(HOOK / "customs_sweep.py"), "--trace-dir", str(traces)]
    variables = environment(None, "/nowhere", PYTHONHOME="/nowhere")
    done = subprocess.run(
        [*command, "--server", receiver.url],
        capture_output=True,
        timeout=60,
        check=False,
        env=variables,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert receiver.record()["end"] == "killed"


def test_workers_of_ray_are_recorded(
    receiver: Receiver, packages: Path, traces: Path, tmp_path: Path
) -> None:
    """Ray's workers are started by a program that is not Python; its servants send no records."""
    ray = tmp_path / "lib" / "site-packages" / "ray"
    for name in ("_private/workers/default_worker.py", "_private/log_monitor.py"):
        (ray / name).parent.mkdir(parents=True, exist_ok=True)
        (ray / name).write_text(
            "import ray, numpy, os\n"
            "print(len(os.listdir(os.environ['TRACES'])), flush=True)\nos._exit(0)\n"
        )
    (ray / "__init__.py").write_text("")
    path = tmp_path / "program.py"
    path.write_text(
        "import ray, os, subprocess, sys\n"
        "for name in ('_private/workers/default_worker.py', '_private/log_monitor.py'):\n"
        "    command = [sys.executable, os.path.dirname(ray.__file__) + '/' + name]\n"
        "    subprocess.run(['/bin/sh', '-c', '\"$@\"; exit', 'sh'] + command, check=True)\n"
    )
    variables = traced(receiver, packages, traces, TRACES=str(own(traces)))
    variables["PYTHONPATH"] += f":{ray.parent}"
    done = run([str(path)], variables)
    # the program's own trace and the worker's, and then no other
    assert (done.returncode, done.stdout, done.stderr) == (0, b"2\n2\n", b"")
    assert receiver.record()["main"] == str(path)
    sweep(traces, receiver.url)
    record = receiver.record()
    assert record["main"] == str(ray / "_private/workers/default_worker.py")
    assert (record["end"], record["packages"]["numpy"]) == ("exit", "1.26.4")
    assert left(traces) == []
