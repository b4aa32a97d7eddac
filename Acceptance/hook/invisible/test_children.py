"""Forked children and subinterpreters do not report: their program does, once."""

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


@pytest.mark.skipif(sys.version_info < (3, 9), reason="subinterpreters: an interface since 3.8")
def test_a_subinterpreter_does_not_report(receiver: Receiver, packages: Path) -> None:
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    code = (
        f"import numpy, {name} as s; i = s.create(); s.run_string(i, 'import numpy'); s.destroy(i)"
    )
    same_with_and_without(["-c", code], receiver, packages)
    assert len(receiver.records()) == 1
