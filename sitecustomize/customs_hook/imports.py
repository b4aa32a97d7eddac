"""Notices imports of watched names, by the import system's own table of locks.

When an import begins, the import system looks up the name's lock in that table. The hook's entry
for a watched name gives it a lock, and a weak reference to this lock tells of its end, which is the
end of the import, whichever finder found the module. From Python 3.12 on the lock is the import
system's own, and the key in the table tells of the end. So an import of an unwatched name costs
nothing, and no import is noticed twice.
"""

if "sys" not in globals():
    import sys

    from customs_hook.presence import unit

#: Packages that LazyLoader has loaded, though their modules may not show it yet.
late = []
#: Weak references to the locks of imports that have not ended, by name.
awaited = {}
#: Modules that every profiler needs.
_PROFILERS = ("_lsprof", "profile")


if sys.version_info >= (3, 12):

    class _Name(str):
        """A key of the import system's table of locks that can be referred to weakly."""


def turn(hook, frame):
    """Called when the import system asks for a lock, and when it has loaded a lazy package."""
    if frame.f_code.co_name == "_get_module_lock":
        return begin(hook, frame.f_locals["name"])
    return end(hook, late[-1:])


def begin(hook, name):
    """Return the lock for an import of a watched name, or None: then the import system makes it.

    When the import has ended, ``end`` is called.
    """
    if name == "customs_hook":
        # from now on our directory is looked into
        sys.path_importer_cache[hook.here] = hook.ordinary
        return None
    if sys.version_info >= (3, 12):
        # the lock goes while a frame is taken down, and Python 3.15 crashes if a trace function is
        # set then: so the import system makes the lock, and the table's own key tells of the end
        reference = hook.system._weakref.ref
        hook.locks.pop(name, None)
        key = _Name(name)
        awaited[name] = reference(key, _telling(hook))
        # like that of any past import, it says that there is no lock
        hook.locks[key] = reference(_Name())
        return None
    lock = hook.lock_class(name)
    wait_for(hook, name, lock)
    return lock


def end(hook, names=None):
    """Called when imports of watched names have ended, well or not; None: see what locks say."""
    modules = hook.modules
    # the interpreter's own end sets globals to None
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
                unit("interpreter.lazy").watch_loader(hook)
            elif name in _PROFILERS:
                if hook.process and hook.process.trace:
                    unit("interpreter.profilers").unwatch()
                if hook.tell is hook.report:
                    unit("interpreter.profilers").hide(hook)
        # by and by what was there before this file is noticed as well
        if is_news or not (hook.process or modules.keys().isdisjoint(hook.listed)):
            unit("presence").look(hook)
    except BaseException as error:
        try:
            if unit("interpreter.interrupted").is_of_program(error):
                unit("interpreter.interrupted").raise_soon(error)
        except BaseException:
            pass


def wait_for(hook, name, lock):
    """Arrange that ``end`` is called when a lock is gone."""
    reference = hook.system._weakref.ref(lock, _telling(hook))
    awaited[name] = hook.locks[name] = reference


def _telling(hook):
    """Return what calls ``end`` whatever it is called with."""

    def ended(frame=None, event=None, argument=None):
        if event:
            # in the place of a trace function
            sys.settrace(hook.former.pop())
        end(hook)

    if hook.tell is hook.report:
        return ended
    if sys.version_info >= (3, 12):
        steps = hook.unseen(ended)
    else:
        steps = unit("interpreter.profilers").unseen(hook, ended)
    method = type(hook.system.BuiltinImporter.find_spec)
    # an argument more is what it would return if there were no further step
    return method(next, steps)


def _ended(hook):
    """Return the names whose imports have ended; failed ones stay watched."""
    names = []
    system = hook.system
    # as whenever the table is changed
    system._imp.acquire_lock()
    try:
        for name, reference in list(awaited.items()):
            if reference() is None:
                del awaited[name]
                if hook.locks.get(name) is reference:
                    del hook.locks[name]
                # another import may have yet to come
                if name not in hook.modules:
                    hook.locks.setdefault(name, hook.tell)
                names.append(name)
    finally:
        system._imp.release_lock()
    return names
