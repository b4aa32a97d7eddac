"""The program that ``python -m`` is about to run: its package is imported before it.

Loaded only if a watched package is imported meanwhile.
"""

if "sys" not in globals():
    import sys


def program():
    """Return ``-m NAME``; nothing if it is unknown."""
    frame = sys._getframe()
    while frame is not None:
        # the interpreter calls runpy._run_module_as_main(mod_name, alter_argv)
        if frame.f_code.co_name == "_run_module_as_main":
            name = frame.f_locals.get("mod_name")
            # the program of a directory or a zip archive has no name of its own
            return "-m " + name if type(name) is str and name != "__main__" else ""
        frame = frame.f_back
    return ""
