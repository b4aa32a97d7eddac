"""How the hook keeps out of the sight of profilers.

Loaded only where a profiler's module is imported. From Python 3.12 on ``sitecustomize`` hides the
calls of the import system.
"""

if "sys" not in globals():
    import os
    import sys

    from customs_hook.presence import unit


def hide(hook):
    """Hide later calls from profilers: one is loaded now, and not active yet."""
    imports = unit("imports")
    hook.tell = unseen(hook, hook.report).__next__
    for name in hook.locks:
        if hook.locks[name] is hook.report:
            hook.locks[name] = hook.tell
    for name, reference in list(imports.awaited.items()):
        lock = reference()
        if lock is not None:
            imports.wait_for(hook, name, lock)


def unwatch():
    """Give the environment an ordinary dictionary: see trace.watch."""
    for environment in (os.environ, os.environb):
        # the program may have put something of its own there
        if hasattr(environment, "_data"):
            environment._data = dict(environment._data)
    os.environb._data = getattr(os.environ, "_data", os.environb._data)


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
