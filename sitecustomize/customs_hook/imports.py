"""What watched names are imported, told by the import system's own table of locks.

In that table it looks for a name's lock when it begins to import it. What stands there for a
watched name gives it one, and a weak reference to this lock tells of its end: that is when the
import has ended, whoever found the module and wherever. So an import of a name that is not watched
costs nothing, and none is seen twice.
"""

if "sys" not in globals():
    import sys

    from customs_hook.presence import unit

#: Packages that LazyLoader has loaded, though their modules may not yet look it.
late = []
#: Weak references to the locks of imports that have not ended, by name.
_awaited = {}
#: Modules without which there is no profiler before Python 3.12.
_PROFILERS = ("_lsprof", "profile")


def turn(hook, frame):
    """Called where the import system asks for a lock, and where it has loaded a lazy package."""
    if frame.f_code.co_name == "_get_module_lock":
        return begin(hook, frame.f_locals["name"])
    return end(hook, late[-1:])


def begin(hook, name):
    """Return the lock for an import of a watched name; when that has ended, ``end`` is called."""
    if name == "customs_hook":
        # from now on our directory is looked into
        sys.path_importer_cache[hook.here] = hook.ordinary
        return None
    lock = hook.lock_class(name)
    _await(hook, name, lock)
    return lock


def end(hook, names=None):
    """Called when imports of watched names have ended, well or not; None: see what locks say."""
    modules = hook.modules
    # the interpreter's own end makes None of what is there
    if not modules or hook.is_out:
        return
    try:
        is_news = False
        for name in _ended(hook) if names is None else names:
            if name not in modules:
                continue
            if name in hook.listed or hook.everything or name.startswith(hook.SITE["prefixes"]):
                is_news = True
            if name == "importlib.util":
                watch_lazy_loader(hook)
            elif name in _PROFILERS and hook.tell is hook.report:
                _hide(hook)
        # by and by what was there before this file is noticed as well
        if is_news or not (hook.process or modules.keys().isdisjoint(hook.listed)):
            unit("presence").look(hook)
    except BaseException as error:
        try:
            if unit("interrupted").is_of_program(error):
                unit("interrupted").raise_soon(error)
        except BaseException:
            pass


def _await(hook, name, lock):
    reference = hook.system._weakref.ref(lock, _telling(hook))
    _awaited[name] = hook.locks[name] = reference


def _telling(hook):
    """Return what calls ``end`` whatever it is called with."""

    def ended(frame=None, event=None, argument=None):
        if event:
            # in the place of a trace function
            sys.settrace(hook.former.pop())
        end(hook)

    if hook.tell is hook.report:
        return ended
    steps = hook.unseen(ended) if sys.version_info >= (3, 12) else unseen(hook, ended)
    method = type(hook.system.BuiltinImporter.find_spec)
    # an argument more is what it would return if there were no further step
    return method(next, steps)


def _ended(hook):
    """Return the names of which the imports have ended, and have those that failed watched on."""
    names = []
    system = hook.system
    # as whenever the table is changed
    system._imp.acquire_lock()
    try:
        for name, reference in list(_awaited.items()):
            if reference() is None:
                del _awaited[name]
                if hook.locks.get(name) is reference:
                    del hook.locks[name]
                # another import may have yet to come
                if name not in hook.modules:
                    hook.locks.setdefault(name, hook.tell)
                names.append(name)
    finally:
        system._imp.release_lock()
    return names


def _hide(hook):
    """Have what comes be unseen by profilers: one is at hand now, and not yet at work."""
    hook.tell = unseen(hook, hook.report).__next__
    for name in hook.locks:
        if hook.locks[name] is hook.report:
            hook.locks[name] = hook.tell
    for name, reference in list(_awaited.items()):
        lock = reference()
        if lock is not None:
            _await(hook, name, lock)


def unseen(hook, function):
    """Return what ``sitecustomize.unseen`` does, but always aside from profilers.

    Before Python 3.12 that is cheap.
    """
    system, end = hook.system, object()
    bound = type(system.BuiltinImporter.find_spec)
    steps = zip(
        map(hook.former.append, iter(sys.gettrace, end)),
        iter(bound(sys.settrace, function), end),
        iter(bound(system._verbose_message, ""), end),
    )
    mine = bound({end: function}.get, end)
    answer = map(hook.answers.pop, iter(mine, end), iter([].clear, end))
    return map({}.get, map([].__init__, steps), answer)


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
