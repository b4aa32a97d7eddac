"""Loaded by every Python whose PYTHONPATH names this directory; does next to nothing.

It registers one function with ``atexit`` and stands for its own directory in the import search,
from where it sees which watched packages are imported: this module is itself the finder that the
import system asks (PEP 451), and keeps what there is to keep. With the first of them it loads
``customs_hook/presence.py``, which leaves a trace of the process in a node-local directory; at exit
``customs_hook/exit.py`` sends the record. It runs the ``sitecustomize`` that it hides, if there is
one, exactly as Python would have. It never raises by itself and never prints; it must parse on
Python 2.7 and on whatever comes.
"""

import sys

# --- site: `customs hook install` writes what stands from here to the end mark

#: Import names of the packages that are watched. First what the SciPy 2021 paper reports on (its
#: figures 1, 4 and 5 and its text), then what has come since.
WATCHED = """
numpy multiprocessing matplotlib scipy ipykernel pandas h5py joblib sklearn astropy astropy.io.fits
mpi4py dask numba netCDF4 mkl tensorflow seaborn statsmodels torch xarray keras gensim nltk cudf
cuml fireworks plotly cupy numexpr

jax flax polars vaex ray transformers accelerate deepspeed lightning pytorch_lightning horovod
torchvision xgboost lightgbm pyarrow zarr adios2 healpy skimage cv2 PIL networkx sympy bokeh pyspark
petsc4py slepc4py tables yt ase pymatgen openmm MDAnalysis rdkit Bio qiskit parsl distributed
cartopy geopandas rasterio onnxruntime pyscf
"""

#: What the site has set: see customs_hook/settings.py for the keys. "standard" are those of the
#: watched names that are of the standard library.
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


#: What this module keeps: its directory, the finder whose place it has taken, the parts of the hook
#: that have been loaded, what is known of the process from the first watched import on, whether it
#: is a forked child, and whether every installed package is watched.
here = __file__.rpartition("/")[0]
ordinary = process = clock = moment = None
units = {}
watched = None
is_out = everything = False
#: Finds nothing: before Python 3.12 finders have this too, and old setuptools ask every one by it.
find_module = {}.get


def find_spec(name, target=None):
    """Answer for our directory, which the import system then does not look into."""
    global watched
    if watched is None:
        watched = set(WATCHED.split())
    if name in watched or everything:
        try:
            look = unit("presence").look
        except Exception as error:
            # a part of the hook is not there, or it is not at work in this interpreter; what is
            # neither the system's refusal nor from our files is of a signal's handler
            trace = error.__traceback__
            while trace.tb_next:
                trace = trace.tb_next
            path = trace.tb_frame.f_code.co_filename
            if getattr(error, "errno", None) or path.startswith(("<customs hook>", here)):
                return None
            raise
        return look(hook, name, target)
    return ordinary.find_spec(name) if name == "customs_hook" else None


def report():
    """Called at exit."""
    try:
        is_worth_it = process or everything or SITE["prefixes"] or SITE["predicates"]
        if not is_worth_it:
            # what was imported before this file, or from before its directory, and what the
            # program put there itself
            names = watched
            if names is None:
                names, standard = SITE["standard"], getattr(sys, "stdlib_module_names", ())
                for name in modules:
                    # to take the names apart, as nearly no program must, costs three times as much
                    if name not in standard and name in WATCHED:
                        names = WATCHED.split()
                        break
            is_worth_it = not modules.keys().isdisjoint(names)
        if is_worth_it and not is_out:
            unit("exit").report(hook)
    except BaseException:
        pass


def unit(name):
    """Return a module of customs_hook, loaded past the import system.

    There the program's own import hooks would see it, and the program in ``sys.modules``.
    """
    if name in units:
        return units[name]
    module = type(sys)("customs_hook." + name)
    module.os, module.sys, module.unit = os, sys, unit
    if name != "presence":
        module.presence = unit("presence")
    source = "%s/customs_hook/%s.py" % (here, name)
    compiled = "%s/customs_hook/__pycache__/%s.%s.pyc" % (here, name, sys.implementation.cache_tag)
    for path in (compiled, source):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(descriptor, 100000)
            finally:
                os.close(descriptor)
            if path == source:
                code = compile(data, "<customs hook>", "exec", 0, True)
                break
            # only what is marked as not to be checked against its source (PEP 552), as the files of
            # an installed tree are: to check takes one more call. Before 3.7 there is no mark
            mark, size = b"\1\0\0\0", 16
            if sys.version_info < (3, 7):
                mark, size = int(os.stat(source).st_mtime).to_bytes(4, "little"), 12
            if data.startswith(modules["_frozen_importlib_external"].MAGIC_NUMBER + mark):
                code = modules["marshal"].loads(data[size:])
                break
        except Exception as error:
            # from further below comes what a signal's handler raises
            if path == source or error.__traceback__.tb_next:
                raise
    exec(code, module.__dict__)
    units[name] = module
    return module


def _start():
    global hook, ordinary, modules, os, clock, atexit, began, moment, directory, ordinary_import
    finders = sys.path_importer_cache
    hook, ordinary = sys.modules[__name__], finders.get(here)
    finders[here] = hook
    # with two copies of the hook on PYTHONPATH only the first reports
    for finder in finders.values():
        if type(finder) is type(sys) and hasattr(finder, "ordinary_import"):
            return
    if sys.version_info < (3, 6):
        return
    try:
        # always refused, and in a subinterpreter, which loads this file too, for another reason;
        # before 3.8 there is no telling
        __import__("_signal").signal(0, 0)
    except ValueError as error:
        if "main" in str(error):
            return
    import os

    modules = sys.modules
    # the environment itself: to ask os.environ for what is not there takes ten times as much
    environment = modules["posix"].environ
    if environment.get(b"CUSTOMS_OPT_OUT", b"0") not in (b"", b"0"):
        return
    # the time module is there from 3.8 on; before, seconds since some moment in steps of 10 ms. The
    # functions are kept in a tuple: what freezes a program's clock puts others in their place, in
    # the time module and wherever else a module has them
    time = modules.get("time")
    if time:
        clock = time.monotonic, time.time, time.gmtime, time.clock_gettime
        began, moment = clock[0](), clock[1]()
    else:
        began = os.times()[4]
    # before 3.9 the program's path may be a relative one, and the program may go elsewhere
    directory = None
    if sys.version_info < (3, 9):
        try:
            directory = os.getcwd()
        except OSError:
            # it is gone
            pass
    # what the import system is before the program changes it: at exit nothing of the program's
    # own is to run, and nothing is to be found in its directories
    builtins = modules["builtins"]
    ordinary_import = (
        sys.path[:],
        sys.meta_path[:],
        sys.path_hooks[:],
        builtins,
        builtins.__import__,
    )
    if SITE["everything"] or b"CUSTOMS_PACKAGES" in environment:
        unit("rules").extend(hook)
    if sys.version_info >= (3, 8):
        # what runs while the program does is not to be taken for a file of it by coverage tools
        find_spec.__code__ = find_spec.__code__.replace(co_filename="<customs hook>")
    if sys.version_info < (3, 10) or sys.implementation.name != "cpython":
        import atexit
    else:
        # the functions belong to the interpreter, not to the module: this way the program does not
        # see one more, and it takes a quarter of the time
        atexit = modules["_imp"].create_builtin(type(sys.implementation)(name="atexit"))
    atexit.register(report)


def _run_hidden():
    """Run the sitecustomize that would have been found if ours were not there.

    What it raises is its own affair and passes through, for Python reports it as it would have.
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
            # the names in the directories of the search are in memory, read a moment ago: to ask
            # anew costs a tenth of the hook
            files = []
            for entry in sys.path:
                nearby = sys.path_importer_cache.get(entry, 0)
                if nearby is None or entry == here:
                    continue
                names = getattr(nearby, "_path_cache", None)
                if names and not files:
                    files = [name] + [name + suffix for suffix, _ in nearby._loaders]
                if not names or not names.isdisjoint(files):
                    break
            else:
                continue
        spec = finder.find_spec(name, None) if hasattr(finder, "find_spec") else None
        if spec is not None:
            break
    else:
        return
    # if our directory could not be taken out of the search, what is found there is this file
    if spec.origin != __file__:
        del sys.modules[name]
        __import__(name)


try:
    if sys.version_info >= (3, 4):
        _start()
except BaseException:
    pass
_run_hidden()
