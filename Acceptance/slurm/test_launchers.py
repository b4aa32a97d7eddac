"""The ranks of a parallel program are one run, whichever launcher started them."""

from __future__ import annotations

from support.daemon import Customs, wait_until

from slurm.cluster import NODES, Cluster
from slurm.told import WaitForJob, is_of_slurm


def test_ranks_are_one_run_whichever_launcher_started_them(
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
    # an unknown launcher sets no variable that could tell a rank
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
