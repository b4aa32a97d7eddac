"""The sweep reports processes that ended without their exit hook, and those alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.receiver import Receiver, few_interpreters, interpreters, run

from hook.records.contract import assert_kept
from hook.sweeps import (
    left,
    sweep,
    traced,
    until,
)

#: Ways to end that no exit hook sees.
DEATHS = {
    "SIGKILL": "os.kill(os.getpid(), 9)",
    "SIGTERM": "os.kill(os.getpid(), 15)",
    "os._exit": "os._exit(0)",
    "os.abort": "os.abort()",
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "out of memory": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))\n"
        "try: bytearray(2**30)\n"
        "except MemoryError: os.abort()"
    ),
    "no exit hooks": "import atexit; atexit._clear()",
    "another program": "os.execv('/bin/true', ['true'])",
}


# By whatever a process dies, it leaves the same trace; the matrix shows that on every interpreter.
@pytest.mark.parametrize(
    ("death", "executable"),
    [
        (death, executable)
        for death in DEATHS
        for executable in (interpreters() if death == "SIGKILL" else few_interpreters())
    ],
)
def test_every_death_is_reported_once(
    death: str, executable: str, receiver: Receiver, packages: Path, traces: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "import os, scipy\nprint(os.getpid(), flush=True)\n" + DEATHS[death]
    )
    variables = traced(receiver, packages, traces, USER="mallory")
    done = run([str(program)], variables, executable)
    if b"No module named" in done.stderr:
        pytest.skip("this interpreter was built without what the program needs")
    assert receiver.records() == []
    sweep(traces, receiver.url, executable=executable)
    record = receiver.record()
    assert_kept(record)
    assert record["end"] == "killed"
    assert record["pid"] == int(done.stdout)
    assert record["packages"] == {"numpy": "1.26.4", "scipy": "1.11.1"}
    assert record["main"] == str(program)
    assert (record["uid"], record["host"]) == (os.getuid(), os.uname().nodename)
    assert record["username"] == pwd.getpwuid(os.getuid()).pw_name
    assert "direct" not in record
    assert left(traces) == []
    sweep(traces, receiver.url, executable=executable)
    assert receiver.records() == []


def test_a_normal_end_leaves_nothing(receiver: Receiver, packages: Path, traces: Path) -> None:
    run(["-c", "import numpy"], traced(receiver, packages, traces))
    assert receiver.record()["end"] == "exit"
    assert left(traces) == []
    sweep(traces, receiver.url)
    assert receiver.records() == []


def test_a_failed_import_is_not_reported(receiver: Receiver, packages: Path, traces: Path) -> None:
    broken = packages / "seaborn"
    broken.mkdir()
    (broken / "__init__.py").write_text("import scipy\nraise ImportError('no')\n")
    code = "import os\ntry: import seaborn\nexcept ImportError: os._exit(0)"
    run(["-c", code], traced(receiver, packages, traces))
    sweep(traces, receiver.url)
    assert sorted(receiver.record()["packages"]) == ["numpy", "scipy"]


def test_a_submodule_is_reported(receiver: Receiver, packages: Path, traces: Path) -> None:
    run(["-c", "import astropy.io.fits, os; os._exit(0)"], traced(receiver, packages, traces))
    sweep(traces, receiver.url)
    assert sorted(receiver.record()["packages"]) == ["astropy", "astropy.io.fits"]


def test_half_a_line_of_a_full_disk_names_no_package(
    receiver: Receiver, packages: Path, traces: Path
) -> None:
    code = (
        "import glob, numpy, os, resource, sys\n"
        "path, = glob.glob(os.environ['CUSTOMS_TRACE_DIR'] + '/*/*')\n"
        "hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (os.stat(path).st_size + 3, hard))\n"
        "import scipy\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "import astropy\n"
        "os._exit(0)"
    )
    run(["-c", code], traced(receiver, packages, traces))
    (path,) = left(traces)
    assert path.read_bytes().endswith(b"\nsci")
    sweep(traces, receiver.url)
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}


class Living:
    """A program that waits, under the hook, with its trace written."""

    def __init__(self, code: str, variables: dict[str, str], *prefix: str) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", f"{code}\nprint(flush=True); input()"],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == b"\n"

    def end(self) -> None:
        self.process.communicate(b"\n", timeout=20)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


def test_a_living_process_is_left_alone(receiver: Receiver, packages: Path, traces: Path) -> None:
    living = Living("import numpy", traced(receiver, packages, traces))
    sweep(traces, receiver.url)
    assert receiver.records() == []
    assert len(left(traces)) == 1
    living.kill()
    sweep(traces, receiver.url)
    assert receiver.record()["end"] == "killed"


def test_a_running_process_is_reported_with_the_id_of_its_end(
    receiver: Receiver, packages: Path, traces: Path
) -> None:
    living = Living("import scipy", traced(receiver, packages, traces))
    snapshots = []
    for _ in range(2):
        sweep(traces, receiver.url, "--running")
        snapshots.append(receiver.record())
    living.end()
    final = receiver.record()
    assert [record["end"] for record in (*snapshots, final)] == ["running", "running", "exit"]
    assert {record["id"] for record in (*snapshots, final)} == {final["id"]}
    assert snapshots[0]["packages"] == final["packages"]
    assert 0 <= snapshots[0]["elapsed"] <= snapshots[1]["elapsed"] <= final["elapsed"] + 0.1
    sweep(traces, receiver.url, "--running")
    assert receiver.records() == []


def test_a_zombie_is_dead(receiver: Receiver, packages: Path, traces: Path) -> None:
    living = Living("import numpy", traced(receiver, packages, traces))
    living.process.kill()
    stat = Path(f"/proc/{living.process.pid}/stat")
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z")
    sweep(traces, receiver.url)
    assert receiver.record()["end"] == "killed"
    living.kill()


def test_a_program_replaced_by_another_python_is_reported(
    receiver: Receiver, packages: Path, traces: Path
) -> None:
    code = "import astropy; print(flush=True); input()"
    before = f"import numpy, os, sys; os.execv(sys.executable, [sys.executable, '-c', {code!r}])"
    living = Living(before, traced(receiver, packages, traces))
    sweep(traces, receiver.url)
    killed = receiver.record()
    assert (killed["end"], list(killed["packages"])) == ("killed", ["numpy"])
    assert killed["pid"] == living.process.pid
    sweep(traces, receiver.url)
    assert receiver.records() == []
    living.end()
    last = receiver.record()
    assert (last["end"], list(last["packages"])) == ("exit", ["astropy"])
    assert last["id"] != killed["id"]
    assert left(traces) == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_killed_worker_of_a_program_that_goes_on_is_reported(
    method: str, receiver: Receiver, packages: Path, traces: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, os, numpy\n"
        "def work():\n"
        "    import astropy\n"
        "    os.kill(os.getpid(), 9)\n"
        "if __name__ == '__main__':\n"
        f"    context = multiprocessing.get_context({method!r})\n"
        "    worker = context.Process(target=work); worker.start(); worker.join()\n"
        "    print(worker.pid)\n"
    )
    done = run([str(program)], traced(receiver, packages, traces))
    ended = {record["pid"]: record for record in receiver.records()}
    assert [record["end"] for record in ended.values()] == ["exit"]
    sweep(traces, receiver.url)
    killed = receiver.record()
    assert killed["end"] == "exit"
    assert killed["pid"] == int(done.stdout)
    assert killed["pid"] not in ended
    assert "astropy" in killed["packages"]
    assert killed["main"] == str(program)


def test_a_process_in_a_pid_namespace_is_reported_when_it_is_dead(
    receiver: Receiver, packages: Path, traces: Path
) -> None:
    unshare = shutil.which("unshare")
    variables = traced(receiver, packages, traces)
    prefix = [str(unshare), "--pid", "--fork", "--kill-child", "sh", "-c", '"$@"; exit 0', "sh"]
    if not unshare or run(["--pid", "--fork", "true"], variables, unshare).returncode:
        pytest.skip("unshare of the pid namespace is missing or not allowed here")
    # both believe to be number 2, and one is older than the other
    code = "import {}, time; print(flush=True); time.sleep(60)"
    living = Living(code.format("numpy"), variables, *prefix)
    other = Living(code.format("scipy"), variables, *prefix)
    sweep(traces, receiver.url)
    assert receiver.records() == []
    assert len(left(traces)) == 2
    living.kill()
    other.kill()
    until(lambda: sweep(traces, receiver.url) and not left(traces))
    records = receiver.records()
    assert [record["end"] for record in records] == ["killed", "killed"]
    assert {record["pid"] for record in records} == {2}
