"""Job facts by slurmrestd are those that the commands give."""

from __future__ import annotations

from typing import Any

import pytest
from support.daemon import Customs, Daemon

from slurm.cluster import Cluster, FileStore
from slurm.told import WaitForJob, is_of_slurm, record


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_slurmrestd_gives_the_same_facts_as_the_commands(
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
