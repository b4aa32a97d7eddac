"""The matrix: interpreters x ways to start x ways to end.

shares.py says which of its cells an interpreter runs. Each of these runs the very same program
without the hook, with an empty directory in its place, and with it: standard output, standard error
and exit status are the same, and what is recorded is what the tables in starts.py and ends.py say.
"""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from support.receiver import pypy

from hook.matrix.cells import Outcome
from hook.matrix.ends import ENDS
from hook.matrix.expected import expect
from hook.matrix.interpreters import ALL, ONE_OF_EACH, Interpreter, identifier
from hook.matrix.place import Matrix, make_environment
from hook.matrix.running import run_cell
from hook.matrix.shares import WHOLE, Cell, cells, other_cells
from hook.matrix.starts import OTHER_STARTS, STARTS, without_venv

#: Cells at a time: a process for each of two cores, and as many that wait.
WORKERS = 4


def answer(matrix: Matrix, interpreter: Interpreter, start: str, end: str) -> Outcome | str:
    for name in ("read_only", "full"):
        if f"{{{name}}}" in "".join(ENDS[end].variables.values()) and not getattr(matrix, name):
            return "only root may mount a file system for it"
    return expect(interpreter, start, end)


def run_all(matrix: Matrix, interpreter: Interpreter, pairs: list[Cell]) -> str:
    """Run cells of an interpreter, some at a time; return all that is wrong."""

    def one(pair: Cell) -> list[str]:
        outcome = answer(matrix, interpreter, *pair)
        if isinstance(outcome, str):
            return []
        found = run_cell(matrix, interpreter, *pair, outcome)
        return [f"{interpreter.name}, {pair[0]}, {pair[1]}: {text}" for text in found]

    with ThreadPoolExecutor(WORKERS) as pool:
        return "\n".join(itertools.chain.from_iterable(pool.map(one, pairs)))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("interpreter", ONE_OF_EACH, ids=identifier)
def test_every_end_is_recorded_and_not_noticed(
    interpreter: Interpreter, start: str, matrix: Matrix
) -> None:
    matrix.compile(interpreter)
    chosen = cells(interpreter, start)
    # in an empty environment: what is installed beside an interpreter may run at each of its
    # starts, and take longer than all the rest
    if not without_venv(interpreter):
        executable = make_environment(matrix, interpreter, "venv") / "bin" / "python"
        interpreter = replace(interpreter, executable=str(executable))
    wrong = run_all(matrix, interpreter, chosen)
    assert not wrong, wrong


@pytest.mark.parametrize("interpreter", ALL, ids=identifier)
def test_every_start_is_recorded_and_not_noticed(interpreter: Interpreter, matrix: Matrix) -> None:
    matrix.compile(interpreter)
    for kind in ("venv", "virtualenv", "conda"):
        if not OTHER_STARTS[kind].impossible(interpreter):
            make_environment(matrix, interpreter, kind)
    wrong = run_all(matrix, interpreter, other_cells(interpreter))
    assert not wrong, wrong


def test_every_cell_is_run_or_has_a_reason(
    matrix: Matrix, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each cell is run, or there is a reason why not; and so for each that leaves no record."""
    counts: Counter[str] = Counter()
    reasons: dict[tuple[str, str], list[str]] = {}
    full = [(i, *cell) for i in ONE_OF_EACH for start in STARTS for cell in cells(i, start)]
    few = [(i, *cell) for i in ALL for cell in other_cells(i)]
    for interpreter, start, end in full + few:
        outcome = answer(matrix, interpreter, start, end)
        if isinstance(outcome, str):
            kind, reason = "not run", outcome
        elif outcome.compared != Outcome().compared:
            kind, reason = "not compared whole", outcome.reason
        elif not outcome.records:
            kind, reason = "run, no record", outcome.reason
        else:
            kind, reason = "run, recorded", ""
        assert reason or kind == "run, recorded", (interpreter.name, start, end)
        counts[kind] += 1
        if reason:
            cell = start if start in OTHER_STARTS else end
            reasons.setdefault((kind, reason), []).append(f"{interpreter.name} {cell}")
    with capsys.disabled():
        print(f"\nThe matrix has {sum(counts.values())} cells: ", end="")
        print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
        for (kind, reason), names in sorted(reasons.items()):
            print(f"  {kind}: {reason} ({len(names)} cells, as {names[0]})")


def test_no_pair_is_left_out() -> None:
    """Every end and every start is run on each interpreter, and every pair of them on some."""
    run = {(i.name, *cell) for i in ONE_OF_EACH for start in STARTS for cell in cells(i, start)}
    names = [i.name for i in ONE_OF_EACH]
    assert {(name, start) for name, start, _ in run} == {*itertools.product(names, STARTS)}
    assert {(name, end) for name, _, end in run} == {*itertools.product(names, ENDS)}
    by_others = {(start, end) for name, start, end in run if name not in {i.name for i in WHOLE}}
    impossible = {
        (start, end)
        for start, end in itertools.product(STARTS, ENDS)
        if all(isinstance(expect(i, start, end), str) for i in ONE_OF_EACH)
    }
    # so few others cannot have all starts between them
    if len(names) - len(WHOLE) >= len(STARTS):
        assert by_others | impossible == {*itertools.product(STARTS, ENDS)}


def test_pypy_is_there() -> None:
    if not pypy():
        pytest.skip("PyPy 3 is not on PATH: its part of the matrix is not run")
