"""A program and a job's variables that tests of the record share."""

from __future__ import annotations

from pathlib import Path


def script(tmp_path: Path, text: str, name: str = "program.py") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


JOB = {
    "SLURM_JOB_ID": "4242", "SLURM_STEP_ID": "0", "SLURM_ARRAY_JOB_ID": "4240",
    "SLURM_ARRAY_TASK_ID": "2", "SLURM_RESTART_COUNT": "1", "SLURM_JOB_NUM_NODES": "4",
    "SLURM_NTASKS": "8", "SLURM_JOB_QOS": "debug", "SLURM_JOB_ACCOUNT": "m1234",
    "SLURM_JOB_PARTITION": "regular", "SLURM_CLUSTER_NAME": "rig",
}  # fmt: skip
