"""Loaded by every Python whose PYTHONPATH names this directory; does next to nothing.

It registers one function with ``atexit``, takes its own directory out of the import search, and
runs the ``sitecustomize`` that it hides, if there is one, exactly as Python would have. Everything
else happens at exit, in ``customs_hook.exit``, and only in processes that imported something
watched. It never raises by itself and never prints; it must parse on Python 2.7 and on whatever
comes.
"""

import sys

#: Import names of the packages that are watched. They stand here and not in a file of their own,
#: so that a process without them opens no further file. First what the SciPy 2021 paper reports on
#: (its figures 1, 4 and 5 and its text), then what has come since.
WATCHED = """
numpy multiprocessing matplotlib scipy ipykernel pandas h5py joblib sklearn astropy astropy.io.fits
mpi4py dask numba netCDF4 mkl tensorflow seaborn statsmodels torch xarray keras gensim nltk cudf
cuml fireworks plotly cupy numexpr

jax flax polars vaex ray transformers accelerate deepspeed lightning pytorch_lightning horovod
torchvision xgboost lightgbm pyarrow zarr adios2 healpy skimage cv2 PIL networkx sympy bokeh pyspark
petsc4py slepc4py tables yt ase pymatgen openmm MDAnalysis rdkit Bio qiskit parsl distributed
cartopy geopandas rasterio onnxruntime pyscf
"""


class HookFinder(object):
    """Stands for our directory in the import search, and knows one name there.

    The ordinary finder would ask the file system at every import of the program.
    """

    def __init__(self, ordinary):
        self.ordinary = ordinary

    def find_spec(self, name, target=None):
        return self.ordinary.find_spec(name) if name == "customs_hook" else None


def _start():
    here = __file__.rpartition("/")[0]
    finders = sys.path_importer_cache
    # with two copies of the hook on PYTHONPATH only the first reports
    is_first = not any(type(finder).__name__ == "HookFinder" for finder in finders.values())
    if type(finders.get(here)).__name__ != "HookFinder":
        finders[here] = HookFinder(finders.get(here))
    if is_first and sys.version_info >= (3, 6):
        _register(here)


def _register(here):
    import atexit
    import os

    if os.environ.get("CUSTOMS_OPT_OUT", "0") not in ("", "0"):
        return
    getpid = os.getpid
    pid = getpid()
    # seconds since some fixed moment, in steps of 10 ms: the time module may not be loaded yet
    began = os.times()[4]
    # before 3.9 the program's path may be a relative one, and the program may go elsewhere
    directory = _working_directory(os) if sys.version_info < (3, 9) else None
    builtins = sys.modules["builtins"]
    # what the import system is before the program changes it: at exit nothing of the program's
    # own is to run, and nothing is to be found in its directories
    ordinary = sys.path[:], sys.meta_path[:], sys.path_hooks[:], builtins.__import__

    def report():
        # a forked child inherits this function, and is not the process that it was made for
        if getpid() != pid:
            return
        tracers = _pause_tracing()
        try:
            modules = sys.modules
            names = [name for name in WATCHED.split() if modules.get(name) is not None]
            listed = os.environ.get("CUSTOMS_PACKAGES") or here + "/packages.txt"
            if not names and not os.path.exists(listed):
                return
            changed = sys.path, sys.meta_path, sys.path_hooks, builtins.__import__
            try:
                sys.path, sys.meta_path, sys.path_hooks, builtins.__import__ = ordinary
                from customs_hook.exit import report_exit

                report_exit(names, began, directory)
            finally:
                sys.path, sys.meta_path, sys.path_hooks, builtins.__import__ = changed
        except BaseException:
            pass
        finally:
            for set_again, tracer in tracers:
                set_again(tracer)

    atexit.register(report)


def _working_directory(os):
    try:
        return os.getcwd()
    except OSError:
        return None


def _pause_tracing():
    """Stop trace and profile functions, which might print what they see; return how to go on.

    One that is not written in Python stays: it could not be set again from here.
    """
    written = type(_start), type(HookFinder(None).find_spec)
    paused = []
    for get, change in ((sys.gettrace, sys.settrace), (sys.getprofile, sys.setprofile)):
        tracer = get()
        if type(tracer) in written:
            change(None)
            paused.append((change, tracer))
    return paused


def _run_hidden():
    """Run the sitecustomize that would have been found if ours were not there.

    What it raises is its own affair and passes through, for Python reports it as it would have.
    """
    name = "sitecustomize"
    if sys.version_info[0] < 3:
        _run_hidden_2(name)
        return
    for finder in sys.meta_path:
        spec = finder.find_spec(name, None) if hasattr(finder, "find_spec") else None
        if spec is not None:
            break
    else:
        return
    # if our directory could not be taken out of the search, what is found there is this file
    if spec.origin != __file__:
        del sys.modules[name]
        __import__(name)


def _run_hidden_2(name):
    import imp

    here = __file__.rpartition("/")[0]
    try:
        found = imp.find_module(name, [entry for entry in sys.path if entry != here])
    except ImportError:
        return
    mine = sys.modules.pop(name)
    try:
        imp.load_module(name, *found)
    finally:
        if found[0]:
            found[0].close()
        # Python 2 crashes if the module that it is importing goes
        sys.modules.setdefault(name, mine)


try:
    if sys.version_info >= (3, 4):
        _start()
except BaseException:
    pass
_run_hidden()
