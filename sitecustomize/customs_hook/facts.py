"""The record's data on this process, program and place, and the record as JSON.

Nothing is asked of anybody: all comes from the environment and from the kernel's own word.
"""

if "os" not in globals():
    import os
    import sys

    from customs_hook import presence

    unit = presence.unit


#: The environment as the program found it, in bytes. Later changes by the program do not count; and
#: asking ``os.environ`` for one variable costs as much as reading twenty here.
STARTED = getattr(sys.modules.get("posix"), "environ", {})

# one text costs less to unpack than a tuple of names

#: Variables with the MPI rank, the first one counts. SLURM_PROCID is last: under OpenMPI's mpirun
#: it is that of the launching daemon, and the same for all its ranks.
RANK_VARIABLES = (
    "OMPI_COMM_WORLD_RANK PMI_RANK PALS_RANKID PMIX_RANK MV2_COMM_WORLD_RANK FLUX_TASK_RANK "
    "JSM_NAMESPACE_RANK ALPS_APP_PE SLURM_PROCID"
).split()
#: Variables that container engines set, which begin with the engine's name; the first one counts:
#: Apptainer sets Singularity's too, and CH is Charliecloud.
_CONTAINER_VARIABLES = (
    "SHIFTER_RUNTIME APPTAINER_NAME APPTAINER_CONTAINER SINGULARITY_NAME SINGULARITY_CONTAINER "
    "CH_RUNNING"
).split()
#: Other variables with data on a process outside of a batch job.
_VARIABLES = (
    "USER LOGNAME SLURM_JOB_USER SLURM_JOB_ID SLURM_JOBID SLURM_STEP_ID SLURMD_NODENAME container "
    "CUSTOMS_SERVER CUSTOMS_TRACE_DIR CUSTOMS_CANARY"
).split()
#: Values of the variable ``container`` (systemd's container interface).
_CONTAINER_KINDS = "podman docker oci lxc systemd-nspawn"

#: The longest texts that are kept whole, bytes of JSON: together they leave room in a datagram.
_LONG = {"main": 2048, "executable": 2048, "prefix": 1024}
_SHORT = 128


def started_with(names):
    """Return those variables of the environment, as the program found it."""
    found = {}
    for name in names:
        value = STARTED.get(name.encode())
        if value is not None:
            found[name] = value.decode("utf-8", "surrogateescape")
    return found


ENVIRONMENT = started_with(RANK_VARIABLES + _CONTAINER_VARIABLES + _VARIABLES)


def head(site, directory=None):
    """Return the record without time, end and packages; unknown keys are missing.

    ``directory``: where the process was started, if known.
    """
    environment = ENVIRONMENT
    ruled, job = {}, {}
    if site["compute"] or site["staff"] or site["system"] or site["subsystem"]:
        ruled = unit("record.rules").place(site)
    has_job = environment.get("SLURM_JOB_ID") or environment.get("SLURM_JOBID")
    # where there ought to be one
    if has_job or ruled.get("is_compute") or environment.get("SLURMD_NODENAME"):
        job = unit("record.jobs").job()
    job_user = environment.get("SLURM_JOB_USER")
    kind = container(environment)
    fields = {
        "v": 1,
        "id": os.urandom(16).hex(),
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "ppid": os.getppid(),
        # the claimed name, because asking the system could mean a question to a directory server
        "username": environment.get("USER") or environment.get("LOGNAME") or job_user,
        "uid": os.getuid(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "is_compute": bool(job),
        "container": kind,
        "is_shifter": True if kind == "shifter" else None,
        "rank": rank(environment),
    }
    fields.update(job)
    fields.update(ruled)
    record = {}
    for key, value in fields.items():
        # a value that the program has put in place of a text is not sent
        if type(value) in (int, bool, float):
            record[key] = value
        elif type(value) is str and value:
            record[key] = bounded(key, value)
    record["main"] = bounded("main", program(directory))
    mark = environment.get("CUSTOMS_CANARY")
    canary = unit("record.canary").mark(mark) if mark else None
    if canary:
        record["canary"] = canary
    return record


def rank(environment):
    """Return the MPI rank; None outside a launched program.

    A batch script has SLURM_PROCID too, but no step, so it is not a rank.
    """
    for name in RANK_VARIABLES:
        if name in environment:
            value = integer(environment[name])
            if value is not None:
                is_batch = name == "SLURM_PROCID" and not environment.get("SLURM_STEP_ID")
                return None if is_batch else value
    return None


def container(environment):
    """Return the kind of this process' container; None without a known container."""
    for variable in _CONTAINER_VARIABLES:
        if variable in environment:
            kind = variable.partition("_")[0].lower()
            return "charliecloud" if kind == "ch" else kind
    kind = environment.get("container")
    return kind if kind in _CONTAINER_KINDS.split() else None


def program(directory=None):
    """Return the program's path, or ``-c``, ``-m NAME``, or nothing; never its arguments."""
    variables = presence.main_globals()
    spec = variables.get("__spec__")
    name = spec.name if type(spec).__name__ == "ModuleSpec" else None
    if type(name) is str and name != "__main__":
        return "-m " + (name[:-9] if name.endswith(".__main__") else name)
    path = variables.get("__file__")
    if path is None:
        # when a script has ended, the interpreter has deleted its __file__; its loader remembers
        loader = variables.get("__loader__")
        if type(loader).__name__ in ("SourceFileLoader", "SourcelessFileLoader"):
            path = loader.__dict__.get("path")
    if not path or type(path) is not str or path == "<stdin>":
        # a worker that multiprocessing spawned runs its parent's program
        path = presence.namespace(sys.modules.get("__mp_main__")).get("__file__")
    if type(path) is str and path:
        try:
            path = os.path.normpath(os.path.join(directory or os.getcwd(), path))
        except OSError:
            # the working directory is gone
            pass
        # for a zip archive or a directory it is the archive's path as the user gave it
        return os.path.dirname(path) if name == "__main__" else path
    arguments = getattr(sys, "argv", None)
    first = arguments[0] if type(arguments) is list and arguments else None
    if first == "-m":
        # as long as runpy searches for it, and imports its package
        return unit("program.packages").program()
    return "-c" if first == "-c" else ""


def bounded(key, value):
    """Return a text, cut so that its JSON does not exceed the limit."""
    limit = _LONG.get(key, _SHORT)
    # a character takes at most twelve bytes
    if len(value) * 12 <= limit:
        return value
    value = value[:limit]
    while len(encode(value)) > limit + 2:
        value = value[: len(value) * 9 // 10]
    return value


def encode(value):
    """Return ``value`` (None, bool, int, float, str, list, dict with str keys) as compact JSON.

    It is ASCII (RFC 8259), and made without the json package, which the user may not have imported.
    """
    kind = type(value)
    if kind is str or kind is dict:
        # not ascii(): PyPy imports a codec for that, which the program's import hooks would see
        text = repr(value)
        # else there is something in it that JSON writes in another way
        is_plain = '"' not in text and "\\" not in text and len(text.encode()) == len(text)
        if kind is str:
            return '"' + text[1:-1] + '"' if is_plain else unit("record.escapes").quoted(value)
        # what follows a bracket has no space before it
        if is_plain and "[" in text:
            is_plain = text.count("[") == text.count("['") + text.count("[]")
        # no text has a space if there are no more than between members
        spaces = 2 * len(value) - 1
        if is_plain and ("[" in text or text.find("{", 1) > 0):
            spaces += _inner_spaces(value)
        if is_plain and text.count(" ") == spaces:
            text = text.replace(" True", "true").replace(" False", "false").replace(" None", "null")
            return text.replace(" ", "").replace("'", '"')
        members = []
        for key, member in value.items():
            members.append(encode(key) + ":" + encode(member))
        return "{" + ",".join(members) + "}"
    if kind is list:
        return "[" + ",".join(map(encode, value)) + "]"
    if kind is bool or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value)


def _inner_spaces(value):
    """Return how many spaces Python writes in the members of a dictionary, or fewer."""
    count = 0
    for member in value.values():
        kind = type(member)
        if kind is dict and member:
            count += 2 * len(member) - 1
        elif kind is list and member:
            count += len(member) - 1
    return count


def integer(text):
    if not text or len(text) > 9 or text.strip("0123456789"):
        return None
    return int(text)
