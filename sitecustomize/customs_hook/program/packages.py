"""The program that ``python -m`` is about to run: the package that it lies in is imported first.

Loaded only where something watched is imported meanwhile.
"""

if "sys" not in globals():
    import sys


def program():
    """Return ``-m NAME``; nothing where that cannot be told."""
    frame = sys._getframe()
    while frame is not None:
        # what the interpreter calls: runpy._run_module_as_main(mod_name, alter_argv)
        if frame.f_code.co_name == "_run_module_as_main":
            name = frame.f_locals.get("mod_name")
            # that of a directory or a zip archive has no name of its own
            return "-m " + name if type(name) is str and name != "__main__" else ""
        frame = frame.f_back
    return ""
