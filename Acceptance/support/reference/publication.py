"""Answers as they may be published."""

from __future__ import annotations

import math
from typing import Any

Row = dict[str, Any]

AMOUNTS = (
    *("jobs", "processes", "exit", "exception", "signal", "killed"),
    *("failed_jobs", "killed_jobs"),
)


def amount(value: float) -> int:
    """A multiple of five below a hundred, and two digits from there on; never more."""
    number = int(value)
    step = 5
    if number >= 100:
        step = 10 ** (len(str(number)) - 2)
    return number // step * step


def coarse(row: Row) -> Row:
    """The row with its numbers and days as they are shown."""
    shown = dict(row)
    for key, value in row.items():
        if value is None:
            continue
        if key == "users":
            shown[key] = value // 5 * 5
        elif key in AMOUNTS:
            shown[key] = amount(value)
        elif key == "node_hours" or key.endswith("_percent"):
            shown[key] = float(amount(value))
        elif key == "pearson":
            shown[key] = math.copysign(math.floor(abs(value) * 10 + 0.5) / 10, value)
        elif key in ("first_seen", "last_seen"):
            shown[key] = f"{value[:7]}-01"
    return shown


def without_smallest(told: list[Row], whole: list[Row], column: str | None = None) -> list[Row]:
    """The rows that are parts of a whole: where one is left out, the smallest other goes too."""
    kept = list(told)
    for group in {row.get(column) if column else None for row in told}:
        mine = [row for row in told if column is None or row[column] == group]
        everyone = [row for row in whole if column is None or row[column] == group]
        if len(mine) < len(everyone):
            size = "users" if "users" in mine[0] else "jobs"
            kept.remove(min(mine, key=lambda row: int(row[size])))
    return kept
