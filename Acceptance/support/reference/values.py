"""Values as the JSON of an answer has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def smallest_first(nodes: int | None) -> int:
    """An unknown number before all others."""
    return -1 if nodes is None else nodes


def unknown_first(value: object) -> tuple[bool, Any]:
    """The place of a name or a number in an order, in which what is not known comes first."""
    return (value is not None, value)


def stamp(time: datetime | None) -> str | None:
    """As JSON has it: with as many digits as are needed."""
    return None if time is None else time.isoformat()


def same_numbers(answer: Any) -> Any:
    """The answer with its fractions to nine digits and its times as times."""
    if isinstance(answer, float):
        return round(answer, 9)
    if isinstance(answer, list):
        return [same_numbers(each) for each in answer]
    if isinstance(answer, dict):
        return {
            key: _moment(value) if key in TIMES else same_numbers(value)
            for key, value in answer.items()
        }
    return answer


TIMES = ("first_seen", "last_seen")


def _moment(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text and "T" in text else text
