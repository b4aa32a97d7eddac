"""Telling when an import is complete, on interpreters that do not count references.

Loaded only there.
"""

if "presence" not in globals():
    from customs_hook import presence


def watch(process, spec):
    """Have ``note`` called when the import that a spec is for is complete."""
    if type(spec).__name__ == "ModuleSpec":
        spec.__class__ = _watching_class(process)


def _watching_class(process):
    """Return a class of specs that tell ``process`` when their import is complete."""
    ordinary = process.modules["_frozen_importlib"].ModuleSpec

    def __setattr__(spec, key, value):
        object.__setattr__(spec, key, value)
        if key == "_initializing" and not value:
            object.__setattr__(spec, "__class__", ordinary)
            # it failed, if it is not there
            if spec.name in process.modules:
                presence.note(process)

    return type("ModuleSpec", (ordinary,), {"__slots__": (), "__setattr__": __setattr__})
