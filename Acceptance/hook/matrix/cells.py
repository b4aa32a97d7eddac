"""Types of the matrix: a cell's start, its end, its program, and its expected result.

A cell's program is the same whatever the interpreter, from Python 2.7 on. Where nothing is
recorded, or something cannot be compared, an outcome gives the reason; nothing is left out in
silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hook.matrix.interpreters import Interpreter

#: What the program imports, and with which versions.
PACKAGES: dict[str, str | None] = {"numpy": "1.26.4", "scipy": "1.11.1"}


@dataclass(frozen=True)
class Outcome:
    """The expected outcome of a cell."""

    records: int = 1
    #: what the records say of the end
    end: str = "exit"
    #: traces that are there afterwards
    traces: int = 0
    #: why nothing is recorded, or why something cannot be compared
    reason: str = ""
    #: what of the two runs must be the same
    compared: tuple[str, ...] = ("stdout", "stderr", "returncode")
    packages: Mapping[str, str | None] = field(default_factory=lambda: PACKAGES)
    #: which of them are of direct use; None: not looked at
    direct: tuple[str, ...] | None = ("numpy", "scipy")


@dataclass(frozen=True)
class Situation:
    """The place that a program is run in."""

    directory: Path
    interpreter: Interpreter
    packages: Path


@dataclass(frozen=True)
class Launch:
    """A program that is ready to be run."""

    arguments: list[str | bytes]
    main: str
    executable: str
    input: bytes = b""


#: Prepares a program of this text; None with a reason where it cannot be.
Preparation = Callable[[Situation, str, tuple[str, ...]], Launch]


@dataclass(frozen=True)
class Start:
    prepare: Preparation
    #: why a program started so leaves no record; empty where it does
    unrecorded: str = ""
    #: why there is no such thing with an interpreter; empty where there is
    impossible: Callable[[Interpreter], str] = lambda interpreter: ""


@dataclass(frozen=True)
class End:
    code: str
    outcome: Outcome = Outcome()
    #: stands before the imports
    prelude: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    #: of the shell, before the interpreter takes its place
    shell: str = ""
    #: the answer where an interpreter, or a start, differs
    exception: Callable[[Interpreter, str], Outcome | str | None] = lambda interpreter, start: None


def program(end: End, prelude: str = "") -> str:
    """Return the text of a cell's program."""
    return (
        "from __future__ import print_function\n"
        f"{prelude}{end.prelude}"
        "import os, signal, sys\n"
        "import numpy, scipy\n"
        "if sys.stdout: print('out'); sys.stdout.flush()\n"
        "if sys.stderr: sys.stderr.write('err\\n'); sys.stderr.flush()\n"
        f"{end.code}\n"
    )
