"""Runs the sitecustomize that ours hides, on Python 2, where the hook does nothing else."""

import sys


def run_hidden(name, mine):
    """Run the module ``name`` that Python would find without the file ``mine``."""
    import imp

    # the program must not see Python's entry for this file; while this runs, the module must not
    # be destroyed
    ours = [module for module in sys.modules if module.partition(".")[0] == "customs_hook"]
    kept = [sys.modules.pop(module) for module in ours]  # noqa: F841
    here = mine.rpartition("/")[0]
    try:
        found = imp.find_module(name, [entry for entry in sys.path if entry != here])
    except ImportError:
        return
    module = sys.modules.pop(name)
    try:
        imp.load_module(name, *found)
    finally:
        if found[0]:
            found[0].close()
        # Python 2 crashes if the module that it is importing is destroyed
        sys.modules.setdefault(name, module)
