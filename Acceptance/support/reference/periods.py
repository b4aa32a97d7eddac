"""Periods of whole days, and how much changed from one to another."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

Span = tuple[date, date]


def period(first: date, last: date, today: date) -> dict[str, Any]:
    """As an answer has it: a period is complete if its last day is over."""
    return {"since": first.isoformat(), "until": last.isoformat(), "complete": last < today}


def end_of_month(day: date) -> date:
    """The last day of its month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def period_before(first: date, last: date, today: date) -> Span:
    """Of a month, or one that is not over, the month before, as far; else as many days."""
    is_month = first.day == 1 and (
        last == end_of_month(first) or (last >= today and last <= end_of_month(first))
    )
    if not is_month:
        return first - (last - first) - timedelta(days=1), first - timedelta(days=1)
    end = first - timedelta(days=1)
    begin = end.replace(day=1)
    if last < today:
        return begin, end
    return begin, min(end, begin + (min(last, today) - first))


def change(before: float | None, now: float | None) -> dict[str, float | None]:
    """The difference, and its part of what was before in per cent."""
    if before is None or now is None:
        return {"absolute": None, "percent": None}
    difference = now - before
    return {"absolute": difference, "percent": difference / before * 100 if before > 0 else None}
