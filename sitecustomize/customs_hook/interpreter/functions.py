"""Finds imports in the user's own functions.

Loaded only if the program has functions.
"""

if "presence" not in globals():
    from customs_hook import presence

#: The largest number of functions to inspect.
_MOST = 20000

_CODE = type(presence.version.__code__)
_FUNCTION = type(presence.version)
_WRAPPERS = (staticmethod, classmethod)
_CLASS_NAMESPACE = type.__dict__["__dict__"].__get__


def imports(values):
    """Return the modules that functions, code objects and classes' methods import when they run."""
    found = set()
    codes = []
    instruction, step = _import_instruction()
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
                # in a function with more names than a byte can number, all names that it may mean
                found.update(names[text[at + 1] // step :: 256 // step])
            at = text.find(instruction, at + 1)
    return found


def _import_instruction():
    """Return the byte of the import instruction, and the step of its operand per name.

    Both come from the interpreter's own compiler: from 3.15 on the operand has two bits of another
    meaning (PEP 810). The byte is None if it is unknown.
    """

    def does():
        import os  # noqa: F401
        import sys  # noqa: F401

    def does_not():
        os = 0
        os = None  # noqa: F841
        sys = 0
        sys = None  # noqa: F841

    code = does.__code__.co_code
    difference = set(code[::2]) - set(does_not.__code__.co_code[::2])
    if len(difference) != 1:
        return None, 1
    operands = [code[at + 1] for at in range(0, len(code), 2) if code[at] in difference]
    step = operands[1] - operands[0] if len(operands) == 2 else 0
    return (bytes(difference), step) if step > 0 else (None, 1)
