"""Loaded by every Python whose PYTHONPATH names this directory; does next to nothing.

It registers one function with ``atexit``, and puts the watched names into the import system's own
table of locks: a name's lock from there ends when the import of the name has ended. The hook has no
finder in the import search. With the first watched package this module loads the hook's parts:
``presence`` leaves a trace of the process in a node-local directory, and at exit ``report`` sends
the record. It runs the ``sitecustomize`` that it hides, if there is one, exactly as Python would
have. It never raises by itself and never prints; it must parse on Python 2.7 and on all later
versions.
"""

import sys

# --- site: `customs hook install` writes what stands from here to the end mark

#: Import names of the watched packages. First those that the SciPy 2021 paper reports on (its
#: figures 1, 4 and 5 and its text), then newer ones.
WATCHED = """
numpy multiprocessing matplotlib scipy ipykernel pandas h5py joblib sklearn astropy astropy.io.fits
mpi4py dask numba netCDF4 mkl tensorflow seaborn statsmodels torch xarray keras gensim nltk cudf
cuml fireworks plotly cupy numexpr

jax flax polars vaex ray transformers accelerate deepspeed lightning pytorch_lightning horovod
torchvision xgboost lightgbm pyarrow zarr adios2 healpy skimage cv2 PIL networkx sympy bokeh pyspark
petsc4py slepc4py tables yt ase pymatgen openmm MDAnalysis rdkit Bio qiskit parsl distributed
cartopy geopandas rasterio onnxruntime pyscf
"""

#: The site's settings: see customs_hook/settings.py for the keys. "standard" has the watched names
#: that belong to the standard library.
SITE = {
    "servers": ("udp://127.0.0.1:5140",),
    "trace_dir": "/run/customs/traces",
    "opt_out_file": "/etc/customs/opt-out",
    "prefixes": (),
    "predicates": (),
    "standard": ("multiprocessing",),
    "everything": 0,
    "system": (),
    "subsystem": (),
    "compute": (),
    "staff": (),
}

# --- end of what the site has set


#: The values that this module keeps: its directory; the hook's parts as read and as loaded; the
#: file with those that few programs need; the watched names if they differ from the site's, and all
#: watched names from the first import on; the state of the process from the first watched import
#: on; whether it is a forked child; whether every installed package is watched.
here = __file__.rpartition("/")[0]
process = clock = moment = None
parts, units = {}, {}
content = watched = None
listed = ()
is_out = everything = False
#: Trace functions that are put aside for a moment, and results of the function in their place.
former, answers = [], {}
#: Functions in which the import system takes a lock, and loads a lazy module.
IMPORTING = "_get_module_lock", "__getattribute__"
#: The file name of the hook's code for tools: not a file's, so that no tool reports it.
NAME = "<customs hook>"


def report(frame=None, event=None, argument=None):
    """Called at exit, and by the import system for the lock of a watched name, which it returns.

    With arguments it is called as a trace function, see ``unseen``, or in the place of a method of
    importlib.util.LazyLoader, see ``arm``.
    """
    global os, listed
    if event and type(event) is not str:
        try:
            unit("interpreter.lazy").watch_loader(hook)
        except Exception:
            pass
        return lazy_exec(frame, event)
    try:
        if event:
            sys.settrace(former.pop())
        frame = sys._getframe()
        while frame is not None and frame.f_code.co_name in ("report", "_verbose_message"):
            frame = frame.f_back
        is_importing = frame is not None and frame.f_code.co_name in IMPORTING
        if is_importing:
            lock = unit("imports").turn(hook, frame)
            if event:
                answers[report] = lock
                return None
            return lock
        is_worth_it = process or everything or SITE["prefixes"] or SITE["predicates"]
        if not is_worth_it:
            # modules imported before this file, and those that the program put there itself
            names = listed or watched
            if not names:
                names, standard = SITE["standard"], getattr(sys, "stdlib_module_names", ())
                for name in modules:
                    # splitting the names costs a tenth of the hook, and nearly no program needs it
                    if name not in standard and name in WATCHED:
                        names = WATCHED.split()
                        break
            is_worth_it = not modules.keys().isdisjoint(names)
        if is_worth_it and not is_out:
            listed = listed or watched or WATCHED.split()
            unit("report").report(hook)
    except BaseException as error:
        try:
            # neither a system call's nor from our files: it comes from a signal handler
            if is_importing and unit("interpreter.interrupted").is_of_program(error):
                unit("interpreter.interrupted").raise_soon(error)
        except BaseException:
            pass
    # destroying a module costs the interpreter more if it is still referenced
    os = None


def unit(name):
    """Return a part of the hook, a module of customs_hook, loaded without the import system.

    Otherwise the program's own import hooks would see it, and the program in ``sys.modules``. All
    parts are read at once, so that the exit does not wait for their file system.
    """
    global content
    if name in units:
        return units[name]
    for file in () if parts else ("__pycache__/parts.%s.pyc", "sources.py"):
        try:
            path = here + "/customs_hook/" + file.replace("%s", sys.implementation.cache_tag)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(descriptor, 130000)
            finally:
                os.close(descriptor)
            # the import system's mark for files that are not checked against their source (PEP 552)
            if data.startswith(modules["_frozen_importlib_external"].MAGIC_NUMBER + b"\1\0\0\0"):
                content = memoryview(data)[16:]
                parts.update(loads(content))
                break
            if file == "sources.py":
                exec(data, {"parts": parts, "path": path, "os": os})
        except OSError as error:
            # without a number it comes from a signal handler
            if file == "sources.py" or error.errno is None:
                raise
    # it costs a third of a module object
    module = type(sys.implementation)(
        __name__="customs_hook." + name, os=os, sys=sys, unit=unit, loads=loads
    )
    variables = module.__dict__
    if name != "presence":
        variables["presence"] = unit("presence")
        if name != "facts":
            variables["facts"] = unit("facts")
    code = parts[name]
    if type(code) is int:
        code = loads(content[code:])
    elif type(code) is str:
        code = compile(code, NAME, "exec", 0, True)
    exec(code, variables)
    units[name] = module
    return module


def arm(name=None):
    """Put the watched names into the import system's table of locks.

    The import system calls the name's entry for its lock when an import begins. Before Python 3.12
    the names are put there when the first lock is made, in place of its class. Programs without
    imports are spared, because the names cost a tenth of the hook.
    """
    global listed, locks, lazy_exec
    system._ModuleLock = lock_class
    lock = None
    try:
        listed = watched or WATCHED.split()
        names = dict.fromkeys(list(listed) + ["importlib.util", "_lsprof", "profile"], tell)
        names.update(system._module_locks)
        system._module_locks = locks = names
        if "importlib.util" in modules:
            loader = modules["importlib.util"].LazyLoader
            lazy_exec, loader.exec_module = loader.exec_module, report
        if names.get(name) is tell:
            lock = unit("imports").begin(hook, name)
    except Exception as error:
        try:
            # neither a system call's nor from our files: it comes from a signal handler
            is_ours = not unit("interpreter.interrupted").is_of_program(error)
        except Exception:
            is_ours = True
        if not is_ours:
            raise
    return lock or (name and lock_class(name))


if sys.version_info >= (3, 12):

    def unseen(function):
        """Return an iterator that calls ``function``, unseen by profilers and monitoring tools.

        Its values are what the function returns; as a trace function it leaves that in ``answers``.
        While a trace function runs, CPython calls no other, and no tool either. So where one is at
        work, a trace function is set for the next call, which is one of the import system's own.
        What decides this, and does it, is made of the interpreter's own pieces alone.
        """
        name = object()
        bound = type(system.BuiltinImporter.find_spec)
        code = zip(
            map(former.append, iter(sys.gettrace, name)),
            iter(bound(sys.settrace, function), name),
            iter(bound(system._verbose_message, ""), name),
        )
        mine = bound({name: function}.get, name)
        answer = map(answers.pop, iter(mine, name), iter([].clear, name))
        frame = map(any, map(bound(map, sys.monitoring.get_tool), iter(range(6).__iter__, name)))
        # a tuple would keep the answer: so the second of two is what an empty table has by default
        file = {
            False: iter(function, name),
            True: map({}.get, map([].__init__, code), answer),
        }
        return map(next, map(file.__getitem__, frame))


def _start():
    global hook, ordinary, modules, os, clock, atexit, began, moment, directory, ordinary_import
    global listed, locks, tell, lock_class, system, loads
    modules = sys.modules
    loads = modules["marshal"].loads
    hook, system = modules[__name__], modules["_frozen_importlib"]
    modules["_imp"]._fix_co_filename(sys._getframe(1).f_code, NAME)
    # no import looks into our directory: what stands for its finder takes anything and returns None
    ordinary, nothing = sys.path_importer_cache.get(here), ().__init__
    kind = type(sys.implementation)
    sys.path_importer_cache[here] = kind(find_spec=nothing, find_module=nothing)
    locks = system._module_locks
    # with two copies of the hook on PYTHONPATH only the first reports
    if sys.version_info < (3, 6) or "customs_hook" in locks:
        return
    locks["customs_hook"] = report
    try:
        # always refused; in a subinterpreter, which loads this file too, for another reason,
        # which is unknown before 3.8
        __import__("_signal").signal(0, 0)
    except ValueError as error:
        if "main" in str(error):
            return
    import os

    # the environment itself: asking os.environ for a missing name takes ten times as long
    environment = modules["posix"].environ
    if environment.get(b"CUSTOMS_OPT_OUT", b"0") not in (b"", b"0"):
        return
    # the time module is loaded from 3.8 on; before, seconds since some moment in steps of 10 ms.
    # The functions are kept in a tuple: a tool that freezes a program's clock replaces them in the
    # time module and in every other module that has them
    time = modules.get("time")
    if time:
        clock = time.monotonic, time.time, time.gmtime, time.clock_gettime
        began, moment = clock[0](), clock[1]()
    else:
        began = os.times()[4]
    # before 3.9 the program's path may be relative, and the program may change its directory
    directory = None
    if sys.version_info < (3, 9):
        try:
            directory = os.getcwd()
        except OSError:
            # it is gone
            pass
    # the import system before the program changes it: at exit none of the program's own code may
    # run, and no module of its directories may be found
    builtins = modules["builtins"]
    ordinary_import = (
        sys.path[:],
        sys.meta_path[:],
        sys.path_hooks[:],
        builtins,
        builtins.__import__,
    )
    if SITE["everything"] or b"CUSTOMS_PACKAGES" in environment:
        unit("record.rules").extend(hook)
    if SITE["predicates"]:
        # it is always needed at exit
        unit("record.rules")
    is_counting = sys.implementation.name == "cpython"
    tell, lock_class = report, system._ModuleLock
    if sys.version_info >= (3, 12) and is_counting:
        tell = unseen(report).__next__
    elif "_lsprof" in modules and is_counting:
        # before 3.12 profilers are recognised by the modules that they use, which are watched
        tell = unit("interpreter.profilers").unseen(hook, report).__next__
    if sys.version_info < (3, 10) or not is_counting:
        import atexit
    else:
        # the functions belong to the interpreter, not to the module: so the program sees no other
        # one, and it takes a quarter of the time
        atexit = modules["_imp"].create_builtin(kind(name="atexit"))
    atexit.register(tell)
    if not is_counting or everything or SITE["prefixes"]:
        listed = watched or WATCHED.split()
        unit("interpreter.watching").watch(hook)
    elif tell is not report:
        arm()
    else:
        system._ModuleLock = arm
    if "coverage" in modules:
        unit("interpreter.measured").forget(hook)


def _call_with_frames_removed():
    """Run the sitecustomize that Python would find without ours.

    Its exceptions pass through without a sign of the hook: from a traceback the interpreter removes
    the import system's frames, down to one of this name.
    """
    name = "sitecustomize"
    if sys.version_info[0] < 3:
        from customs_hook.python2 import run_hidden

        return run_hidden(name, __file__)
    for finder in sys.meta_path:
        kind = getattr(finder, "__name__", "")
        # they have none
        if kind in ("BuiltinImporter", "FrozenImporter"):
            continue
        if kind == "PathFinder":
            # the names in the searched directories are in memory, or are read for the next import
            # anyway: asking for each kind of file costs a tenth of the hook
            file = []
            for path in sys.path:
                code = sys.path_importer_cache.get(path, path)
                if code is None or path == here:
                    continue
                if code is path:
                    code = finder._path_importer_cache(path)
                names = getattr(code, "_path_cache", None)
                if names is not None and code._path_mtime == -1:
                    code._path_mtime = os.stat(path).st_mtime
                    code._fill_cache()
                    names = code._path_cache
                if names and not file:
                    file = [name]
                    for suffix, _ in code._loaders:
                        file.append(name + suffix)
                if names is None or not names.isdisjoint(file):
                    break
            else:
                continue
        spec = finder.find_spec(name, None) if hasattr(finder, "find_spec") else None
        if spec is not None:
            break
    else:
        return
    # if our directory could not be taken out of the search, the file found there is this one
    if spec.origin != __file__:
        code, rename = sys._getframe(1).f_code, sys.modules["_imp"]._fix_co_filename
        rename(code, "<frozen importlib._bootstrap>")
        del sys.modules[name]
        try:
            __import__(name)
        except Exception:
            rename(code, NAME)
            raise
        rename(code, NAME)


try:
    if sys.version_info >= (3, 4):
        _start()
except BaseException:
    pass
_call_with_frames_removed()
