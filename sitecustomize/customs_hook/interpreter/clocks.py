"""The clock's functions if they are not simply those of the time module at start.

Loaded only on Python 3.6 and 3.7, and if the program stops the interpreter's clock.
"""

if "os" not in globals():
    import os
    import sys


def begin(hook):
    """Set the functions that ``sitecustomize`` sets at start if the time module is loaded.

    The steps of the first function are of 10 ms.
    """
    modules = sys.modules
    # a new module, because the program's own may show another time by now; without its import
    # hooks, and so that it sees no module that it has not imported
    theirs = modules.pop("time", None)
    try:
        time = modules["_imp"].create_builtin(type(sys.implementation)(name="time"))
    finally:
        modules.pop("time", None)
        if theirs is not None:
            modules["time"] = theirs
    hook.clock = _seconds, time.time, time.gmtime, time.clock_gettime
    hook.moment = time.time() - (_seconds() - hook.began)


def unfrozen(hook):
    """Return the functions, with the time counted from the start on.

    time-machine changes the interpreter's own functions, but not the monotonic clock.
    """
    monotonic, _, gmtime, clock_gettime = hook.clock
    now = hook.moment + monotonic() - hook.began
    return monotonic, lambda: now, gmtime, clock_gettime


def _seconds():
    return os.times()[4]
