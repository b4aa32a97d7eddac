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


#: What container engines set inside, in this order: Apptainer sets Singularity's too.
_CONTAINER_VARIABLES = (
    ("SHIFTER_RUNTIME", "shifter"),
    ("APPTAINER_NAME", "apptainer"),
    ("APPTAINER_CONTAINER", "apptainer"),
    ("SINGULARITY_NAME", "singularity"),
    ("SINGULARITY_CONTAINER", "singularity"),
    ("CH_RUNNING", "charliecloud"),
)
#: What the variable ``container`` may say (systemd's container interface).
_CONTAINER_KINDS = ("podman", "docker", "oci", "lxc", "systemd-nspawn")

_MODULE = type(sys)
#: A module's namespace, past whatever attributes its class has made up.
_NAMESPACE = _MODULE.__dict__["__dict__"].__get__


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
        "het_group": _het_group(environment),
        "restart": _integer(text("SLURM_RESTART_COUNT")),
        "num_nodes": _integer(text("SLURM_JOB_NUM_NODES") or text("SLURM_NNODES")),
        "num_tasks": _integer(text("SLURM_NTASKS") or text("SLURM_NPROCS")),
        "qos": text("SLURM_JOB_QOS"),
        "repo": text("SLURM_JOB_ACCOUNT"),
        "partition": text("SLURM_JOB_PARTITION"),
        "cluster": text("SLURM_CLUSTER_NAME"),
    }


def _het_group(environment):
    """Return the component of a heterogeneous job; None if the step is in several, or in none.

    Slurm 22.05 does not name it: it is the component whose nodes are the step's.
    """
    nodes = environment.get("SLURM_JOB_NODELIST")
    size = _integer(environment.get("SLURM_HET_SIZE")) or 0
    names = ("SLURM_JOB_NODELIST_HET_GROUP_%d" % group for group in range(min(size, 128)))
    groups = [group for group, name in enumerate(names) if environment.get(name) == nodes]
    return groups[0] if nodes and len(groups) == 1 else None


def container(environment):
    """Return the kind of container that this process runs in; None for none that is known."""
    for variable, kind in _CONTAINER_VARIABLES:
        if environment.get(variable):
            return kind
    kind = environment.get("container")
    if kind in _CONTAINER_KINDS:
        return kind
    # the engines' own marks, for images that clear the environment
    if os.path.exists("/.dockerenv"):
        return "docker"
    return "podman" if os.path.exists("/run/.containerenv") else None


def namespace(module):
    """Return a module's variables without running any of its code; none of what is no module."""
    return _NAMESPACE(module) if issubclass(type(module), _MODULE) else {}


def is_imported(module):
    """Return whether a value of ``sys.modules`` stands for an import that took place.

    None marks a module that was kept from being imported, and ``importlib.util.LazyLoader`` leaves
    a module that is loaded only when it is used.
    """
    kind = type(module)
    if module is None:
        return False
    return (kind.__module__, kind.__name__) != ("importlib.util", "_LazyModule")


def main_globals():
    """Return the globals of the program; empty where the program has put something else there."""
    return namespace(sys.modules.get("__main__"))


def main_file():
    """Return the path of the program's file; None for ``-c``, standard input and the like.

    When a script has ended, the interpreter has deleted its ``__file__``; its loader remembers.
    """
    variables = main_globals()
    path = variables.get("__file__")
    if path is None:
        loader = variables.get("__loader__")
        if type(loader).__name__ in ("SourceFileLoader", "SourcelessFileLoader"):
            path = loader.__dict__.get("path")
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
