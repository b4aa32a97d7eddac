"""Canary batches that run as batch jobs of Slurm."""

from __future__ import annotations

from typing import Any

from support.daemon import Customs, Daemon, wait_until
from support.ports import free_udp_port

from slurm.cluster import NODES, PYTHON, Cluster, FileStore


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
