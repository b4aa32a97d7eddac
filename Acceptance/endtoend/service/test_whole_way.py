"""From a real Python process through the daemon to an answer."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from loadgen.records import Population, encode
from support.daemon import PATIENCE, ROOT, Daemon, StartDaemon, Store, clean_environment, wait_until

HOOK = ROOT / "sitecustomize"

JOB = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_ID": "0",
    "SLURM_CLUSTER_NAME": "alder",
    "SLURM_JOB_NUM_NODES": "2",
    "SLURM_NTASKS": "4",
    "SLURM_PROCID": "0",
    "SLURM_JOB_ACCOUNT": "m1234",
    "SLURM_JOB_QOS": "regular",
    "SLURM_JOB_PARTITION": "batch",
}


def run_python(
    daemon: Daemon, program: str, *, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program file under the hook, with the tests' interpreter and its packages."""
    file = daemon.folder / "program.py"
    file.write_text(program)
    return subprocess.run(
        [sys.executable, str(file)],
        env=clean_environment(daemon.folder)
        | {"CUSTOMS_SERVER": daemon.udp, "PYTHONPATH": str(HOOK)}
        | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def packages(daemon: Daemon) -> dict[str, int]:
    """Processes by package."""
    return {
        row["package"]: row["processes"] for row in daemon.customs.json("top", "--limit", "1000")
    }


def test_a_job_with_numpy_is_answered_for(daemon: Daemon) -> None:
    """The record arrives with the package's version, the program, the user and the job."""
    done = run_python(daemon, "import numpy as np\nprint(np.arange(4).sum())\n", environment=JOB)
    assert (done.returncode, done.stdout, done.stderr) == (0, "6\n", "")
    health = daemon.settle(1)
    assert health["rejected"] == {}
    assert health["stored"] == 1

    job = daemon.customs.json("job", "4711")
    assert job["cluster"] == "alder"
    assert job["account"] == "m1234"
    assert job["num_nodes"] == 2
    assert job["source"] == "environment"
    [run] = job["runs"]
    assert run["packages"]["numpy"] == importlib.metadata.version("numpy")
    assert run["direct"] is None or "numpy" in run["direct"]
    assert run["main"] == str(daemon.folder / "program.py")
    assert run["executable"] == sys.executable
    assert run["python"] == ".".join(map(str, sys.version_info[:3]))
    assert run["processes"] == 1
    assert run["end"] == "exit"


def test_a_program_that_raises_keeps_its_traceback(daemon: Daemon) -> None:
    """The record says how it ended."""
    program = "import numpy\nraise ValueError('on purpose')\n"
    done = run_python(daemon, program, environment=JOB)
    plain = subprocess.run(
        [sys.executable, str(daemon.folder / "program.py")],
        env=clean_environment(daemon.folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        plain.returncode,
        plain.stdout,
        plain.stderr,
    )
    daemon.settle(1)
    [run] = daemon.customs.json("job", "4711")["runs"]
    assert run["end"] == "exception"


def test_a_pool_reports_once(daemon: Daemon) -> None:
    """Its parent reports; its workers end without exit hooks and do no harm."""
    program = (
        "import multiprocessing\n\ndef square(x):\n"
        "    import numpy\n    return int(numpy.square(x))\n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.Pool(2) as pool:\n"
        "        print(sum(pool.map(square, range(10))))\n"
    )
    done = run_python(daemon, program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "285\n", "")
    daemon.settle(1)
    assert packages(daemon)["multiprocessing"] >= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CUSTOMS_OPT_OUT", "1"),
        ("PYTHONPATH", ""),
        ("SLURM_PROCID", "3"),
        ("OMPI_COMM_WORLD_RANK", "1"),
    ],
)
def test_opted_out_users_and_other_ranks_do_not_report(
    start_daemon: StartDaemon, sqlite_store: Store, name: str, value: str
) -> None:
    """Ranks other than 0."""
    daemon = start_daemon(sqlite_store)
    job = JOB if "RANK" in name or name == "SLURM_PROCID" else {}
    done = run_python(daemon, "import numpy\n", environment={**job, name: value})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # A datagram is in the socket's queue when its sender ends, so this one comes behind it.
    marker = Population(91).sample()
    daemon.send([encode(marker.record | {"packages": {"marker": "1"}, "is_staff": False})])
    wait_until(lambda: "marker" in packages(daemon), daemon.log_tail)
    assert packages(daemon) == {"marker": 1}
    assert daemon.settle(1)["received"] == 1


@pytest.mark.parametrize(
    "server",
    [
        "udp://127.0.0.1:9",
        "udp://no.such.host.invalid:5140",
        "pigeon://loft",
        "",
        "unixgram:///nonexistent/socket",
    ],
)
def test_the_hook_is_silent_without_a_server(
    start_daemon: StartDaemon, sqlite_store: Store, server: str
) -> None:
    """For every address: no output, no error, no delay that would need a time-out."""
    daemon = start_daemon(sqlite_store)
    done = run_python(
        daemon, "import numpy\nprint('done')\n", environment={"CUSTOMS_SERVER": server}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_a_killed_daemon_does_not_change_the_program(daemon: Daemon) -> None:
    """A program whose record is not received ends as ever."""
    daemon.kill()
    done = run_python(daemon, "import numpy\nprint('done')\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    daemon.start()


def test_a_unix_socket_names_the_sender_of_the_record(daemon: Daemon) -> None:
    """The hook hands its record to a daemon on the same node."""
    done = run_python(daemon, "import numpy\n", environment={"CUSTOMS_SERVER": daemon.unix})
    assert (done.returncode, done.stderr) == (0, "")
    daemon.settle(1)
    assert packages(daemon)["numpy"] == 1


def test_forty_programs_of_one_step_are_one_run(daemon: Daemon, tmp_path: Path) -> None:
    """They end together: one run, forty processes."""
    file = tmp_path / "rank.py"
    file.write_text("import numpy\n")
    environment = (
        clean_environment(daemon.folder)
        | JOB
        | {"CUSTOMS_SERVER": daemon.udp, "PYTHONPATH": str(HOOK)}
    )
    processes = [
        subprocess.Popen([sys.executable, str(file)], env=environment, stdin=subprocess.DEVNULL)
        for _ in range(40)
    ]
    assert [process.wait(PATIENCE) for process in processes] == [0] * 40
    health = daemon.settle(40)
    assert (health["stored"], health["merged"]) == (1, 39)
    [run] = daemon.customs.json("job", "4711")["runs"]
    assert run["processes"] == 40


def test_a_program_that_handles_sigterm_reports(daemon: Daemon) -> None:
    """It exits after the signal."""
    program = (
        "import os, signal, sys, time, numpy\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
        "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)\n"
    )
    done = run_python(daemon, program)
    assert (done.returncode, done.stderr) == (3, "")
    daemon.settle(1)
    assert packages(daemon)["numpy"] == 1


def test_programs_keep_their_descriptors_and_signals(daemon: Daemon) -> None:
    """The hook leaves no handler, thread or descriptor behind that a program could trip over."""
    program = (
        "import os, signal, threading\n"
        "print(sorted(os.listdir('/proc/self/fd')), threading.active_count())\n"
        "print([signal.getsignal(number) for number in sorted(signal.valid_signals())])\n"
    )
    hooked = run_python(daemon, program)
    plain = run_python(daemon, program, environment={"PYTHONPATH": ""})
    assert (hooked.returncode, hooked.stderr) == (0, "")
    # Functions print with their address.
    assert re.sub("0x[0-9a-f]+", "", hooked.stdout) == re.sub("0x[0-9a-f]+", "", plain.stdout)
