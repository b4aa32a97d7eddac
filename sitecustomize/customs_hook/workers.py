"""Processes that multiprocessing starts: workers, which count, and its servants, which do not.

Loaded only where multiprocessing is.
"""

if "sys" not in globals():
    import os
    import sys

    from customs_hook import presence

#: Programs that do nobody's work.
_SERVICES = (
    "multiprocessing.resource_tracker",
    "multiprocessing.semaphore_tracker",
    "multiprocessing.forkserver",
)


def kind():
    """Return what multiprocessing has started this interpreter for: "service", "spawn", or None."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    names = frame.f_code.co_names
    if frame.f_code.co_filename == "<string>" and names:
        if names[0] in _SERVICES:
            return "service"
        if names[0] == "multiprocessing.spawn":
            return "spawn"
    # at exit that frame is gone. Only of a plain function is it safe to ask: any other object may
    # run the user's code
    main = presence.main_globals().get("main")
    if type(main) is type(kind) and main.__module__ in _SERVICES:
        return "service"
    return None


def join(process):
    """Make this process a worker if multiprocessing has set it up as one; return whether it is.

    It is for a forked one: one that was spawned ends as any other program.
    """
    variables = presence.namespace(process.modules.get("multiprocessing.process"))
    current, base = variables.get("_current_process"), variables.get("BaseProcess")
    if not isinstance(base, type) or not issubclass(type(current), base):
        return False
    # that class is not kept under its name
    if type(current).__name__ == "_MainProcess":
        return False
    process.is_worker = True
    _report_at_end(process)
    return True


def expect(process):
    """Called in a forked child, which multiprocessing may be about to make a worker of."""
    if not process.is_mute or kind() == "service":
        process.modules["multiprocessing.util"].register_after_fork(process, _become_worker)


def _become_worker(process):
    """Called when multiprocessing sets up a worker, which does not end by way of atexit."""
    # a worker's own workers are announced more than once
    if process.hook.is_out:
        try:
            process.hook.is_out = False
            process.is_worker, process.inherited = True, process.record or process.inherited
            # what it has from its parent leaves no trace of its own
            presence.restart(process, now(process), dict(process.noted))
            _report_at_end(process)
        except Exception:
            pass


def _report_at_end(process):
    util = process.modules["multiprocessing.util"]
    util.Finalize(None, process.hook.report, exitpriority=-100)


def now(process):
    clock = process.modules.get("time")
    return clock.monotonic() if sys.version_info >= (3, 8) else os.times()[4]
