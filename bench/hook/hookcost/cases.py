"""The measured programs, and the budgets of our hook in each."""

from __future__ import annotations

from dataclasses import dataclass

#: The budgets are for this version: another one has another import system.
BUDGET_VERSION = (3, 11)


@dataclass(frozen=True)
class Budget:
    """The budgets of our hook in a program."""

    syscalls: int
    instructions: int
    modules: int


@dataclass(frozen=True)
class Case:
    """A program."""

    name: str
    code: str
    #: Does it import a package that is watched, so that a record is due?
    is_watched: bool
    budget: Budget
    #: Does it take a minute to count its instructions?
    is_long: bool = False


CASES = (
    Case("pass", "pass", False, Budget(22, 800_000, 2)),
    Case("numpy", "import numpy", True, Budget(55, 3_000_000, 2)),
    Case(
        "stack",
        "import numpy, scipy.stats, pandas, matplotlib.pyplot",
        True,
        Budget(80, 6_000_000, 2),
        is_long=True,
    ),
)
