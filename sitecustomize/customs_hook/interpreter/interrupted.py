"""Exceptions of the program that reach the hook's code: from its signal handlers.

Loaded only when there is an exception.
"""

if "sys" not in globals():
    import sys


def is_of_program(error):
    """Return whether an exception comes from code outside of the hook and the library."""
    if not isinstance(error, Exception):
        return True
    # errors of system calls have a number
    if getattr(error, "errno", None) is not None:
        return False
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_globals.get("__name__")
    known = ("customs_hook.", "importlib.", "_frozen_importlib", "sitecustomize")
    if type(name) is str and name.startswith(known):
        return False
    return name not in ("os", "posixpath", "genericpath", "codecs")


def raise_soon(error):
    """Raise an exception as soon as the program goes on, because a callback cannot raise.

    A profile function may raise, and this one does so at the first chance outside of callbacks. If
    the program has a profile function of its own, the exception is lost.
    """
    if sys.getprofile() is not None:
        return
    trace = error.__traceback__
    while trace.tb_next is not None and _is_hook(trace.tb_frame):
        trace = trace.tb_next

    def raise_there(frame, event, argument):
        # the import system's own callback, when the same import is complete, and what it calls in
        # the place of us
        if not _is_hook(frame) and frame.f_code.co_name not in ("cb", "_verbose_message"):
            sys.setprofile(None)
            raise error.with_traceback(trace)

    sys.setprofile(raise_there)


def _is_hook(frame):
    return frame.f_code.co_filename == "<customs hook>"
