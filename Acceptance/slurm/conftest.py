"""Fixtures: one cluster for all tests, a daemon that asks it, and the jobs that tests look at.

The files run in the order of their names, and need it: test_stopped_slurm.py comes behind those
that ask about jobs, because a restarted slurmctld tells a little less of ended jobs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.daemon import CUSTOMS, CUSTOMSD, Customs, Daemon, wait_until

from slurm.cluster import NODES, PARTITIONS, PYTHON, Cluster, FileStore, Job, why_not


def end(number: int, frame: object) -> None:
    """Ends the tests early, but not without taking the cluster down."""
    # by whom is known; a second time would keep what is being taken down from going
    signal.signal(number, signal.SIG_IGN)
    pytest.exit("ended by a signal")


signal.signal(signal.SIGTERM, end)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that all users can enter, with a name short enough for unix sockets.

    CUSTOMS_SLURM_FOLDER names a fixed one, so that the cluster can be looked at.
    """
    given = os.environ.get("CUSTOMS_SLURM_FOLDER")
    path = Path(given or tempfile.mkdtemp(prefix="customs-slurm-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(folder: Path) -> Iterator[Cluster]:
    """The cluster, without the hook yet."""
    for binary in (CUSTOMSD, CUSTOMS):
        assert binary.exists(), f"no {binary}: run 'make build' first"
    reason = why_not()
    if reason:
        pytest.skip(reason)
    made = Cluster(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def daemon(cluster: Cluster, folder: Path) -> Iterator[Daemon]:
    """A daemon that asks by commands, to which the hook on all nodes sends."""
    home = folder / "daemon"
    home.mkdir()
    settings = (
        '[slurm]\nsource = "commands"\ncluster = "rig"\ninterval_s = 2\n'
        # the first one goes out at the start, the others half a minute apart
        f'[canary]\nmode = "sbatch"\nper_day = 2880\nprocesses = 4\npython = "{PYTHON}"\n'
        f"partitions = {json.dumps(PARTITIONS)}\nnodes = {json.dumps(NODES[:2])}\n"
    )
    made = Daemon(home, FileStore(home), settings=settings)
    cluster.install(made.udp)
    made.start()
    try:
        yield made
        made.stop()
    finally:
        made.abandon()
        print(f"-- {made.log}\n{made.log_tail()}")
        print(cluster.run("sacct", "-aD", "-oJobID,User,State,ExitCode,Start,End,NodeList"))


@pytest.fixture(scope="session")
def customs(daemon: Daemon) -> Customs:
    """The answers of that daemon's store."""
    return daemon.customs


@pytest.fixture(scope="session")
def jobs(cluster: Cluster, daemon: Daemon) -> dict[str, str]:
    """The numbers of jobs, by what they are for. All are on their way at once, to save time."""
    assert daemon.is_alive
    train = f"{PYTHON} {cluster.work}/train.py"
    # node04 is to fail
    others = f"--exclude={NODES[3]}"

    def submit(user: str, script: str, *options: str) -> str:
        return cluster.submit(user, script, others, *options)

    found = {
        "time limit": submit("alice", f"{train} 600", "--time=1"),
        "time limit under srun": submit("alice", f"srun {train} 600", "--time=1", "--ntasks=2"),
        "cancelled": submit("bob", f"{train} 600"),
        "requeued": submit(
            "carol",
            f'{train}; [ "${{SLURM_RESTART_COUNT:-0}}" -gt 0 ] || sleep 600',
            "--requeue",
            "--account=nstaff",
        ),
        "node lost": cluster.submit(
            "alice", f"{train}; sleep 600", f"--nodelist={NODES[3]}", "--no-requeue"
        ),
        "completed": submit(
            *("alice", train, "--job-name=nightly", "--time=7", "--account=m5678", "--gres=gpu:2"),
        ),
        "failed": submit("bob", f"{PYTHON} {cluster.work}/fail.py"),
        "memory": submit("bob", f"{PYTHON} {cluster.work}/greedy.py", "--mem=300M"),
        "array": submit("alice", train, "--array=0-2"),
        "exported nothing": submit("carol", f"srun {train}", "--export=NONE"),
        "cleared": submit("alice", f"env -i PYTHONPATH=$PYTHONPATH {train}"),
        "without python": submit("bob", "true"),
    }
    parts = [cluster.program(name) for name in ("first", "second")]
    found["heterogeneous"] = cluster.run(
        *("sbatch", "--parsable", "--chdir=/", "--output=/dev/null", others, "-N1"),
        *(":", others, "-N2", "-n4"),
        f"--wrap=srun --het-group=0 {parts[0]}; srun --het-group=1 {parts[1]}",
        user="alice",
    ).strip()
    return found


@pytest.fixture(scope="session")
def wait_for_job(customs: Customs) -> Callable[..., Job]:
    """Waits until a job is told of as it ought to be."""

    def wait(
        number: str, is_right: Callable[[Job], bool], patience: float = 60.0, of: Customs = customs
    ) -> Job:
        seen: Job = {}

        def look() -> bool:
            asked = of.run("job", "--format", "json", number)
            if asked.returncode == 66:
                return False
            assert asked.returncode == 0, asked.stderr
            seen.clear()
            seen.update(json.loads(asked.stdout))
            return is_right(seen)

        wait_until(look, lambda: f"job {number}: {seen}", patience)
        return seen

    return wait
