"""Who this process is, and the trace that it leaves if it is killed.

``sitecustomize`` loads this file, when the first watched package is imported, past the import
system, and gives it ``os``, ``sys`` and ``unit``, which loads the hook's other parts where they are
needed; as an ordinary module it serves the published interface. It must not raise into the user's
program, print, wait or resolve a name. Nothing is asked of anybody: all comes from the environment
and from the kernel's own word.

The trace is one file for each process, ``TRACE_DIR/UID/SLOT``. Its first line is the record as
JSON, without packages; then follows a line ``NAME VERSION`` for each package, or a JSON object with
what has changed of the record. ``TRACE_DIR`` is world-writable and sticky (``/tmp``'s mode), the
directory below it belongs to the user alone. ``customs_sweep.py`` reads what dead processes left.
"""

if "os" not in globals():
    import os
    import sys
    from importlib import import_module

    def unit(name):
        return import_module("customs_hook." + name)


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

#: What has workers: multiprocessing, dill's and Celery's copies of it, and Ray.
WORKER_MODULES = ("multiprocessing", "multiprocess", "billiard", "ray")

#: Files that a user's processes may have in a trace directory.
SLOTS = 1024
#: Slots that a process tries before it goes without a trace.
_ATTEMPTS = 8
#: Bytes that a process writes to its trace at most.
TRACE_SIZE = 32768

#: The longest texts that are kept whole, bytes of JSON: together they leave room in a datagram.
_LONG = {"main": 2048, "executable": 2048, "prefix": 1024}
_SHORT = 128

_MODULE = type(sys)
#: A module's namespace, past whatever attributes its class has made up.
_NAMESPACE = _MODULE.__dict__["__dict__"].__get__


#: Variables that say something of a process outside of a batch job, beside those above.
_NAMES = b"USER LOGNAME SLURM_JOB_USER SLURM_JOB_ID SLURM_JOBID SLURM_STEP_ID SLURMD_NODENAME "
_NAMES += b"container CUSTOMS_SERVER CUSTOMS_TRACE_DIR CUSTOMS_CANARY"


def started_with(is_wanted):
    """Return the variables of the environment, as the program found it, that are wanted.

    What the program does to its own since is not the job's word; and to ask that of one variable
    costs as much as all of this. ``is_wanted``: takes a name, bytes.
    """
    found = {}
    for name, value in getattr(sys.modules.get("posix"), "environ", {}).items():
        if is_wanted(name):
            found[name.decode()] = value.decode("utf-8", "surrogateescape")
    return found


_names = RANK_VARIABLES + tuple([name for name, _ in _CONTAINER_VARIABLES])
ENVIRONMENT = started_with(set(_NAMES.split() + " ".join(_names).encode().split()).__contains__)


def appear(hook):
    """Return what is known of this process, from its first watched import on.

    It is a module object: a class would cost as much as all that it keeps.
    """
    process = _MODULE("process")
    site = hook.SITE
    process.hook, process.site, process.modules = hook, site, hook.modules
    process.names = set(hook.listed)
    if hook.clock is None:
        unit("clocks").begin(hook)
    process.has_rules = hook.everything or site["prefixes"] or site["predicates"]
    #: of modules that import something watched, with their names: when they have run, it is gone.
    #: By identity: a code's hash is worked out of all that is in it, anew each time
    process.codes = {}
    #: whether it is a forked worker of multiprocessing; what the record of the process says whose
    #: worker it is, of its keys id and main; whether its program is the user's and no library's
    process.is_worker, process.inherited, process.has_own_program = False, None, True
    restart(process, hook.began, {})
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _leave(process))
    return process


def restart(process, began, noted):
    process.began = began
    #: versions of the packages that the trace has, by name
    process.noted = noted
    #: the record without packages; None before it is clear that there is to be one
    process.record = None
    #: set once it is clear that there is to be none
    process.is_mute = False
    #: of seccomp: see sandbox.py
    process.filters = process.prctl = None
    #: what it was started for, as far as it is a worker or a servant: see workers.py
    process.kind = None
    #: the trace's path; "" if there can be none
    process.trace = None
    process.trace_size = 0
    process.turn = {}
    process.has_news = False
    #: what the user's own code imported, where it cannot be seen at the end
    process.used = None


def look(hook, *_):
    """Leave a trace of the watched packages that have been imported: an import has just ended.

    What an older ``sitecustomize`` than this gives besides is passed over: a tree may be replaced
    while programs run.
    """
    process = hook.process
    if process is None:
        process = hook.process = appear(hook)
    if process.is_mute:
        return
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "<module>":
            if id(code) in process.codes:
                break
            process.codes[id(code)] = code, frame.f_globals.get("__name__")
        frame = frame.f_back
    note(process)


def note(process):
    """A watched package has been imported: leave a trace of it."""
    if process.is_mute or process.hook.is_out:
        return
    process.has_news = True
    me = object()
    # atomic, and no lock that a forked child could inherit held
    if process.turn.setdefault("of", me) is not me:
        return
    tracers = ()
    if sys.gettrace() or sys.getprofile():
        tracers = unit("tracing").tracers()
    for change, _ in tracers:
        change(None)
    try:
        if "IPython" in process.modules and process.used is None:
            unit("notebooks").look_in_time(process)
        while process.has_news:
            process.has_news = False
            _note(process)
    except BaseException as error:
        # a signal's handler may have raised it: it is not lost
        if unit("interrupted").is_of_program(error):
            unit("interrupted").raise_soon(error)
    finally:
        process.turn.clear()
        for change, tracer in tracers:
            change(tracer)


def begin(process, is_ending=False):
    """Make the record of this process, without its packages; return whether there is to be one."""
    if not process.is_worker and not process.modules.keys().isdisjoint(WORKER_MODULES):
        kind = unit("workers").settle(process, is_ending)
        if kind == "early":
            # it will be its parent's program, and is not yet
            return False
        process.is_mute = kind == "service"
    if rank(ENVIRONMENT) not in (None, 0) or not unit("sandbox").is_inherited(process):
        process.is_mute = True
    path = process.site["opt_out_file"]
    # nearly everywhere there is none
    if path and os.access(path, os.R_OK) and unit("lists").has_opted_out(path):
        process.is_mute = True
    if process.is_mute:
        return False
    process.record = head(process.site, process.hook.directory)
    if process.inherited:
        process.record["main"] = process.inherited["main"]
    return True


def mend(process):
    """Return whether the record now names the program, and did not before."""
    if process.record["main"] not in ("", "-c"):
        return False
    # runpy or multiprocessing may have set it up in the meantime
    main = bounded("main", program(process.hook.directory))
    is_news = main != process.record["main"]
    process.record["main"] = main
    return is_news


def head(site, directory=None):
    """Return the record without time, end and packages; what is not known is not in it.

    ``directory``: where the process was started, if known.
    """
    environment = ENVIRONMENT
    ruled, job = {}, {}
    if site["compute"] or site["staff"] or site["system"] or site["subsystem"]:
        ruled = unit("rules").place(site)
    has_job = environment.get("SLURM_JOB_ID") or environment.get("SLURM_JOBID")
    # where there ought to be one
    if has_job or ruled.get("is_compute") or environment.get("SLURMD_NODENAME"):
        job = unit("jobs").job(started_with(lambda name: name.startswith(b"SLURM_")))
    job_user = environment.get("SLURM_JOB_USER")
    kind = container(environment)
    fields = {
        "v": 1,
        "id": os.urandom(16).hex(),
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "ppid": os.getppid(),
        # as it is claimed: the system's own answer could mean a question to a directory server
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
        # what the program has put in the place of a text is nothing to send
        if type(value) in (int, bool, float):
            record[key] = value
        elif type(value) is str and value:
            record[key] = bounded(key, value)
    record["main"] = bounded("main", program(directory))
    mark = environment.get("CUSTOMS_CANARY")
    canary = unit("canary").mark(mark) if mark else None
    if canary:
        record["canary"] = canary
    return record


def rank(environment):
    """Return the MPI rank; None outside a launched program.

    A batch script has SLURM_PROCID too, and no step: it is nobody's rank.
    """
    for name in RANK_VARIABLES:
        if name in environment:
            value = integer(environment[name])
            if value is not None:
                is_batch = name == "SLURM_PROCID" and not environment.get("SLURM_STEP_ID")
                return None if is_batch else value
    return None


def container(environment):
    """Return the kind of container that this process runs in; None for none that is known."""
    for variable, kind in _CONTAINER_VARIABLES:
        if variable in environment:
            return kind
    kind = environment.get("container")
    return kind if kind in _CONTAINER_KINDS else None


def program(directory=None):
    """Return the program's path, or ``-c``, ``-m NAME``, or nothing; never its arguments."""
    variables = main_globals()
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
        path = namespace(sys.modules.get("__mp_main__")).get("__file__")
    if type(path) is str and path:
        try:
            path = os.path.normpath(os.path.join(directory or os.getcwd(), path))
        except OSError:
            # the working directory is gone
            pass
        # of a zip archive or a directory it is the archive's path that the user gave
        return os.path.dirname(path) if name == "__main__" else path
    arguments = getattr(sys, "argv", None)
    first = arguments[0] if type(arguments) is list and arguments else None
    if first == "-m":
        # so long as runpy looks for it, and imports the package that it lies in
        return unit("packages").program()
    return "-c" if first == "-c" else ""


def main_globals():
    """Return the globals of the program; empty where the program has put something else there."""
    return namespace(sys.modules.get("__main__"))


def namespace(module):
    """Return a module's variables without running any of its code; none of what is no module."""
    return _NAMESPACE(module) if issubclass(type(module), _MODULE) else {}


def is_imported(module):
    """Return whether a value of ``sys.modules`` stands for an import that took place.

    None marks a module that was kept from being imported, and there are stand-ins for modules that
    are loaded only when they are used: all are of classes of their own.
    """
    kind = type(module)
    if kind is _MODULE or not issubclass(kind, _MODULE):
        return module is not None
    return not unit("lazy").is_unloaded(module)


def version(modules, name):
    """Return a package's version, or None; nothing of the package is run."""
    module = modules.get(name)
    found = namespace(module).get("__version__")
    if issubclass(type(found), str):
        # of a class of the package's own, as torch's, the text itself
        found = str.__getitem__(found, slice(64))
        return found if found and found.isprintable() and " " not in found else None
    return unit("distributions").version(name, module)


def bounded(key, value):
    """Return a text cut so that its JSON takes no more bytes than it may."""
    limit = _LONG.get(key, _SHORT)
    # a character takes twelve bytes at most
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
            return '"' + text[1:-1] + '"' if is_plain else unit("escapes").quoted(value)
        # what follows a bracket has no space before it
        is_plain = is_plain and text.count("[") == text.count("['") + text.count("[]")
        if is_plain and text.count(" ") == _spaces(value):
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


def _spaces(value):
    """Return how many spaces Python writes in a dictionary of which no text has one, or fewer."""
    count = 2 * len(value) - 1
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


def _leave(process):
    """Called in forked children: of those only a worker is recorded."""
    if not process.hook.is_out and not process.modules.keys().isdisjoint(WORKER_MODULES):
        try:
            unit("workers").expect(process)
        except Exception:
            pass
    process.hook.is_out = True


def _note(process):
    """Add the watched packages that have been imported since the last time to the trace."""
    if process.record is None and not begin(process):
        return
    modules, noted = process.modules, process.noted
    names = sorted(process.names & modules.keys())
    if process.has_rules:
        names += unit("rules").matching(process)
    text = ""
    for name in names:
        module = modules.get(name)
        if name in noted or not (is_imported(module) or name in unit("imports").late):
            continue
        spec = namespace(module).get("__spec__")
        # one whose import has not come to its end may yet fail
        if not (type(spec).__name__ == "ModuleSpec" and getattr(spec, "_initializing", False)):
            noted[name] = version(modules, name)
            text += "%s %s\n" % (name, noted[name] or "")
    if mend(process):
        text += encode({"main": process.record["main"]}) + "\n"
    if text and process.trace != "":
        _write_trace(process, text)


def _write_trace(process, text):
    """Append to the trace; the first time, make it. Where it cannot be made, there is none."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    if process.trace is None:
        process.trace = ""
        # CLOCK_BOOTTIME, clock_getres(2): seconds since the node's start, as /proc counts
        started = round(process.hook.clock[3](7), 2)
        first = dict(process.record, started=started)
        if process.inherited and process.inherited.get("id"):
            first["parent"] = process.inherited["id"]
        text = encode(first) + "\n" + text
        path, descriptor = _make_trace(process.record, process.site, flags | os.O_CREAT | os.O_EXCL)
        if descriptor is None:
            return
        process.trace = path
    elif unit("sandbox").is_new(process):
        process.is_mute = True
        return
    else:
        # if it has been swept all the same, it is not made again
        descriptor = os.open(process.trace, flags)
    try:
        data = text.encode("ascii", "replace")
        process.trace_size += len(data)
        if process.trace_size <= TRACE_SIZE and os.write(descriptor, data) < len(data):
            # the disk is full: a later line would make one with this half, and another name
            process.trace_size = TRACE_SIZE
    finally:
        os.close(descriptor)


def slots(site, uid, pid):
    """Return the paths that a process' trace may have, in the order in which they are tried."""
    directory = ENVIRONMENT.get("CUSTOMS_TRACE_DIR") or site["trace_dir"]
    paths = []
    for attempt in range(_ATTEMPTS):
        paths.append("%s/%d/%d" % (directory, uid, (pid + attempt * 131) % SLOTS))
    return paths


def _make_trace(record, site, flags):
    paths = slots(site, record["uid"], record["pid"])
    own = paths[0].rpartition("/")[0]
    try:
        try:
            status = os.lstat(own)
        except OSError as error:
            # ENOENT
            if error.errno != 2:
                raise
            os.mkdir(own, 0o700)
            status = os.lstat(own)
        # a directory, ours, for nobody else: in a sticky one nobody can have changed it since
        if status.st_uid != record["uid"] or status.st_mode & 0o170077 != 0o040000:
            return "", None
    except OSError as error:
        # the system's refusals have a number: else it is of a signal's handler
        if error.errno is None:
            raise
        return "", None
    for path in paths:
        try:
            return path, os.open(path, flags, 0o600)
        except OSError as error:
            # EEXIST: another process has it, or had it and was killed
            if error.errno is None:
                raise
            if error.errno != 17:
                break
    return "", None
