"""The state of this process from its first watched import on, and its watched imports.

``sitecustomize`` loads this file without the import system, when the first watched package is
imported. It gives it ``os``, ``sys`` and ``unit``, which loads the hook's other parts when they are
needed. As an ordinary module it serves the published interface. It must not raise into the user's
program, print, wait or resolve a name.
"""

if "os" not in globals():
    import os
    import sys
    from importlib import import_module

    def unit(name):
        return import_module("customs_hook." + name)


#: Modules with workers: multiprocessing, dill's and Celery's copies of it, and Ray.
WORKER_MODULES = ("multiprocessing", "multiprocess", "billiard", "ray")

_MODULE = type(sys)
#: Reads a module's namespace without computed attributes of its class.
_NAMESPACE = _MODULE.__dict__["__dict__"].__get__


def appear(hook):
    """Return the state of this process, from its first watched import on.

    It is a module object, because a class would cost as much as all its values.
    """
    process = _MODULE("process")
    site = hook.SITE
    process.hook, process.site, process.modules = hook, site, hook.modules
    process.names = set(hook.listed)
    if hook.clock is None:
        unit("interpreter.clocks").begin(hook)
    process.has_rules = hook.everything or site["prefixes"] or site["predicates"]
    #: of modules that import something watched, with their names: when they have run, it is gone.
    #: By identity: a code's hash is worked out of all that is in it, anew each time
    process.codes = {}
    #: whether it is a forked worker of multiprocessing; what the record of the process says whose
    #: worker it is, of its keys id and main; whether its program is the user's and no library's
    process.is_worker, process.inherited, process.has_own_program = False, None, True
    restart(process, hook.began, {})
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: unit("program.children").leave(process))
    return process


def restart(process, began, noted):
    process.began = began
    #: versions of the packages that the trace has, by name
    process.noted = noted
    #: the record without packages; None before it is clear that there is to be one
    process.record = None
    #: that record as JSON, where a trace has been made of it
    process.text = None
    #: set once it is clear that there is to be none
    process.is_mute = False
    #: the seccomp filters: see sandbox.py
    process.filters = process.prctl = None
    #: its kind, if it is a worker or a servant: see workers.py
    process.kind = None
    #: the trace's path; "" if there can be none
    process.trace = None
    process.trace_size = 0
    process.turn = {}
    process.has_news = False
    #: packages that the user's own code imported, if they cannot be seen at the end
    process.used = None


def look(hook, *_):
    """Leave a trace of the watched packages that have been imported: an import has just ended.

    Additional arguments of an older ``sitecustomize`` are ignored, because a tree may be replaced
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
    # atomic, and without a lock that a forked child could inherit in a locked state
    if process.turn.setdefault("of", me) is not me:
        return
    tracers = ()
    process.is_traced = bool(sys.gettrace() or sys.getprofile())
    if process.is_traced:
        tracers = unit("interpreter.tracing").tracers()
    for change, _ in tracers:
        change(None)
    try:
        if "IPython" in process.modules and process.used is None:
            unit("program.notebooks").look_in_time(process)
        while process.has_news:
            process.has_news = False
            _note(process)
    except BaseException as error:
        # a signal handler may have raised it, so it must not be lost
        if unit("interpreter.interrupted").is_of_program(error):
            unit("interpreter.interrupted").raise_soon(error)
    finally:
        process.turn.clear()
        for change, tracer in tracers:
            change(tracer)


def begin(process, is_ending=False):
    """Make the record of this process, without its packages; return whether there is to be one."""
    if not process.is_worker and not process.modules.keys().isdisjoint(WORKER_MODULES):
        kind = unit("program.workers").settle(process, is_ending)
        if kind == "early":
            # it will run its parent's program, but does not yet
            return False
        process.is_mute = kind == "service"
    facts = unit("facts")
    if facts.rank(facts.ENVIRONMENT) not in (None, 0) or not unit("sandbox").is_inherited(process):
        process.is_mute = True
    path = process.site["opt_out_file"]
    # nearly all sites have none
    if path and may_exist(path) and unit("record.optout").has_opted_out(path):
        process.is_mute = True
    if process.is_mute or has_opted_out():
        # a program that opts out for a while is left out for good
        process.is_mute = True
        return False
    process.record = facts.head(process.site, process.hook.directory)
    if process.inherited:
        process.record["main"] = process.inherited["main"]
    return True


def has_opted_out():
    """Return whether the program has opted out by its environment."""
    data = getattr(os.environ, "_data", None)
    # os.environ itself takes ten times as long for a missing name
    if issubclass(type(data), dict):
        return data.get(b"CUSTOMS_OPT_OUT", b"0") not in (b"", b"0")
    return os.environ.get("CUSTOMS_OPT_OUT", "0") not in ("", "0")


def may_exist(path):
    """Return whether something may be at a path: only the system's word counts that nothing is."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno is None:
            # a signal's handler has raised it
            raise
        # ENOENT
        return error.errno != 2
    return True


def mend(process):
    """Return whether the record now names the program, and did not before."""
    if process.record["main"] not in ("", "-c"):
        return False
    facts = unit("facts")
    # runpy or multiprocessing may have set it up meanwhile
    main = facts.bounded("main", facts.program(process.hook.directory))
    if main == process.record["main"]:
        return False
    process.record["main"], process.text = main, None
    return True


def main_globals():
    """Return the globals of the program; empty if the program has replaced its module."""
    return namespace(sys.modules.get("__main__"))


def namespace(module):
    """Return a module's variables without running any of its code; empty if it is not a module."""
    return _NAMESPACE(module) if issubclass(type(module), _MODULE) else {}


def is_imported(module):
    """Return whether a value of ``sys.modules`` stands for an import that took place.

    None marks a module whose import was prevented. Modules that are loaded only when they are used
    have stand-ins, all with classes of their own.
    """
    kind = type(module)
    if kind is _MODULE or not issubclass(kind, _MODULE):
        return module is not None
    return not unit("interpreter.lazy").is_unloaded(module)


def version(modules, name):
    """Return a package's version, or None; none of the package's code is run."""
    module = modules.get(name)
    found = namespace(module).get("__version__")
    if issubclass(type(found), str):
        # if its class is the package's own, as torch's, the text itself
        found = str.__getitem__(found, slice(64))
        return found if found and found.isprintable() and " " not in found else None
    return unit("record.distributions").version(name, module)


def _note(process):
    """Add the watched packages that have been imported since the last time to the trace."""
    if process.record is None and not begin(process):
        return
    modules, noted = process.modules, process.noted
    names = sorted(process.names & modules.keys())
    if process.has_rules:
        names += unit("record.rules").matching(process)
    text = ""
    for name in names:
        module = modules.get(name)
        if name in noted or not (is_imported(module) or name in unit("imports").late):
            continue
        spec = namespace(module).get("__spec__")
        # an import that has not ended may still fail
        if not (type(spec).__name__ == "ModuleSpec" and getattr(spec, "_initializing", False)):
            noted[name] = version(modules, name)
            text += "%s %s\n" % (name, noted[name] or "")
    if mend(process):
        text += unit("facts").encode({"main": process.record["main"]}) + "\n"
    if text and process.trace != "":
        unit("trace").write(process, text)
