"""The measured values as a table and as JSON, and those within the budgets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hookcost.cases import Case
from hookcost.hooks import OURS
from hookcost.measure import Cost


@dataclass(frozen=True)
class Result:
    """The values of a program in one kind of virtual environment, first without a hook."""

    case: Case
    venv: str
    costs: Sequence[Cost]


@dataclass(frozen=True)
class Verdict:
    """One budget of our hook, and the measured value."""

    case: str
    venv: str
    what: str
    found: int
    allowed: int
    passes: bool


@dataclass
class Report:
    """The results of a run."""

    python: str
    hook_from: str
    pairs: int
    has_budgets: bool
    results: list[Result] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def verdicts(self) -> list[Verdict]:
        if not self.has_budgets:
            return []
        return [verdict for result in self.results for verdict in _judge(result)]

    @property
    def passes(self) -> bool:
        return not self.problems and all(verdict.passes for verdict in self.verdicts)

    def table(self) -> str:
        """Returns text for people."""
        lines = [
            f"Python {self.python}; times over {self.pairs} rounds; ours from {self.hook_from}.",
            "'none' is what the program itself does; the other rows are what a hook adds to that.",
            "",
            _row("program", "environment", "hook", *_COLUMNS),
        ]
        for result in self.results:
            lines.append("")
            lines += [_cost_row(result, cost) for cost in result.costs]
        lines += ["", *self._budget_lines(), "", *self._problem_lines()]
        return "\n".join(lines)

    def json(self) -> str:
        """Returns the same for programs, with the names of the modules that were added."""
        return json.dumps(
            {
                "python": self.python,
                "ours_from": self.hook_from,
                "pairs": self.pairs,
                "costs": [
                    _cost_object(result, cost) for result in self.results for cost in result.costs
                ],
                "budgets": [vars(verdict) for verdict in self.verdicts],
                "problems": dict(self.problems),
                "passes": self.passes,
            },
            indent=2,
        )

    def _budget_lines(self) -> list[str]:
        if not self.has_budgets:
            return ["Budgets are for Python 3.11, and are not judged here."]
        if not self.verdicts:
            return ["Budgets are for ours, which was not measured."]
        return ["Budgets of ours"] + [
            f"  {verdict.case:<8}{verdict.venv:<14}{verdict.what:<14}{verdict.found:>12,}"
            f" of {verdict.allowed:>10,}   {'PASS' if verdict.passes else 'FAIL'}"
            for verdict in self.verdicts
        ]

    def _problem_lines(self) -> list[str]:
        if not self.problems:
            return ["Records, traces and silence are as they must be: PASS"]
        lines = ["FAIL: a hook did not do what it must, so that its cost means nothing"]
        lines += [f"  {what} ({times} times)" for what, times in self.problems.items()]
        return lines


_COLUMNS = ("syscalls", "on files", "memory", "instructions", "modules", "ms", "times", "datagrams")
_WIDTHS = (9, 10, 8, 15, 9, 9, 8, 11)


def _judge(result: Result) -> list[Verdict]:
    case = result.case
    base = result.costs[0]
    budget = case.budget
    verdicts = []
    for cost in result.costs:
        if cost.hook == OURS:
            for what, found, allowed in (
                ("system calls", cost.syscalls - base.syscalls, budget.syscalls),
                ("instructions", cost.added_instructions, budget.instructions),
                ("modules", len(cost.modules - base.modules), budget.modules),
            ):
                # a hook that fails is cheap
                passes = cost.is_sound and found <= allowed
                verdicts.append(Verdict(case.name, result.venv, what, found, allowed, passes))
    return verdicts


def _cost_row(result: Result, cost: Cost) -> str:
    base = result.costs[0]
    if cost is base:
        counts = (
            cost.syscalls,
            cost.file_calls,
            cost.memory_calls,
            cost.instructions,
            len(cost.modules),
        )
        texts = [f"{count:,}" for count in counts] + [f"{cost.milliseconds:,.1f}", "1"]
    else:
        counts = (
            cost.syscalls - base.syscalls,
            cost.file_calls - base.file_calls,
            cost.memory_calls - base.memory_calls,
            cost.added_instructions,
            len(cost.modules - base.modules),
        )
        added = base.milliseconds * (cost.ratio - 1)
        texts = [f"{count:+,}" for count in counts] + [f"{added:+,.1f}", f"{cost.ratio:.3f}"]
    return _row(result.case.name, result.venv, cost.hook, *texts, str(cost.datagrams))


def _cost_object(result: Result, cost: Cost) -> dict[str, object]:
    base = result.costs[0]
    return {
        "case": result.case.name,
        "venv": result.venv,
        "hook": cost.hook,
        "syscalls": cost.syscalls,
        "file_calls": cost.file_calls,
        "memory_calls": cost.memory_calls,
        "instructions": cost.instructions,
        "milliseconds": round(cost.milliseconds, 3),
        "datagrams": cost.datagrams,
        "added": {
            "syscalls": cost.syscalls - base.syscalls,
            "file_calls": cost.file_calls - base.file_calls,
            "memory_calls": cost.memory_calls - base.memory_calls,
            "instructions": cost.added_instructions,
            "modules": sorted(cost.modules - base.modules),
        },
        "ratio": round(cost.ratio, 4),
    }


def _row(case: str, venv: str, hook: str, *texts: str) -> str:
    cells = (f"{text:>{width}}" for text, width in zip(texts, _WIDTHS))
    return f"{case:<9}{venv:<14}{hook:<11}" + "".join(cells)
