"""The batch job of this process, from the environment and the control group.

Loaded only if there is a job.
"""

if "presence" not in globals():
    from customs_hook import facts, presence

    unit = presence.unit


def job():
    """Return the values of Slurm's variables, by the record's keys (sbatch(1), srun(1)).

    Without them the job's number and step come from the control group.
    """
    # a name that is not ASCII is not found again, and is not Slurm's
    names = [name.decode("latin-1") for name in facts.STARTED if name.startswith(b"SLURM_")]
    environment = facts.started_with(names)
    text = environment.get
    identity = text("SLURM_JOB_ID") or text("SLURM_JOBID")
    if not identity:
        return _job_of_cgroup()
    return {
        "job_id": identity,
        "step_id": text("SLURM_STEP_ID") or text("SLURM_STEPID"),
        "array_job_id": facts.integer(text("SLURM_ARRAY_JOB_ID")),
        "array_task_id": facts.integer(text("SLURM_ARRAY_TASK_ID")),
        "het_group": _het_group(environment),
        "restart": facts.integer(text("SLURM_RESTART_COUNT")),
        "num_nodes": facts.integer(text("SLURM_JOB_NUM_NODES") or text("SLURM_NNODES")),
        "num_tasks": facts.integer(text("SLURM_NTASKS") or text("SLURM_NPROCS")),
        "qos": text("SLURM_JOB_QOS"),
        "repo": text("SLURM_JOB_ACCOUNT"),
        "partition": text("SLURM_JOB_PARTITION"),
        "cluster": text("SLURM_CLUSTER_NAME"),
    }


def _job_of_cgroup():
    """Return job and step from the cgroup's path, which a cleared environment does not change.

    ``/slurm_NODE/uid_U/job_N/step_M`` (version 1), ``/.../slurmstepd.scope/job_N/step_M`` (2).
    """
    found = {}
    for line in unit("record.optout").lines("/proc/self/cgroup"):
        if "/job_" in line:
            for part in line.split("/"):
                kind, _, value = part.partition("_")
                if kind == "job" and value.isdigit():
                    found["job_id"] = value
                elif kind == "step" and value and "job_id" in found:
                    found["step_id"] = value
            break
    return found


def _het_group(environment):
    """Return the component of a heterogeneous job; None if the step is in several, or in none.

    Slurm 22.05 does not name it, so it is found by the step's nodes.
    """
    nodes = environment.get("SLURM_JOB_NODELIST")
    size = facts.integer(environment.get("SLURM_HET_SIZE")) or 0
    names = ["SLURM_JOB_NODELIST_HET_GROUP_%d" % group for group in range(min(size, 128))]
    groups = [group for group, name in enumerate(names) if environment.get(name) == nodes]
    return groups[0] if nodes and len(groups) == 1 else None
