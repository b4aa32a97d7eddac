"""Which job a record is of: numbers of jobs come round again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from support.centre import Record

# A cluster, a number and how often the job was requeued.
Number = tuple[str, str, int]
# The same, and which of the jobs of this number it is, from 0.
Job = tuple[str, str, int, int]

# How many days may lie between two signs of life of one job.
SILENCE = 7


def number_of(record: Record) -> Number | None:
    """None outside a job."""
    if not record.get("job_id"):
        return None
    return (record.get("cluster") or "", record["job_id"], record.get("restart") or 0)


def moment(record: Record) -> datetime:
    """When the process ended."""
    return datetime.fromisoformat(record["event_timestamp"]).astimezone(UTC)


def beginning(record: Record) -> datetime:
    """When the process started."""
    elapsed = float(record.get("elapsed") or 0)
    # docs/life-of-a-record.md, "Doubted values"
    return moment(record) - timedelta(seconds=elapsed if elapsed <= 31_622_400 else 0)


def jobs_of(records: Iterable[Record]) -> list[Job | None]:
    """The job of each record, in their order, which does not matter."""
    records = list(records)
    spans: dict[Number, list[tuple[date, date]]] = defaultdict(list)
    for record in records:
        if number := number_of(record):
            spans[number].append((beginning(record).date(), moment(record).date()))
    ends = {number: _ends(days) for number, days in spans.items()}
    return [
        (*number, sum(end < moment(record).date() for end in ends[number]))
        if (number := number_of(record))
        else None
        for record in records
    ]


def _ends(days: list[tuple[date, date]]) -> list[date]:
    """The last day of each job of a number."""
    ends: list[date] = []
    for first, last in sorted(days):
        if not ends or first > ends[-1] + timedelta(days=SILENCE):
            ends.append(last)
        else:
            ends[-1] = max(ends[-1], last)
    return ends
