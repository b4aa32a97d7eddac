"""The hook in a child that the program forks.

Loaded only there.
"""

if "presence" not in globals():
    from customs_hook import presence

    unit = presence.unit


def leave(process):
    """Called in forked children: only workers among them are recorded."""
    if not process.hook.is_out and not process.modules.keys().isdisjoint(presence.WORKER_MODULES):
        try:
            unit("program.workers").expect(process)
        except Exception:
            pass
    process.hook.is_out = True
