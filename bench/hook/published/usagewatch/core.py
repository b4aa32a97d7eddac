"""Checks on sys.modules, the inspector that applies them, and the exit function that reports."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Callable

from usagewatch.reporters import Reporter

Modules = dict[str, ModuleType]


class Check:
    """A name, and a predicate on sys.modules that says whether it was used."""

    def __init__(self, name: str, pred: Callable[[Modules], bool]) -> None:
        self.name = name
        self.pred = pred

    def __call__(self, modules: Modules) -> bool:
        return self.pred(modules)

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Check) and self.name == other.name


class Inspector:
    """Finds which of its checks hold."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self.checks = set(checks)

    def __call__(self, modules: Modules) -> list[str]:
        return sorted(check.name for check in self.checks if check(modules))


def register_exit_hook(names: list[str], reporter: type[Reporter], *arguments: object) -> None:
    """Reports at exit which of these modules are loaded; the reporter is made only then."""

    def report() -> None:
        reporter(*arguments)(Inspector(map(_check, names))(sys.modules))

    atexit.register(report)


def _check(name: str) -> Check:
    return Check(name, lambda modules: name in modules)
