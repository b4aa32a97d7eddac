"""What the user's own functions import when they run.

Loaded only where the program has functions.
"""

if "presence" not in globals():
    from customs_hook import presence

#: Functions looked at at most.
_MOST = 20000

_CODE = type(presence.version.__code__)
_FUNCTION = type(presence.version)
_WRAPPERS = (staticmethod, classmethod)
_CLASS_NAMESPACE = type.__dict__["__dict__"].__get__


def imports(values):
    """Return the modules that functions, code objects and classes' methods import when they run."""
    found = set()
    codes = []
    instruction = _import_instruction()
    for value in values:
        if type(value) is _FUNCTION:
            codes.append(value.__code__)
        elif type(value) is _CODE:
            codes.append(value)
        elif issubclass(type(value), type):
            for member in list(_CLASS_NAMESPACE(value).values()):
                member = (
                    getattr(member, "__func__", member) if type(member) in _WRAPPERS else member
                )
                if type(member) is _FUNCTION:
                    codes.append(member.__code__)
    seen = 0
    while codes and seen < _MOST:
        code = codes.pop()
        seen += 1
        codes.extend([constant for constant in code.co_consts if type(constant) is _CODE])
        names = code.co_names
        if instruction is None or not names:
            continue
        text = code.co_code
        at = text.find(instruction)
        while at >= 0:
            if at % 2 == 0:
                # of a function with more than 256 names all that the byte could stand for
                found.update(names[text[at + 1] :: 256])
            at = text.find(instruction, at + 1)
    return found


def _import_instruction():
    """Return the byte of the instruction that imports, from the interpreter's own compiler."""

    def does():
        import os  # noqa: F401

    def does_not():
        os = 0
        os = None  # noqa: F841

    difference = set(does.__code__.co_code[::2]) - set(does_not.__code__.co_code[::2])
    return bytes(difference) if len(difference) == 1 else None
