"""One process, its job and its facts, from one record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from support.centre import Record
from support.job_numbers import Job, beginning, moment

# docs/life-of-a-record.md, "Doubted values"
MOST_NODES = 1_000_000


@dataclass(frozen=True)
class Process:
    """One record, as far as questions go."""

    user: str | None
    job: Job | None
    nodes: int | None
    account: str
    day: date
    time: datetime
    start: datetime
    end: str
    packages: dict[str, str | None]
    record: Record
    # Of what was pruned there are the day, the user, the environment and the packages.
    pruned: bool = False


def process(
    record: Record,
    job: Job | None,
    accounts: dict[Job, str],
    nodes: dict[Job, int],
    pruned_before: date | None = None,
) -> Process:
    """A record's facts, and those of its job."""
    time = moment(record)
    pruned = pruned_before is not None and time.date() < pruned_before
    if pruned:
        job = None
    user = record.get("username")
    if not user and record.get("uid") is not None:
        user = f"#{record['uid']}"
    return Process(
        user=user or None,
        job=job,
        nodes=nodes.get(job) if job else None,
        account=accounts.get(job, "") if job else "",
        day=time.date(),
        time=time,
        start=beginning(record),
        end=record.get("end") or "exit",
        packages=record["packages"],
        record=record,
        pruned=pruned,
    )
