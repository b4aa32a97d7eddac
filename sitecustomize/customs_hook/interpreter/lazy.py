"""Recognises lazy modules: entries of sys.modules whose import has yet to take place.

Loaded only if a watched module has a class of its own, which alone proves nothing: those of
transformers have one too. And where the program has importlib.util, for its LazyLoader.
"""

if "presence" not in globals():
    import sys

    from customs_hook import presence

    unit = presence.unit

_MODULE = type(sys)


def is_unloaded(module):
    """Return whether a module with a class of its own is loaded only when it is used.

    None of its code is run, because asking it for any attribute would load it.
    """
    kind = type(module)
    # a module of importlib.util.LazyLoader becomes an ordinary one when it is loaded
    if kind is presence.namespace(sys.modules.get("importlib.util")).get("_LazyModule"):
        return True
    # modules of lazy_import and the like catch every access, and no loader has made them
    is_proxy = type(kind) is type and kind.__getattribute__ is not _MODULE.__getattribute__
    variables = presence.namespace(module)
    return is_proxy and variables.get("__spec__") is None and "__file__" not in variables


def watch_loader(hook):
    """Arrange that packages are noticed that ``importlib.util.LazyLoader`` loads at first use.

    It loads them without the import system, and so without its locks.
    """
    loader = hook.modules["importlib.util"].LazyLoader
    ordinary_exec = loader.exec_module
    if ordinary_exec is hook.report:
        # it replaces it as long as this file is not needed
        ordinary_exec = hook.lazy_exec
    elif ordinary_exec.__code__.co_filename == hook.NAME:
        return

    def exec_module(self, module):
        ordinary_exec(self, module)
        # asked as any other, the module would be loaded
        name = object.__getattribute__(module, "__name__")
        if name in hook.listed or hook.everything or name.startswith(hook.SITE["prefixes"]):
            _watch_loading(hook, module)

    loader.exec_module = hook.lazy_exec = exec_module


def _watch_loading(hook, module):
    """Arrange that ``end`` is called when a lazy module has been loaded.

    The replacement of its loader's method is made of the interpreter's own functions, so that the
    traceback of a failing module shows no code of the hook.
    """
    spec = object.__getattribute__(module, "__spec__")
    loader, nothing = spec.loader, object()
    method = type(hook.modules["_frozen_importlib"].BuiltinImporter.find_spec)
    reference = hook.modules["_weakref"].ref(module)
    steps = zip(
        map(loader.exec_module, iter(reference, nothing)),
        iter(method(unit("imports").late.append, spec.name), nothing),
        iter(hook.tell, nothing),
    )
    loader.exec_module = method(next, steps)
