"""Processes that a program starts: workers, which are recorded, and servants, which are not.

They are started by multiprocessing, by dill's and Celery's copies of it, by loky and joblib's copy
of that, and by Ray. Loaded only if one of them is loaded.
"""

if "os" not in globals():
    import os
    import sys

    from customs_hook import facts, presence

    unit = presence.unit

#: Modules, by the last part of their names, whose function ``main`` runs a servant.
_SERVICES = ("resource_tracker", "semaphore_tracker", "forkserver")
#: The module that loky's workers run with -m.
_LOKY = ".popen_loky_posix"
#: The program of Ray's workers, and the directory of its servants' programs, in its package.
_RAY = (
    "-packages/ray/_private/workers/default_worker.py",
    "-packages/ray/workers/default_worker.py",
)
_RAYS_OWN = ("_private/", "autoscaler/", "dashboard/")
#: Modules with forked workers.
_FAMILIES = ("multiprocessing", "multiprocess", "billiard")


def settle(process, is_ending):
    """Find out the purpose of this process, and its parent if it is a worker.

    Returns "service" for a servant, "early" if its purpose is not known yet, else None.
    """
    # at exit this is no longer known for all of them
    kind = process.kind = process.kind or _kind()
    family = _family(process)
    if kind in (None, "service"):
        # a worker that was forked before the first watched import, or by a fork server. At exit
        # it is too late, because a worker ends without atexit
        if not family or is_ending:
            return kind
        process.is_worker = True
        _report_at_end(process, family)
        process.inherited = unit("program.parents").record(process, _creator(process, family))
        return _service_by(process.inherited)
    has_program = has_parents_program(process)
    if not has_program and not family and kind != "ray" and not is_ending:
        return "early"
    process.has_own_program = has_program
    process.inherited = unit("program.parents").record(process, os.getppid(), kind)
    return None if kind == "ray" else _service_by(process.inherited)


def has_parents_program(process):
    """Return whether multiprocessing has run the program of its parent here, under its other name.

    Before that, and in other processes, that name means the program itself.
    """
    variables = presence.namespace(process.modules.get("__mp_main__"))
    return variables.get("__name__") == "__mp_main__" and "__file__" in variables


def expect(process):
    """Called in a forked child, which multiprocessing or the like may make a worker."""
    if process.is_mute and process.kind != "service":
        return
    for family in _FAMILIES:
        util = process.modules.get(family + ".util")
        if util is not None:
            util.register_after_fork(process, _become_worker(family))


def _become_worker(family):
    """Return the function to call when a worker is set up, because it ends without atexit."""

    def become_worker(process):
        # workers of workers are announced more than once
        if not process.hook.is_out:
            return
        try:
            process.hook.is_out = False
            inherited, began = process.record or process.inherited, process.hook.clock[0]()
            process.is_worker = True
            # imports inherited from its parent leave no trace of their own
            presence.restart(process, began, dict(process.noted))
            creator = _creator(process, family)
            process.inherited = inherited or unit("program.parents").record(process, creator)
            _report_at_end(process, family)
        except Exception:
            pass

    return become_worker


def _report_at_end(process, family):
    util = process.modules[family + ".util"]
    util.Finalize(None, process.hook.report, exitpriority=-100)


def _creator(process, family):
    """Return the number of the process that has made this one a worker; not the fork server's."""
    current = presence.namespace(process.modules[family + ".process"])["_current_process"]
    number = object.__getattribute__(current, "__dict__").get("_parent_pid")
    return number if type(number) is int else os.getppid()


def _kind():
    """Return the purpose of this interpreter: "service", "spawn", "loky", "ray", or None."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    code = frame.f_code
    if code.co_filename == "<string>":
        names = code.co_names
        for name in names:
            last = name.rpartition(".")[2]
            if last in _SERVICES and "main" in names:
                return "service"
            if last == "spawn" and "spawn_main" in names:
                return "spawn"
    # at exit that frame is gone. Only a plain function is safe to inspect: any other object may run
    # the user's code
    main = presence.main_globals().get("main")
    if type(main) is type(_kind) and str(main.__module__).rpartition(".")[2] in _SERVICES:
        return "service"
    program = facts.program()
    if program.startswith("-m ") and program.endswith(_LOKY):
        return "loky"
    return "ray" if program.endswith(_RAY) else _service_by({"main": program})


def _service_by(record):
    """Return "service" if the program that a record names is a servant, else None."""
    _, is_rays, rest = (record or {"main": ""})["main"].rpartition("-packages/ray/")
    return "service" if is_rays and rest.startswith(_RAYS_OWN) else None


def _family(process):
    """Return the name of the package that has set up this process as a worker, or None."""
    for name in _FAMILIES:
        variables = presence.namespace(process.modules.get(name + ".process"))
        current, base = variables.get("_current_process"), variables.get("BaseProcess")
        is_worker = isinstance(base, type) and issubclass(type(current), base)
        # that class cannot be found by its name
        if is_worker and type(current).__name__ != "_MainProcess":
            return name
    return None
