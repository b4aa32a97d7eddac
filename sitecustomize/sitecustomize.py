"""Loaded by every Python whose PYTHONPATH names this directory; does next to nothing.

It registers one function with ``atexit``, takes its own directory out of the import search, and
runs the ``sitecustomize`` that it hides, if there is one, exactly as Python would have. Everything
else happens at exit, in ``customs_hook.exit``. It never raises by itself and never prints; it must
parse on Python 2.7 and on whatever comes.
"""

import sys


def _begin(here):
    """Arrange for the report at exit."""
    import atexit
    import os
    import time

    pid = os.getpid()
    began = time.time()
    path = sys.path
    finders = sys.path_importer_cache

    def report():
        # a forked child inherits this function, and is not the process that it was made for
        if os.getpid() != pid:
            return
        try:
            # found by its place, whatever the program has done to the import search
            finders.pop(here, None)
            path.insert(0, here)
            saved, sys.path = sys.path, path
            try:
                from customs_hook.exit import report_exit
            finally:
                path.remove(here)
                sys.path = saved
            report_exit(began)
        except BaseException:
            pass

    atexit.register(report)


def _hidden(here):
    """Run the sitecustomize that would have been found if ours were not there.

    What it raises is its own affair and passes through, for Python reports it as it would have.
    """
    name = "sitecustomize"
    mine = sys.modules.get(name)
    if sys.version_info[0] < 3:
        import imp

        try:
            found = imp.find_module(name, [entry for entry in sys.path if entry != here])
        except ImportError:
            return
        del sys.modules[name]
        try:
            imp.load_module(name, *found)
        finally:
            if found[0]:
                found[0].close()
            sys.modules.setdefault(name, mine)
        return
    # the path finder is built in; importlib, which the program may not have imported, is not needed
    finder = sys.modules["_frozen_importlib_external"].PathFinder
    if finder.find_spec(name, [entry for entry in sys.path if entry != here]) is None:
        return
    del sys.modules[name]
    # while our directory is out of the search, the ordinary import finds the other one
    sys.path_importer_cache[here] = None
    try:
        __import__(name)
    except BaseException:
        sys.modules.setdefault(name, mine)
        raise


def _start():
    try:
        here = __file__.rpartition("/")[0]
        # a directory that was put on PYTHONPATH as a relative one is a relative one on sys.path too
        for entry in sys.path:
            if entry.rstrip("/") == here.rstrip("/"):
                here = entry
                break
        if sys.version_info >= (3, 6):
            _begin(here)
    except BaseException:
        return None
    return here


_here = _start()
if _here is not None:
    try:
        _hidden(_here)
    finally:
        try:
            # None tells the import system to pass over the directory: no look-up there any more
            if sys.version_info[0] >= 3:
                sys.path_importer_cache[_here] = None
        except BaseException:
            pass
