"""Forked children, pools and subinterpreters: each process reports once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.receiver import (
    Receiver,
    interpreters,
)

from hook.invisible.same import same_with_and_without


@pytest.mark.parametrize("executable", interpreters())
def test_forked_children_do_not_report(executable: str, receiver: Receiver, packages: Path) -> None:
    code = (
        "import numpy, os, sys\n"
        "parent = os.getpid()\n"
        "if os.fork() == 0: sys.exit(0)\n"
        "os.wait(); print('parent' if os.getpid() == parent else 'child')"
    )
    same_with_and_without(["-c", code], receiver, packages, executable)
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("executable", interpreters())
def test_a_pool_and_its_workers_report_once_each(
    executable: str, method: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    program = tmp_path / "pool.py"
    program.write_text(
        "import multiprocessing as mp, numpy\n"
        "def f(x): return x * x\n"
        "if __name__ == '__main__':\n"
        f"    with mp.get_context({method!r}).Pool(2) as pool:\n"
        "        print(sum(pool.map(f, range(100))))\n"
        "        pool.close(); pool.join()\n"
    )
    same_with_and_without([str(program)], receiver, packages, executable)
    records = receiver.records()
    # the resource tracker and the fork server send none; workers run their parent's program
    assert {record["main"] for record in records} == {str(program)}
    assert {record["end"] for record in records} == {"exit"}
    # the parent, and its workers; Python 3.6 does not report forked ones
    is_told = method == "spawn" or "3.6." not in executable
    assert len(records) == (3 if is_told else 1)
    assert len({record["id"] for record in records}) == len(records)


@pytest.mark.skipif(sys.version_info < (3, 9), reason="subinterpreters: an interface since 3.8")
def test_a_subinterpreter_does_not_report(receiver: Receiver, packages: Path) -> None:
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    code = (
        f"import numpy, {name} as s; i = s.create(); s.run_string(i, 'import numpy'); s.destroy(i)"
    )
    same_with_and_without(["-c", code], receiver, packages)
    assert len(receiver.records()) == 1
