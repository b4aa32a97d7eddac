"""The sweep: what processes left that ended without their exit hook."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver, environment, interpreters, old_interpreters, run

from hook.records.test_record import assert_kept
from hook.sweeps import (
    SWEEP,
    boot_time,
    command,
    head,
    left,
    own,
    plant,
    sweep,
    text,
    traced,
    until,
)


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    directory = tmp_path / "traces"
    directory.mkdir()
    directory.chmod(0o1777)
    return directory


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


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("death", DEATHS)
def test_deaths(
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


def test_a_failed_import_is_not_named(receiver: Receiver, packages: Path, traces: Path) -> None:
    broken = packages / "seaborn"
    broken.mkdir()
    (broken / "__init__.py").write_text("import scipy\nraise ImportError('no')\n")
    code = "import os\ntry: import seaborn\nexcept ImportError: os._exit(0)"
    run(["-c", code], traced(receiver, packages, traces))
    sweep(traces, receiver.url)
    assert sorted(receiver.record()["packages"]) == ["numpy", "scipy"]


def test_a_submodule_is_named(receiver: Receiver, packages: Path, traces: Path) -> None:
    run(["-c", "import astropy.io.fits, os; os._exit(0)"], traced(receiver, packages, traces))
    sweep(traces, receiver.url)
    assert sorted(receiver.record()["packages"]) == ["astropy", "astropy.io.fits"]


def test_half_a_line_of_a_full_disk_makes_no_name(
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


def test_a_process_that_nobody_waits_for_is_dead(
    receiver: Receiver, packages: Path, traces: Path
) -> None:
    living = Living("import numpy", traced(receiver, packages, traces))
    living.process.kill()
    stat = Path(f"/proc/{living.process.pid}/stat")
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z")
    sweep(traces, receiver.url)
    assert receiver.record()["end"] == "killed"
    living.kill()


def test_the_program_that_another_python_replaced(
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
def test_a_worker_that_was_killed_and_its_program_was_not(
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


def test_a_process_in_a_pid_namespace(receiver: Receiver, packages: Path, traces: Path) -> None:
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


def test_two_sweeps_at_once_send_once(receiver: Receiver, traces: Path) -> None:
    for slot in range(80):
        plant(traces, slot, text(head(), "numpy 1.26.4"))
    started = [subprocess.Popen(command(traces, receiver.url), env={}) for _ in range(3)]
    assert [process.wait(timeout=30) for process in started] == [0, 0, 0]
    records = receiver.records()
    assert len(records) == len({record["id"] for record in records}) == 80
    assert left(traces) == []


def test_what_cannot_be_sent_is_kept(traces: Path, tmp_path: Path) -> None:
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


def test_only_the_processes_of_a_job(receiver: Receiver, traces: Path) -> None:
    for slot, job in enumerate(("11", "12", None)):
        plant(traces, slot, text(head(job_id=job), "numpy"))
    sweep(traces, receiver.url, "--job", "12")
    assert receiver.record()["job_id"] == "12"
    assert [path.name for path in left(traces)] == ["0", "2"]


def test_a_name_that_the_system_does_not_know(receiver: Receiver, traces: Path) -> None:
    if os.getuid():
        pytest.skip("takes root, to sweep the directory of a uid that nobody has")
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


def test_without_a_time_the_last_import_tells(receiver: Receiver, traces: Path) -> None:
    # this process is alive, and no Python; its trace is as old as it, or was before it was born
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        path = plant(traces, 1, text(head(pid=sleeper.pid, started=None), "numpy"))
        sweep(traces, receiver.url)
        assert receiver.records() == []
        os.utime(path, (time.time() - 3600, time.time() - 3600))
        sweep(traces, receiver.url)
        assert receiver.record()["end"] == "killed"
        sleeper.kill()


# --- the command line


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
def test_errors_of_usage(options: list[str], traces: Path) -> None:
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


def test_its_output_may_be_closed(receiver: Receiver, traces: Path) -> None:
    plant(traces, 1, text(head(), "numpy"))
    shell = ["sh", "-c", 'exec "$@" -v >&- 2>&-', "sh", *command(traces, receiver.url)]
    assert subprocess.run(shell, check=False).returncode == 0
    assert receiver.record()["end"] == "killed"


def test_servers_and_directory_of_the_environment(receiver: Receiver, traces: Path) -> None:
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
def test_a_trace_directory_that_is_none(
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


def test_it_ends_in_time(receiver: Receiver, traces: Path) -> None:
    for slot in range(1024):
        plant(traces, slot, text(head(), "numpy"))
    began = time.monotonic()
    sweep(traces, receiver.url, "--max-seconds", "0.5")
    assert time.monotonic() - began < 1.5
    assert own(traces).exists()


def test_it_ends_with_its_parent_killed(receiver: Receiver, traces: Path) -> None:
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
