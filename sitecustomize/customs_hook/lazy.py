"""Modules that stand in sys.modules for an import that has yet to take place.

Loaded only where a watched module is of a class of its own, which by itself says nothing: those of
transformers are too.
"""

if "presence" not in globals():
    import sys

    from customs_hook import presence

_MODULE = type(sys)


def is_unloaded(module):
    """Return whether a module, of a class of its own, is loaded only when it is used.

    Nothing of it is run: to ask it for anything would load it.
    """
    kind = type(module)
    # that of importlib.util.LazyLoader becomes an ordinary one when it is loaded
    if kind is presence.namespace(sys.modules.get("importlib.util")).get("_LazyModule"):
        return True
    # those of lazy_import and its kin catch every access, and no loader has had a hand in them
    is_proxy = type(kind) is type and kind.__getattribute__ is not _MODULE.__getattribute__
    variables = presence.namespace(module)
    return is_proxy and variables.get("__spec__") is None and "__file__" not in variables
