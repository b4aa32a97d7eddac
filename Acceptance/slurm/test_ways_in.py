"""Ways in which the hook comes into a job, and in which users and sites keep it out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.daemon import Customs, wait_until

from slurm.cluster import Cluster, Job

CAROL = "2003"


def is_over(cluster: Cluster, job: str) -> bool:
    """Whether a job has ended well."""
    return cluster.accounting(job, "State")[:1] == [["COMPLETED"]]


def test_a_uid_that_opted_out_is_not_recorded_even_without_an_environment(
    cluster: Cluster, jobs: dict[str, str], customs: Customs, wait_for_job: Callable[..., Job]
) -> None:
    assert jobs
    command = f"srun {cluster.program('opting-out')}"
    options = ("--export=NONE", "--account=nstaff")
    cluster.opt_out.write_text(f"# those who asked for it\n{CAROL}\n")
    try:
        silent = cluster.submit("carol", command, *options)
        wait_until(lambda: is_over(cluster, silent), lambda: f"job {silent} does not end")
    finally:
        cluster.opt_out.write_text("")
    told = cluster.submit("carol", command, *options)
    job = wait_for_job(told, lambda job: bool(job["runs"]))
    assert job["username"] == "carol"
    # what was sent before has come before
    assert customs.run("job", silent).returncode == 66


def test_the_spank_plugin_does_what_the_taskprolog_does(
    cluster: Cluster, jobs: dict[str, str], wait_for_job: Callable[..., Job]
) -> None:
    assert jobs

    def python_path(user: str) -> str:
        show = "echo ${PYTHONPATH-unset}"
        return cluster.run("srun", "-n1", "--chdir=/", "sh", "-c", show, user=user).strip()

    with cluster.spank():
        assert python_path("alice") == str(cluster.hook)
        number = cluster.submit(
            *("alice", f"srun {cluster.program('by-spank')}", "--export=NONE", "--ntasks=2")
        )
        job = wait_for_job(
            number, lambda job: (job["source"], job["state"]) == ("slurm", "COMPLETED")
        )
        (run,) = job["runs"]
        assert (run["processes"], run["packages"]) == (1, {"numpy": "1.26.4"})
        cluster.opt_out.write_text("alice\n")
        try:
            assert python_path("alice") == "unset"
        finally:
            cluster.opt_out.write_text("")
    assert python_path("alice") == str(cluster.hook)


@pytest.mark.parametrize("wish", ["PYTHONPATH=", "CUSTOMS_OPT_OUT=1"])
def test_a_user_keeps_the_hook_out_by_a_variable(
    wish: str, cluster: Cluster, jobs: dict[str, str], wait_for_job: Callable[..., Job]
) -> None:
    assert jobs
    name = "wish-" + wish.partition("=")[0].lower().replace("_", "-")
    number = cluster.submit(
        "bob", f"{cluster.program(name)}\n{wish} {cluster.program(name + '-stands')}"
    )
    job = wait_for_job(number, lambda job: (job["source"], job["state"]) == ("slurm", "COMPLETED"))
    assert [run["main"] for run in job["runs"]] == [str(cluster.work / f"{name}.py")]
