"""`customs job` shows Slurm's own data on real jobs, with any kind of end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.daemon import CUSTOMS, Customs, wait_until

from slurm.cluster import NODES, PYTHON, Cluster
from slurm.told import WaitForJob, is_of_slurm, utc


def test_every_fact_of_a_job_is_slurms(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    job = wait_for_job(jobs["completed"], is_of_slurm("COMPLETED"))
    # the daemon has waited until the accounting had all of it
    fields = ("User", "Account", "QOS", "Partition", "State", "ExitCode", "Submit", "Start", "End")
    more = ("ElapsedRaw", "NNodes", "NodeList", "JobName", "TimelimitRaw", "Cluster")
    resources = ("AllocCPUS", "ReqMem", "AllocTRES")
    (said,) = cluster.accounting(jobs["completed"], *fields, *more, *resources)
    assert said[0] == job["username"] == "alice"
    assert said[1] == job["account"] == "m5678"
    assert said[2:4] == [job["qos"], job["partition"]]
    assert said[4:6] == [job["state"], job["exit_code"]] == ["COMPLETED", "0:0"]
    assert [utc(time) for time in said[6:9]] == [job["submit"], job["start"], job["end"]]
    assert [int(said[9]), int(said[10])] == [job["elapsed_seconds"], job["num_nodes"]]
    assert said[11:13] == [job["node_list"], job["name"]]
    assert job["name"] == "nightly"
    assert int(said[13]) * 60 == job["time_limit_seconds"] == 420
    assert said[14] == job["cluster"] == "rig"
    assert int(said[15]) == job["alloc_cpus"]
    assert said[16] == f"{job['req_mem'] // 1024**2}M"
    assert "gres/gpu=2" in said[17].split(",")
    assert job["gpus"] == 2
    assert job["steps"] >= 1 and job["cpu_seconds"] >= 0
    (run,) = job["runs"]
    assert (run["username"], run["end"], run["packages"]) == ("alice", "exit", {"numpy": "1.26.4"})
    assert run["direct"] == ["numpy"]


def test_the_share_of_jobs_that_ran_python_is_slurms(
    cluster: Cluster, customs: Customs, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    wait_for_job(jobs["completed"], is_of_slurm("COMPLETED"))
    # one that runs no Python
    cluster.run("sbatch", "--wait", "--output=/dev/null", "--chdir=/", "--wrap=true", user="alice")
    since = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    words = ("summary", "--store", customs.store_url, "--format", "json", "--since", since)

    def told() -> dict[str, Any]:
        answer = json.loads(cluster.run(str(CUSTOMS), *words, "--include-staff", "--sacct"))
        assert isinstance(answer, dict)
        return answer

    def counted() -> int:
        window = (f"--starttime={since}T00:00:00", "--endtime=now", "--state=R")
        listed = cluster.run("env", "TZ=UTC", "sacct", "-anXPo", "JobIDRaw", *window)
        return len(set(listed.split()))

    # jobs come and go meanwhile
    wait_until(lambda: told()["slurm_jobs"] == counted(), lambda: f"{told()} {counted()}")
    answer = told()
    assert answer["share_of_jobs"] == answer["totals"]["jobs"] / answer["slurm_jobs"]
    assert 0 < answer["share_of_jobs"] < 1
    own = json.loads(cluster.run(str(CUSTOMS), *words, "--user", "alice", "--sacct"))
    assert 0 < own["slurm_jobs"] < answer["slurm_jobs"]
    assert customs.json("summary")["slurm_jobs"] is None


def test_a_failed_job_has_its_exit_code(jobs: dict[str, str], wait_for_job: WaitForJob) -> None:
    job = wait_for_job(jobs["failed"], is_of_slurm("FAILED"))
    assert job["exit_code"] == "3:0"
    assert job["username"] == "bob"


def test_a_job_out_of_memory_was_killed_and_keeps_its_packages(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    # without control groups only Slurm itself kills for memory, and it calls that a failure
    states = ("OUT_OF_MEMORY",) if cluster.has_cgroups else ("OUT_OF_MEMORY", "FAILED", "CANCELLED")
    job = wait_for_job(
        jobs["memory"], lambda job: job["source"] == "slurm" and job["state"] in states
    )
    (run,) = job["runs"]
    assert (run["end"], run["username"], run["packages"]) == (
        *("killed", "bob"),
        {"numpy": "1.26.4"},
    )


def test_a_cancelled_job_was_killed_and_keeps_its_packages(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    traces = [cluster.state / f"private/{node}/run/node/traces/2002" for node in NODES]
    wait_until(
        lambda: any(list(place.glob("*")) for place in traces if place.exists()),
        lambda: "no trace of bob's process",
    )
    cluster.run("scancel", jobs["cancelled"])
    job = wait_for_job(jobs["cancelled"], is_of_slurm("CANCELLED"))
    (run,) = job["runs"]
    assert run["end"] == "killed"
    assert run["packages"] == {"numpy": "1.26.4"}
    assert run["main"] == str(cluster.work / "train.py")


def test_each_task_of_an_array_is_a_job(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    numbers = set()
    for task in range(3):
        job = wait_for_job(f"{jobs['array']}_{task}", is_of_slurm("COMPLETED"))
        assert (job["array_job_id"], job["array_task_id"]) == (int(jobs["array"]), task)
        assert [run["processes"] for run in job["runs"]] == [1]
        numbers.add(job["job_id"])
    said = cluster.accounting(jobs["array"], "JobIDRaw")
    assert numbers == {number for (number,) in said}


def test_components_of_a_heterogeneous_job_are_one(
    jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    job = wait_for_job(
        jobs["heterogeneous"], lambda job: is_of_slurm("COMPLETED")(job) and len(job["runs"]) == 2
    )
    assert job["num_nodes"] == 3
    assert sorted((run["main"].rpartition("/")[2], run["processes"]) for run in job["runs"]) == [
        *(("first.py", 1), ("second.py", 1))
    ]


def test_a_job_without_the_users_environment_is_recorded(
    jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    job = wait_for_job(jobs["exported nothing"], is_of_slurm("COMPLETED"))
    assert job["username"] == "carol"
    assert [run["packages"] for run in job["runs"]] == [{"numpy": "1.26.4"}]


def test_a_process_without_any_environment_belongs_to_its_job(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    if not cluster.has_cgroups:
        pytest.skip("without control groups a process with no environment is of no known job")
    job = wait_for_job(jobs["cleared"], is_of_slurm("COMPLETED"))
    assert (job["cluster"], job["username"], job["account"]) == ("rig", "alice", "m1234")


def test_a_requeued_job_has_a_state_for_each_start(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    number = jobs["requeued"]
    first = wait_for_job(number, lambda job: job["source"] == "slurm" and len(job["runs"]) == 1)
    assert (first["restart"], first["state"]) == (0, "RUNNING")
    cluster.run("scontrol", "requeuehold", number)
    job = wait_for_job(number, is_of_slurm("REQUEUED"))
    assert job["restart"] == 0
    wait_until(
        lambda: "PENDING" in cluster.run("squeue", "-hj", number, "-o%T"),
        lambda: "it does not wait again",
    )
    cluster.run("scontrol", "release", number)
    cluster.run("scontrol", "update", f"jobid={number}", "starttime=now")
    job = wait_for_job(number, is_of_slurm("COMPLETED"))
    assert job["restart"] == 1
    # the same program of the same day in both starts, one run each
    assert [run["processes"] for run in job["runs"]] == [1, 1]


def test_claims_that_slurm_denies_are_listed_and_slurm_wins(
    cluster: Cluster, jobs: dict[str, str], customs: Customs, wait_for_job: WaitForJob
) -> None:
    other = jobs["completed"]
    liar = cluster.submit(
        "bob",
        f"SLURM_JOB_ACCOUNT=m1234 {PYTHON} {cluster.work}/train.py\n"
        f"SLURM_JOB_ID={other} {cluster.program('stranger')}",
        f"--exclude={NODES[3]}",
    )
    job = wait_for_job(liar, is_of_slurm("COMPLETED"))
    assert (job["username"], job["account"]) == ("bob", "m5678")
    wait_for_job(other, lambda job: len(job["runs"]) == 2)
    assert wait_for_job(other, is_of_slurm("COMPLETED"))["username"] == "alice"
    claims = customs.json("health", "--claims")["claims"]
    found = {
        (entry["job_id"], entry["field"], entry["claimed"], entry["slurm"])
        for entry in claims["differences"]
    }
    assert found == {
        (liar, "account", "m1234", "m5678"),
        (other, "username", "bob", "alice"),
    }
    assert claims["differing"] == 2
    assert claims["jobs_checked"] >= 5
