"""What watched names are imported, told by the import system's own table of locks.

In that table it looks for a name's lock when it begins to import it. It stores the lock under the
key that is there, and removes the entry when the lock is gone, and that is when the import has
ended, whoever found the module and wherever: with it ends the key, if nothing else holds it. So an
import of a name that is not watched costs nothing, and none is seen twice.
"""

if "sys" not in globals():
    import sys

    from customs_hook.presence import unit

#: Packages that LazyLoader has loaded, though their modules may not yet look it.
late = []
_Key = None
#: Modules without which there is no profiler before Python 3.12.
_PROFILERS = frozenset(["_lsprof", "profile"])


def turn(hook, frame):
    """Called where the import system takes a lock, and where it has let go of one."""
    if frame.f_code.co_name == "_get_module_lock":
        begin(hook, frame.f_locals["name"])
    else:
        end(hook)


def begin(hook, name):
    """Have ``end`` called when the import of a watched name has ended."""
    global _Key
    if name == "customs_hook":
        # from now on our directory is looked into
        sys.path_importer_cache[hook.here] = hook.ordinary
        return
    if _Key is None:
        _Key = type("Key", (str,), {"__slots__": (), "__del__": hook.tell})
    hook.locks.pop(name, None)
    # as of any past import: it says that there is no lock
    hook.locks[_Key(name)] = hook.modules["_weakref"].ref(lambda: None)


def end(hook):
    """Called when the import of a watched name has ended, well or not."""
    modules = hook.modules
    # the interpreter's own end makes None of what is there
    if not modules or hook.is_out:
        return
    try:
        watched = hook.listed
        if hook.everything or hook.SITE["prefixes"] or not modules.keys().isdisjoint(watched):
            unit("presence").look(hook)
        if _Key is not None:
            for name in watched:
                # it failed, or another import has yet to come
                if name not in modules and name not in hook.locks:
                    hook.locks[name] = hook.tell
        if "importlib.util" in modules:
            watch_lazy_loader(hook)
        if hook.tell is hook.report and _Key is not None and not _PROFILERS.isdisjoint(modules):
            _hide(hook)
    except BaseException as error:
        try:
            if unit("interrupted").is_of_program(error):
                unit("interrupted").raise_soon(error)
        except BaseException:
            pass


def _hide(hook):
    """Have what comes be unseen by profilers: one is at hand now, and not yet at work."""
    hook.tell = _Key.__del__ = unseen(hook)
    for name in hook.locks:
        if hook.locks[name] is hook.report:
            hook.locks[name] = hook.tell


def unseen(hook):
    """Return ``hook.report`` as ``sitecustomize.unseen`` does, but always aside from profilers.

    Before Python 3.12 that is cheap.
    """
    system, end = hook.modules["_frozen_importlib"], object()
    bound = type(system.BuiltinImporter.find_spec)
    steps = zip(
        map(hook.former.append, iter(sys.gettrace, end)),
        iter(bound(sys.settrace, hook.report), end),
        iter(bound(system._verbose_message, ""), end),
    )
    return map([].__init__, steps).__next__


def watch_lazy_loader(hook):
    """Have packages seen that ``importlib.util.LazyLoader`` loads when they are first used.

    It loads them past the import system, and so past its locks.
    """
    loader = hook.modules["importlib.util"].LazyLoader
    ordinary_exec = loader.exec_module
    if ordinary_exec is hook.report:
        # it stands for it so long as this file is not needed
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
    """Have ``end`` called when a lazy module has been loaded.

    What takes the place of its loader's method is made of the interpreter's own pieces, so that
    nothing of ours stands in the traceback of a module that fails.
    """
    spec = object.__getattribute__(module, "__spec__")
    loader, nothing = spec.loader, object()
    method = type(hook.modules["_frozen_importlib"].BuiltinImporter.find_spec)
    reference = hook.modules["_weakref"].ref(module)
    steps = zip(
        map(loader.exec_module, iter(reference, nothing)),
        iter(method(late.append, spec.name), nothing),
        iter(hook.tell, nothing),
    )
    loader.exec_module = method(next, steps)
