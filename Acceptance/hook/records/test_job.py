"""The job, the rank and the container of a process, by its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver, environment, run

from hook.records.contract import assert_kept
from hook.records.programs import JOB


def test_a_job_is_recorded_from_its_variables(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, **JOB, SLURM_PROCID="0"))
    record = receiver.record()
    expected: dict[str, Any] = {
        "job_id": "4242", "step_id": "0", "array_job_id": 4240, "array_task_id": 2, "restart": 1,
        "num_nodes": 4, "num_tasks": 8, "qos": "debug", "repo": "m1234", "partition": "regular",
        "cluster": "rig", "rank": 0, "is_compute": True,
    }  # fmt: skip
    assert {key: record.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("variables", "sends"),
    [
        ({"SLURM_PROCID": "0", "SLURM_STEP_ID": "0"}, True),
        ({"SLURM_PROCID": "3", "SLURM_STEP_ID": "0"}, False),
        # a batch script: SLURM_PROCID and no step
        ({"SLURM_PROCID": "3"}, True),
        # under OpenMPI's mpirun SLURM_PROCID is the launching daemon's
        ({"OMPI_COMM_WORLD_RANK": "0", "SLURM_PROCID": "1", "SLURM_STEP_ID": "0"}, True),
        ({"OMPI_COMM_WORLD_RANK": "5", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0"}, False),
        # under Hydra PMIX_RANK is the proxy's
        ({"PMI_RANK": "0", "PMIX_RANK": "2"}, True),
        ({"PMI_RANK": "2", "PMIX_RANK": "0"}, False),
        ({"PALS_RANKID": "1"}, False),
        ({"MV2_COMM_WORLD_RANK": "1"}, False),
        ({"FLUX_TASK_RANK": "1"}, False),
        ({"OMPI_COMM_WORLD_RANK": "nonsense"}, True),
    ],
)
def test_only_rank_zero_sends(
    variables: dict[str, str], sends: bool, receiver: Receiver, packages: Path
) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, **variables))
    assert len(receiver.datagrams()) == int(sends)


#: From a real heterogeneous job of two components, Slurm 22.05: one of one node, one of two.
HET_JOB = {
    "SLURM_JOB_ID": "39",
    "SLURM_HET_SIZE": "2",
    "SLURM_JOB_NODELIST_HET_GROUP_0": "node02",
    "SLURM_JOB_NODELIST_HET_GROUP_1": "node[03-04]",
}


@pytest.mark.parametrize(
    ("nodes", "group"), [("node02", 0), ("node[03-04]", 1), ("node[02-04]", None)]
)
def test_a_component_of_a_heterogeneous_job_is_recorded(
    nodes: str, group: int | None, receiver: Receiver, packages: Path
) -> None:
    variables = environment(receiver, packages, **HET_JOB, SLURM_JOB_NODELIST=nodes)
    run(["-c", "import numpy"], variables)
    assert receiver.record().get("het_group") == group


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({"SHIFTER_RUNTIME": "1"}, "shifter"),
        ({"APPTAINER_NAME": "a.sif", "SINGULARITY_NAME": "a.sif"}, "apptainer"),
        ({"SINGULARITY_NAME": "a.sif"}, "singularity"),
        ({"CH_RUNNING": "Weird Al Yankovic"}, "charliecloud"),
        ({"container": "podman"}, "podman"),
    ],
)
def test_a_container_is_recorded(
    variables: dict[str, str], kind: str, receiver: Receiver, packages: Path
) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, **variables))
    record = receiver.record()
    assert record["container"] == kind
    assert record.get("is_shifter", False) is (kind == "shifter")


def test_values_that_are_not_numbers_are_left_out(receiver: Receiver, packages: Path) -> None:
    variables = {
        "SLURM_JOB_NUM_NODES": "many",
        "SLURM_NTASKS": "-1",
        "SLURM_RESTART_COUNT": "9" * 99,
    }
    run(["-c", "import numpy"], environment(receiver, packages, SLURM_JOB_ID="1", **variables))
    record = receiver.record()
    assert_kept(record)
    assert record["job_id"] == "1"
    assert not {"num_nodes", "num_tasks", "restart"} & set(record)
