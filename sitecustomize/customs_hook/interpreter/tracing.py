"""Trace and profile functions of the program, which might print calls of the hook.

Loaded only if there are some.
"""

import sys


class _Sample(object):
    def method(self):
        pass


#: Other functions cannot be set again from here, and stay.
_WRITTEN_IN_PYTHON = type(_Sample.method), type(_Sample().method)


def tracers():
    """Return those written in Python, each with the function that sets it.

    A caller that stops them must set them again in the same frame: they count calls and returns.
    """
    found = []
    for get, change in ((sys.gettrace, sys.settrace), (sys.getprofile, sys.setprofile)):
        tracer = get()
        if type(tracer) in _WRITTEN_IN_PYTHON:
            found.append((change, tracer))
    return found
