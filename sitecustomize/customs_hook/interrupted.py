"""Exceptions that reach the hook's code and are the program's: from its handlers of signals.

Loaded only when there is an exception.
"""

if "sys" not in globals():
    import sys


def is_of_program(error):
    """Return whether an exception comes from code that is neither the hook's nor the library's."""
    if isinstance(error, KeyboardInterrupt):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    name = trace.tb_frame.f_globals.get("__name__")
    if type(name) is not str:
        return True
    known = ("customs_hook.", "importlib.", "_frozen_importlib", "sitecustomize")
    return not name.startswith(known) and name not in ("os", "posixpath", "genericpath", "codecs")


def raise_soon(error):
    """Have an exception raised here when the program goes on: what called us cannot raise."""
    thread = sys.modules["_thread"]
    if type(error) is KeyboardInterrupt:
        thread.interrupt_main()
        return
    from ctypes import c_ulong, py_object, pythonapi

    kind = type(error)

    def __init__(self):
        kind.__init__(self, *error.args)
        self.__dict__.update(error.__dict__)

    # only a class can be raised so, and is made without arguments
    names = {"__init__": __init__, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    again = type(kind.__name__, (kind,), names)
    pythonapi.PyThreadState_SetAsyncExc(c_ulong(thread.get_ident()), py_object(again))
