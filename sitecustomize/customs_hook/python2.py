"""The sitecustomize that ours hides, on Python 2, where nothing else of the hook is at work."""

import sys


def run_hidden(name, mine):
    """Run the module ``name`` that would have been found if the file ``mine`` were not there."""
    import imp

    # what Python has noted of this file is nothing for the program to see: while this runs, it is
    # kept from being taken apart
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
        # Python 2 crashes if the module that it is importing goes
        sys.modules.setdefault(name, module)
