"""What Slurm says of real jobs is what is told of them, whatever became of them."""

from __future__ import annotations

import datetime
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from support.daemon import Customs, Daemon, wait_until
from support.ports import free_udp_port

from slurm.cluster import LIMIT_PATIENCE, NODES, PYTHON, Cluster, FileStore, Job

WaitForJob = Callable[..., Job]


def is_of_slurm(state: str) -> Callable[[Job], bool]:
    """Whether Slurm has said that a job came to this."""
    return lambda job: job["source"] == "slurm" and job["state"] == state


def record(job: str, **fields: object) -> bytes:
    """A message with a record of a job."""
    body = {
        "v": 1,
        "id": uuid.uuid4().hex,
        "username": "alice",
        "packages": {"numpy": "1.26.4"},
        "job_id": job,
        "cluster": "rig",
        **fields,
    }
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<134>1 {stamp} node01 customs 4711 imports - {json.dumps(body)}".encode()


def utc(time: str) -> str:
    """A time of sacct's as it stands in answers."""
    return f"{time}Z"


def test_every_fact_of_a_job_is_slurms(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    job = wait_for_job(jobs["completed"], is_of_slurm("COMPLETED"))
    # the daemon has waited until the accounting had all of it
    fields = ("User", "Account", "QOS", "Partition", "State", "ExitCode", "Submit", "Start", "End")
    more = ("ElapsedRaw", "NNodes", "NodeList", "JobName", "TimelimitRaw", "Cluster")
    (said,) = cluster.accounting(jobs["completed"], *fields, *more)
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
    (run,) = job["runs"]
    assert (run["username"], run["end"], run["packages"]) == ("alice", "exit", {"numpy": "1.26.4"})
    assert run["direct"] == ["numpy"]


def test_a_job_that_failed(jobs: dict[str, str], wait_for_job: WaitForJob) -> None:
    job = wait_for_job(jobs["failed"], is_of_slurm("FAILED"))
    assert job["exit_code"] == "3:0"
    assert job["username"] == "bob"


def test_what_ran_out_of_memory_was_killed_and_is_told_with_its_packages(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    # without control groups nobody but Slurm itself kills for memory, and it calls that a failure
    states = ("OUT_OF_MEMORY",) if cluster.has_cgroups else ("OUT_OF_MEMORY", "FAILED", "CANCELLED")
    job = wait_for_job(
        jobs["memory"], lambda job: job["source"] == "slurm" and job["state"] in states
    )
    (run,) = job["runs"]
    assert (run["end"], run["username"], run["packages"]) == (
        *("killed", "bob"),
        {"numpy": "1.26.4"},
    )


def test_what_was_cancelled_is_told_with_its_packages(
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


def test_a_process_with_no_environment_at_all_is_of_its_job(
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


def test_ranks_are_one_run_whoever_launches_them(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    assert jobs
    launchers = {
        "pmix": "srun --mpi=pmix",
        "pmi2": "srun --mpi=pmi2",
        "none": "srun --mpi=none",
        "openmpi": "mpirun.openmpi -n 8 --oversubscribe",
        "hydra": "mpiexec.hydra -n 8",
    }
    lines = [f"{launcher} {cluster.program(name)}" for name, launcher in launchers.items()]
    # a launcher of which nobody knows sets no variable that a rank could be told by
    unset = " ".join(f"-u {name}" for name in ("SLURM_PROCID", "PMIX_RANK", "PMI_RANK"))
    lines.append(f"srun --mpi=none env {unset} {cluster.program('unheard-of')}")
    number = cluster.submit(
        *("alice", "\n".join(lines), f"--exclude={NODES[3]}", "--nodes=3", "--ntasks=8")
    )
    job = wait_for_job(number, is_of_slurm("COMPLETED"))
    assert job["num_tasks"] == 8
    assert job["num_nodes"] == 3
    runs = {
        run["main"].rpartition("/")[2]: (run["processes"], run["ranks_reported"])
        for run in job["runs"]
    }
    assert len(job["runs"]) == len(launchers) + 1
    assert runs == {f"{name}.py": (1, 1) for name in launchers} | {"unheard-of.py": (8, 0)}


def test_mpi4py_is_one_run_within_slurm_and_without(
    cluster: Cluster, jobs: dict[str, str], customs: Customs, wait_for_job: WaitForJob
) -> None:
    assert jobs
    # Debian's mpi4py is OpenMPI's
    openmpi = "mpirun.openmpi -n 4 --oversubscribe"
    launchers = {"mpi4py-mpirun": openmpi, "mpi4py-pmix": "srun --mpi=pmix"}
    lines = [f"{launcher} {cluster.copy('ranks.py', name)}" for name, launcher in launchers.items()]
    number = cluster.submit(
        *(
            "alice",
            "\n".join(["set -e", *lines]),
            f"--exclude={NODES[3]}",
            "--nodes=2",
            "--ntasks=4",
        )
    )
    job = wait_for_job(number, is_of_slurm("COMPLETED"))
    assert {
        run["main"].rpartition("/")[2]: (run["processes"], run["ranks_reported"])
        for run in job["runs"]
    } == {f"{name}.py": (1, 1) for name in launchers}
    assert {"mpi4py", "numpy"} <= job["runs"][0]["packages"].keys()

    # and of no job at all
    outside = {
        cluster.copy("ranks.py", "mpi4py-outside"): openmpi,
        cluster.program("hydra-outside"): "mpiexec.hydra -n 4",
    }
    for program, launcher in outside.items():
        command = f"{launcher} {program}".split()
        cluster.run("env", f"PYTHONPATH={cluster.hook}", *command, user="alice")
    question = (
        "SELECT program, sum(processes), count(*) FROM named_runs WHERE job_id IS NULL"
        " AND program LIKE '%-outside.py' GROUP BY program ORDER BY program"
    )
    expected = [f"{program.split()[1]}|1|1" for program in sorted(outside)]
    wait_until(
        lambda: customs.text("sql", "--command", question).splitlines()[1:] == expected,
        lambda: customs.text("sql", "--command", question),
    )


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


def test_a_canary_that_is_a_batch_job_counts_what_came_and_what_was_swept(
    cluster: Cluster, jobs: dict[str, str], customs: Customs
) -> None:
    assert jobs and cluster.hook.is_dir()
    top = customs.json("top")
    (run,) = customs.json(
        *("canary run", "--mode", "sbatch", "--processes", "6", "--killed", "2"),
        *("--python", PYTHON, "--wait", "120", "--partition", "debug"),
    )
    assert (run["state"], run["expected"], run["received"]) == ("complete", 6, 6)
    assert (run["lost"], run["loss"], run["partition"]) == (0, 0.0, "debug")
    assert customs.health()["canary_loss"] == 0.0
    used = {row["package"] for row in customs.json("top")}
    assert used == {row["package"] for row in top}


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
def test_what_was_killed_at_its_time_limit_is_told_with_its_packages(
    name: str, cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob
) -> None:
    job = wait_for_job(jobs[name], is_of_slurm("TIMEOUT"), LIMIT_PATIENCE)
    assert job["time_limit_seconds"] == 60
    (run,) = job["runs"]
    assert (run["end"], run["processes"]) == ("killed", 1)
    assert run["packages"] == {"numpy": "1.26.4"}
    assert run["main"] == str(cluster.work / "train.py")
    assert run["username"] == "alice"


def test_canaries_are_submitted_by_slurmrestd(
    cluster: Cluster, jobs: dict[str, str], customs: Customs
) -> None:
    assert jobs
    home = cluster.folder / "submitting"
    home.mkdir()
    token = home / "token"
    token.write_text(cluster.run("scontrol", "token", "lifespan=600", "username=carol"))
    token.chmod(0o600)
    port = free_udp_port()
    settings = (
        '[slurm]\nsource = "commands"\nurl = "http://127.0.0.1:16820"\nuser = "carol"\n'
        f'token_file = "{token}"\n[canary]\nmode = "slurmrestd"\nprocesses = 3\nkilled = 0\n'
        f'python = "{PYTHON}"\nservers = ["udp://127.0.0.1:{port}"]\naccount = "nstaff"\n'
        f'partitions = ["debug"]\nnodes = ["{NODES[1]}"]\nper_day = 8640\n'
    )
    daemon = Daemon(home, FileStore(home), settings=settings, port=port)
    daemon.start()
    try:

        def complete() -> list[dict[str, Any]]:
            lines = daemon.customs.json("canary status")
            return [line for line in lines if line["state"] == "complete"]

        wait_until(
            lambda: bool(complete()),
            lambda: f"{daemon.customs.json('canary status')}\n{daemon.log_tail()}",
        )
        line = complete()[-1]
        assert (line["received"], line["lost"], line["partition"]) == (3, 0, "debug")
        fields = ("JobName", "User", "Account", "Partition", "NodeList", "State")
        wait_until(
            lambda: (
                cluster.accounting(line["slurm_job"], *fields)
                == [["customs-canary", "carol", "nstaff", "debug", NODES[1], "COMPLETED"]]
            ),
            lambda: str(cluster.accounting(line["slurm_job"], *fields)),
        )
        daemon.stop()
    finally:
        daemon.abandon()
        print(daemon.log_tail())


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_slurmrestd_tells_the_same(
    way: str, cluster: Cluster, jobs: dict[str, str], wait_for_job: WaitForJob, customs: Customs
) -> None:
    home = cluster.folder / way
    home.mkdir()
    settings = '[slurm]\nsource = "slurmrestd"\ninterval_s = 2\n'
    if way == "socket":
        settings += f'url = "unix://{cluster.state}/rest/sock"\n'
    else:
        token = home / "token"
        token.write_text(cluster.run("scontrol", "token", "lifespan=600"))
        token.chmod(0o600)
        settings += f'url = "http://127.0.0.1:16820"\nuser = "root"\ntoken_file = "{token}"\n'
    daemon = Daemon(home, FileStore(home), settings=settings)
    daemon.start()
    try:
        states = {
            "completed": "COMPLETED",
            "failed": "FAILED",
            "cancelled": "CANCELLED",
            "heterogeneous": "COMPLETED",
            "time limit": "TIMEOUT",
        }
        daemon.send([record(jobs[name]) for name in states])
        daemon.send([record(jobs["requeued"], restart=1)])
        for name, state in [*states.items(), ("requeued", "COMPLETED")]:
            told = wait_for_job(jobs[name], is_of_slurm(state), of=daemon.customs)
            expected = wait_for_job(jobs[name], is_of_slurm(state))
            compared: list[dict[str, Any]] = [dict(told), dict(expected)]
            for answer in compared:
                del answer["runs"]
                # only the queue tells of tasks, and only while a job runs
                del answer["num_tasks"]
            assert compared[0] == compared[1], name
        daemon.stop()
    finally:
        daemon.abandon()
        print(daemon.log_tail())


def test_while_slurm_is_away_for_a_minute_records_are_stored_and_facts_come_later(
    cluster: Cluster, jobs: dict[str, str], daemon: Daemon, wait_for_job: WaitForJob
) -> None:
    across = cluster.submit("alice", f"{cluster.program('across')} 20", f"--exclude={NODES[3]}")
    wait_until(
        lambda: "RUNNING" in cluster.run("squeue", "-hj", across, "-o%T"),
        lambda: f"job {across} does not run",
    )
    before = daemon.customs.health()["received"]
    rate, seconds = 200, 60
    records = (record(jobs["without python"], username="bob", pid=n) for n in range(rate * seconds))
    cluster.stop_daemons()
    gone = time.monotonic()
    try:
        daemon.send(records, rate=rate)
        assert time.monotonic() - gone >= seconds - 1
        # records of jobs may still come from nodes
        daemon.settle(before + rate * seconds)
        assert "no facts for now" in daemon.log.read_text()
        job = wait_for_job(jobs["without python"], lambda job: True)
        assert (job["source"], job["state"]) == ("environment", None)
        # it has ended meanwhile, and its record has come
        (run,) = wait_for_job(across, lambda job: True)["runs"]
        assert (run["end"], run["packages"]) == ("exit", {"numpy": "1.26.4"})
    finally:
        cluster.start(is_idle=False)
    # the question at hand may have to run into its limit first, and the next waits for a while
    job = wait_for_job(jobs["without python"], is_of_slurm("COMPLETED"), 180.0)
    assert job["username"] == "bob"
    assert sum(run["processes"] for run in job["runs"]) == rate * seconds
    job = wait_for_job(across, is_of_slurm("COMPLETED"), 180.0)
    (said,) = cluster.accounting(across, "User", "Account", "Start", "End", "NodeList", "ExitCode")
    told = [job["username"], job["account"], job["start"], job["end"], job["node_list"]]
    assert [*said[:2], utc(said[2]), utc(said[3]), *said[4:]] == [*told, job["exit_code"]]


def test_the_daemon_sends_canaries_out_as_batch_jobs_by_itself(
    cluster: Cluster, jobs: dict[str, str], customs: Customs
) -> None:
    assert jobs

    def complete() -> list[dict[str, Any]]:
        lines = customs.json("canary status")
        # those sent out by hand have more processes
        return [line for line in lines if (line["state"], line["expected"]) == ("complete", 4)]

    wait_until(
        lambda: {line["node"] for line in complete()} == set(NODES[:2]),
        lambda: str(customs.json("canary status")),
    )
    for line in complete():
        # one of them was killed, and swept
        assert (line["received"], line["lost"]) == (4, 0)
        (said,) = cluster.accounting(line["slurm_job"], "JobName", "State", "Partition", "NodeList")
        assert said == ["customs-canary", "COMPLETED", line["partition"], line["node"]]
    # those that could not be submitted while Slurm was away are no loss
    assert customs.health()["canary_loss"] == 0.0
    assert {line["state"] for line in customs.json("canary status")}.isdisjoint({"overdue"})
