"""Jobs that Slurm ends by SIGKILL, at their time limit or with a lost node."""

from __future__ import annotations

import pytest

from slurm.cluster import LIMIT_PATIENCE, NODES, Cluster
from slurm.told import WaitForJob, is_of_slurm


def test_a_node_that_is_lost_ends_its_job(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    number = jobs["node lost"]
    wait_for_job(number, lambda job: job["source"] == "slurm" and len(job["runs"]) == 1)
    cluster.run("scontrol", "update", f"nodename={NODES[3]}", "state=down", "reason=test")
    try:
        wait_for_job(number, is_of_slurm("NODE_FAIL"))
    finally:
        # Slurm may have taken it back by itself
        cluster.run("scontrol", "update", f"nodename={NODES[3]}", "state=resume", check=False)


@pytest.mark.parametrize("name", ["time limit", "time limit under srun"])
def test_a_job_killed_at_its_time_limit_keeps_its_packages(
    name: str, cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    job = wait_for_job(jobs[name], is_of_slurm("TIMEOUT"), LIMIT_PATIENCE)
    assert job["time_limit_seconds"] == 60
    (run,) = job["runs"]
    assert (run["end"], run["processes"]) == ("killed", 1)
    assert run["packages"] == {"numpy": "1.26.4"}
    assert run["main"] == str(cluster.work / "train.py")
    assert run["username"] == "alice"
