"""Where this process runs: job, rank, container. All from the environment; nothing is asked."""

import os
import sys

#: Whose word on the MPI rank counts, in this order. SLURM_PROCID is last: under OpenMPI's mpirun
#: it is that of the launching daemon, and the same for all its ranks.
RANK_VARIABLES = (
    "OMPI_COMM_WORLD_RANK",
    "PMI_RANK",
    "PALS_RANKID",
    "PMIX_RANK",
    "MV2_COMM_WORLD_RANK",
    "FLUX_TASK_RANK",
    "JSM_NAMESPACE_RANK",
    "ALPS_APP_PE",
    "SLURM_PROCID",
)


def rank(environment):
    """Return the MPI rank; None outside a launched program.

    A batch script has SLURM_PROCID too, and no step: it is nobody's rank.
    """
    for name in RANK_VARIABLES:
        value = _integer(environment.get(name))
        if value is None:
            continue
        if name == "SLURM_PROCID" and not environment.get("SLURM_STEP_ID"):
            return None
        return value
    return None


def job(environment):
    """Return what Slurm's variables say, by the record's keys (sbatch(1), srun(1))."""
    text = environment.get
    identity = text("SLURM_JOB_ID") or text("SLURM_JOBID")
    if not identity:
        return {}
    return {
        "job_id": identity,
        "step_id": text("SLURM_STEP_ID") or text("SLURM_STEPID"),
        "array_job_id": _integer(text("SLURM_ARRAY_JOB_ID")),
        "array_task_id": _integer(text("SLURM_ARRAY_TASK_ID")),
        "restart": _integer(text("SLURM_RESTART_COUNT")),
        "num_nodes": _integer(text("SLURM_JOB_NUM_NODES") or text("SLURM_NNODES")),
        "num_tasks": _integer(text("SLURM_NTASKS") or text("SLURM_NPROCS")),
        "qos": text("SLURM_JOB_QOS"),
        "repo": text("SLURM_JOB_ACCOUNT"),
        "partition": text("SLURM_JOB_PARTITION"),
        "cluster": text("SLURM_CLUSTER_NAME"),
    }


def container(environment):
    """Return the kind of container that this process runs in; None for none."""
    if environment.get("SHIFTER_RUNTIME") or environment.get("SHIFTER_IMAGE"):
        return "shifter"
    if environment.get("APPTAINER_CONTAINER") or environment.get("APPTAINER_NAME"):
        return "apptainer"
    if environment.get("SINGULARITY_CONTAINER") or environment.get("SINGULARITY_NAME"):
        return "singularity"
    if environment.get("CH_RUNNING"):
        return "charliecloud"
    kind = environment.get("container")
    return kind if kind in ("podman", "docker", "oci", "lxc", "systemd-nspawn") else None


def main_globals():
    """Return the globals of the program; empty where the program has put something else there."""
    main = sys.modules.get("__main__")
    return main.__dict__ if type(main) is type(sys) else {}


def main_file():
    """Return the path of the program's file; None for ``-c``, standard input and the like.

    When a script has ended, the interpreter has deleted its ``__file__``; its loader remembers.
    """
    variables = main_globals()
    path = variables.get("__file__")
    if path is None and type(variables.get("__loader__")).__name__ == "SourceFileLoader":
        path = variables["__loader__"].__dict__.get("path")
    return path if type(path) is str else None


def is_main_interpreter():
    """Return whether this is the process' first interpreter.

    The question costs a module, so it is asked only where it can be: a subinterpreter's
    ``__main__`` has no file.
    """
    if main_file() is not None:
        return True
    if sys.implementation.name != "cpython" or sys.version_info < (3, 8):
        return True
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    try:
        interpreters = __import__(name)
        current, main = interpreters.get_current(), interpreters.get_main()
    except Exception:
        return True
    return _identity(current) == _identity(main)


def user(environment):
    """Return the user's name as the environment claims it.

    The system's own answer could mean a question to a directory server, and so a wait.
    """
    return (
        environment.get("USER") or environment.get("LOGNAME") or environment.get("SLURM_JOB_USER")
    )


def host():
    """Return the node's own name; HOSTNAME is stale inside job steps."""
    return os.uname().nodename


def _identity(interpreter):
    # 3.13 gives (id, owner)
    return interpreter[0] if isinstance(interpreter, tuple) else interpreter


def _integer(text):
    if not text or len(text) > 9 or text.strip("0123456789"):
        return None
    return int(text)
