"""Which packages did the user's own code import, and not a library on its behalf?

The globals of the program, and of modules that are neither of the standard library nor installed,
hold the modules, functions and classes that they imported. Only plain modules, functions and
classes are looked at: to ask any other object could run the user's code.
"""

import os
import sys

from customs_hook import place

#: Names looked at at most, so that a program with a million globals exits as fast as any other.
_MAXIMUM = 20000
_INSTALLED = ("site-packages", "dist-packages")


def packages(names):
    """Return which of the packages ``names`` user code imported itself, sorted; None if unknown."""
    sources = {}
    seen = 0
    for variables in _user_globals({name.partition(".")[0] for name in names}):
        for value in list(variables.values()):
            seen += 1
            if seen > _MAXIMUM:
                return None
            source = _source(value)
            if source:
                sources[source] = True
    return sorted(name for name in names if _is_used(name, sources))


def _is_used(name, sources):
    prefix = name + "."
    return any(source == name or source.startswith(prefix) for source in sources)


def _source(value):
    kind = type(value)
    if kind is _MODULE:
        source = value.__dict__.get("__name__")
    elif kind is _FUNCTION or kind is _BUILTIN or kind is type:
        source = getattr(value, "__module__", None)
    else:
        return None
    return source if type(source) is str else None


def _user_globals(watched):
    # a watched package is a library wherever it lies: sites put theirs on PYTHONPATH too
    yield place.main_globals()
    library = os.path.dirname(os.__file__)
    here = os.path.dirname(os.path.dirname(__file__))
    for name, module in list(sys.modules.items()):
        if type(module) is not _MODULE or name == "__main__" or name.partition(".")[0] in watched:
            continue
        path = module.__dict__.get("__file__")
        if type(path) is not str or path.startswith(here):
            continue
        if any(part in path for part in _INSTALLED) or path.startswith(library):
            continue
        yield module.__dict__


_MODULE = type(sys)
_FUNCTION = type(packages)
_BUILTIN = type(len)
