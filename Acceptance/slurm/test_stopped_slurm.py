"""Slurm's daemons are stopped for a minute: facts and canaries come later; nothing is lost."""

from __future__ import annotations

import time
from typing import Any

from support.daemon import Customs, Daemon, wait_until

from slurm.cluster import NODES, Cluster
from slurm.told import WaitForJob, is_of_slurm, record, utc


def test_records_are_stored_and_facts_come_later(
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
        assert "could not read job data from Slurm" in daemon.log.read_text()
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


def test_the_daemon_goes_on_sending_canaries_as_batch_jobs(
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
