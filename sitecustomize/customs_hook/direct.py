"""Which packages did the user's own code import, and not a library on its behalf?

The globals of the program, and of modules that are neither of the standard library nor installed,
hold the modules, functions and classes that they imported. Only modules, plain functions and
classes are looked at, and past whatever attributes they make up: to ask any other object could run
the user's code.
"""

import os
import sys

from customs_hook import place

#: Names looked at at most, so that a program with a million globals exits as fast as any other.
_MAXIMUM = 20000
_INSTALLED = ("site-packages", "dist-packages")

_FUNCTIONS = (type(place.namespace), type(len))
_CLASS_MODULE = type.__dict__["__module__"].__get__


def packages(names):
    """Return which of the packages ``names`` user code imported itself, sorted; None if unknown."""
    sources = set()
    seen = 0
    for variables in _user_globals({name.partition(".")[0] for name in names}):
        for value in list(variables.values()):
            seen += 1
            if seen > _MAXIMUM:
                return None
            sources.add(_source(value))
    sources.discard(None)
    return sorted(name for name in names if _is_used(name, sources))


def _is_used(name, sources):
    prefix = name + "."
    return any(source == name or source.startswith(prefix) for source in sources)


def _source(value):
    """Return the name of the module that a value is or comes from; None if it does not say."""
    kind = type(value)
    source = None
    if kind in _FUNCTIONS:
        source = value.__module__
    elif issubclass(kind, type(sys)):
        source = place.namespace(value).get("__name__")
    elif issubclass(kind, type):
        source = _CLASS_MODULE(value)
    return source if type(source) is str else None


def _user_globals(watched):
    # a watched package is a library wherever it lies: sites put theirs on PYTHONPATH too
    yield place.main_globals()
    library = os.path.dirname(os.__file__) + "/"
    hook = os.path.dirname(os.path.dirname(__file__)) + "/"
    for name, module in list(sys.modules.items()):
        if name == "__main__" or type(name) is not str or name.partition(".")[0] in watched:
            continue
        path = place.namespace(module).get("__file__")
        if type(path) is not str or path.startswith((library, hook)):
            continue
        if not any(part in path for part in _INSTALLED):
            yield place.namespace(module)
