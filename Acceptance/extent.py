"""How many of its combinations and seeds a test tries: a part for each change, or all.

`make test-all` sets CUSTOMS_TEST_ALL.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import TypeVar

Value = TypeVar("Value")
Other = TypeVar("Other")

#: Whether tests try all combinations and all seeds.
IS_WHOLE = os.environ.get("CUSTOMS_TEST_ALL", "") not in ("", "0")


def part(values: Sequence[Value], count: int = 1) -> Sequence[Value]:
    """The first `count` values, or all in a whole run."""
    return values if IS_WHOLE else values[:count]


def half(values: Sequence[Value], turn: int) -> Sequence[Value]:
    """Every second value, in turn 0 from the first and in turn 1 from the second; or all."""
    return values if IS_WHOLE else values[turn::2]


def pairs(values: Sequence[Value], others: Sequence[Other]) -> list[tuple[Value, Other]]:
    """Each value with one of the others in turn, for facts that have nothing to do with each other.

    In a whole run, each value with all of the others.
    """
    if IS_WHOLE:
        return list(itertools.product(values, others))
    count = max(len(values), len(others))
    return list(zip(itertools.cycle(values), itertools.islice(itertools.cycle(others), count)))
