"""Notices ends of imports on interpreters without reference counts, and with rules for names.

Loaded only for these, because it costs each import a little.
"""

if "sys" not in globals():
    import sys

    from customs_hook.presence import unit


def watch(hook):
    """Arrange that ``imports.end`` is called at the end of each import of a watched name."""
    system = sys.modules["_frozen_importlib"]
    prefixes = hook.SITE["prefixes"]

    def is_watched(name):
        if name in hook.listed or name == "importlib.util" or name.startswith(prefixes):
            return True
        # installed packages are found at the end
        return hook.everything and "." not in name

    class Locks(dict):
        """The import system's table of locks, by name, into which it puts weak references."""

        def __setitem__(self, name, reference):
            dict.__setitem__(self, name, reference)
            lock = reference()
            if lock is not None and is_watched(name):
                lock.release = _telling(reference, name, hook)

    locks = Locks()
    locks.update(system._module_locks)
    system._module_locks = hook.locks = locks
    if "importlib.util" in sys.modules:
        unit("imports").end(hook, ["importlib.util"])


def _telling(reference, name, hook):
    """Return a method ``release`` for the lock that notices its last release.

    It stays in place: without reference counts the lock may stay too, for the next import.
    """

    def release():
        lock = reference()
        type(lock).release(lock)
        # a lock is taken more than once if imports form a circle
        if lock.owner is None:
            unit("imports").end(hook, [name])

    return release
