"""What tests of what is kept share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date

from support.centre import Record
from support.daemon import Customs
from support.reference import Reference

Fill = Callable[[list[Record]], Customs]
Pack = Callable[[Customs], None]


def since(records: list[Record], day: date) -> list[Record]:
    return [p.record for p in Reference(records).all if p.day >= day]


def renamed(records: list[Record]) -> list[Record]:
    """With names that occur nowhere else, in paths too."""
    text = re.sub(r"\buser(\d+)\b", r"kermit\1x", json.dumps(records))
    changed: list[Record] = json.loads(text)
    return changed
