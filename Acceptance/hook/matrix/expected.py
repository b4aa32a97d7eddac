"""The expected result of a cell, by the tables of starts and ends."""

from __future__ import annotations

from dataclasses import replace

from hook.matrix.cells import Outcome
from hook.matrix.ends import ENDS
from hook.matrix.interpreters import Interpreter
from hook.matrix.starts import OTHER_STARTS, STARTS

NOT_2 = Outcome(0, reason="Python 2.7 is left in peace: no record")


def expect(interpreter: Interpreter, start: str, end: str) -> Outcome | str:
    """Return what is to come of a cell, or why there is no such cell."""
    way, how = {**STARTS, **OTHER_STARTS}[start], ENDS[end]
    reason = way.impossible(interpreter)
    if reason:
        return reason
    answer = how.exception(interpreter, start)
    if isinstance(answer, str):
        return answer
    outcome = how.outcome if answer is None else answer
    if not interpreter.is_recorded:
        return replace(outcome, records=0, traces=0, reason=outcome.reason or NOT_2.reason)
    if way.unrecorded:
        return replace(outcome, records=0, traces=0, reason=way.unrecorded)
    return outcome
