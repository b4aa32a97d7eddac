"""The cells that each interpreter runs: the newest Python all, the others a share.

In a whole run (extent.py) all interpreters run all cells.

Every end and every start is tried on every interpreter. Every pair of an end and a start is tried
on the newest Python, and on some of the others, because shares differ from one interpreter to the
next.
"""

from __future__ import annotations

from extent import IS_WHOLE

from hook.matrix.cells import Outcome
from hook.matrix.ends import ENDS, OTHER_ENDS
from hook.matrix.expected import expect
from hook.matrix.interpreters import ALL, ONE_OF_EACH, Interpreter
from hook.matrix.starts import OTHER_STARTS, STARTS

Cell = tuple[str, str]

_PYTHONS = sorted(
    (i for i in ONE_OF_EACH if i.implementation == "cpython" and i.is_recorded),
    key=lambda i: i.version,
)

#: The oldest and the newest Python; all interpreters in a whole run.
OUTERMOST = ALL if IS_WHOLE else [_PYTHONS[0], _PYTHONS[-1]]
#: The interpreters that run all cells.
WHOLE = ALL if IS_WHOLE else _PYTHONS[-1:]
_OTHERS = [i for i in ONE_OF_EACH if i not in WHOLE]


def cells(interpreter: Interpreter, start: str) -> list[Cell]:
    """Return the cells of one of the usual starts."""
    if interpreter in WHOLE:
        return [(start, end) for end in ENDS]
    ends = [end for end in ENDS if end in OTHER_ENDS or start == _turn(interpreter, end)]
    return [(start, end) for end in ends]


def other_cells(interpreter: Interpreter) -> list[Cell]:
    """Return the cells of the other starts.

    The record of a program that ends by itself is made at its end, with or without an exception;
    the trace of a killed one before that.
    """
    if interpreter in WHOLE:
        return [(start, end) for start in OTHER_STARTS for end in OTHER_ENDS]
    own = ALL.index(interpreter)
    return [
        (start, end)
        for number, start in enumerate(OTHER_STARTS, own)
        for end in (("normal", "exception")[number % 2], "SIGKILL")
    ]


def _turn(interpreter: Interpreter, end: str) -> str:
    """Return the start whose turn it is; where it is impossible, the next one's."""
    starts = list(STARTS)
    first = _OTHERS.index(interpreter) + list(ENDS).index(end)
    turns = [starts[(first + number) % len(starts)] for number in range(len(starts))]
    possible = (start for start in turns if isinstance(expect(interpreter, start, end), Outcome))
    return next(possible, turns[0])
