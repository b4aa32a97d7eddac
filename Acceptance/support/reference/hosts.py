"""The hosts that raw records come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from support.centre import Record
from support.reference.filters import Filter
from support.reference.processes import Process
from support.reference.values import stamp


def hosts(processes: Iterable[Process], wanted: Filter, today: date) -> list[Record]:
    """Those that are silent for longest first."""
    by_host: dict[str, list[Process]] = defaultdict(list)
    end = min(wanted.until or today, today)
    for p in processes:
        if p.record.get("host") and (wanted.since or p.day) <= p.day <= end:
            by_host[p.record["host"]].append(p)
    rows = [
        {
            "host": host,
            "first_seen": stamp(min(p.time for p in own)),
            "last_seen": stamp(max(p.time for p in own)),
            "silent_days": (end - max(p.day for p in own)).days,
            "days": len({p.day for p in own}),
            "records": len(own),
            "records_per_day": len(own) / len({p.day for p in own}),
        }
        for host, own in by_host.items()
    ]
    return sorted(rows, key=lambda row: (-row["silent_days"], row["host"]))


def silent_count(processes: Iterable[Process], today: date) -> int:
    """Hosts with a record in the last 30 days, and none in the last 7."""
    newest: dict[str, date] = {}
    for p in processes:
        if host := p.record.get("host"):
            newest[host] = max(p.day, newest.get(host, p.day))
    recent = [day for day in newest.values() if day > today - timedelta(days=30)]
    return sum(day <= today - timedelta(days=7) for day in recent)
