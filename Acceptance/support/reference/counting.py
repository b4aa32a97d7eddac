"""Counting of users, jobs, node-seconds and correlations by sets."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from support.job_numbers import Job
from support.reference import accounts
from support.reference.filters import Filter
from support.reference.processes import Process

Key = TypeVar("Key")


def users(chosen: Iterable[Process]) -> set[str]:
    """Each person once; the nameless do not count."""
    return {p.user for p in chosen if p.user}


def jobs(chosen: Iterable[Process]) -> set[Job]:
    """Each job once."""
    return {p.job for p in chosen if p.job}


def is_told(own: list[Process], wanted: Filter) -> bool:
    """Whether the group has enough people, and its counted jobs have enough people, too."""
    left = [p for p in own if not p.pruned]
    return len(users(own)) >= wanted.public and (not jobs(own) or len(users(left)) >= wanted.public)


def group(chosen: Iterable[Process], key: Callable[[Process], Key]) -> dict[Key, list[Process]]:
    """Processes by whatever they have in common."""
    groups: dict[Key, list[Process]] = defaultdict(list)
    for p in chosen:
        groups[key(p)].append(p)
    return groups


def by_package(chosen: Iterable[Process]) -> dict[str, list[Process]]:
    """The processes that used each package."""
    groups: dict[str, list[Process]] = defaultdict(list)
    for p in chosen:
        for name in p.packages:
            groups[name].append(p)
    return groups


def ends(own: list[Process]) -> dict[str, float]:
    """Processes by how they ended: their numbers, and their parts of all in per cent."""
    counts = {
        end: sum(p.end == end for p in own) for end in ("exit", "exception", "signal", "killed")
    }
    return counts | {f"{end}_percent": 100 * count / len(own) for end, count in counts.items()}


def ends_of_jobs(own: list[Process]) -> dict[str, float | None]:
    """Jobs in which a process failed or was killed, and their parts of all in per cent."""
    whole = len(jobs(own))
    failed = len(jobs(p for p in own if p.end != "exit"))
    killed = len(jobs(p for p in own if p.end == "killed"))
    return {
        "jobs": whole,
        "failed_jobs": failed,
        "killed_jobs": killed,
        "failed_jobs_percent": 100 * failed / whole if whole else None,
        "killed_jobs_percent": 100 * killed / whole if whole else None,
    }


def most_used(names: Iterable[str | None]) -> list[str]:
    """Known names, those that occur most first, and equal ones by their letters."""
    counts = Counter(name for name in names if name)
    return sorted(counts, key=lambda name: (-counts[name], name))


def _charged(name: str, p: Process) -> str | None:
    return accounts.value(p.account, name)


UNITS: dict[str, Callable[[Process], Any]] = {
    "account": lambda p: p.account or None,
    **{name: partial(_charged, name) for name in accounts.PROPERTIES},
    "nodes": lambda p: p.nodes,
    # each record of a job says them
    "partition": lambda p: p.record.get("partition") if p.job else None,
    "qos": lambda p: p.record.get("qos") if p.job else None,
    # Slurm's alone
    "state": lambda p: None,
    "system": lambda p: p.record.get("system") or None,
    "subsystem": lambda p: p.record.get("subsystem") or None,
    "python": lambda p: p.record.get("python") or None,
    "environment": lambda p: p.record.get("prefix") or None,
    "user": lambda p: p.user,
    "month": lambda p: p.day.isoformat()[:7],
}
UNITS_OF_JOBS = ("account", *accounts.PROPERTIES, "partition", "qos", "state", "nodes")


def by_unit(unit: str, chosen: Iterable[Process]) -> dict[Any, list[Process]]:
    """The processes of each account, system and so on; a process may have several packages."""
    return by_package(chosen) if unit == "package" else group(chosen, UNITS[unit])


def node_seconds(chosen: Iterable[Process], job: Job) -> int:
    """From the start of the job's first process to the end of its last, times its nodes."""
    own = [p for p in chosen if p.job == job]
    lasted = max(p.time for p in own) - min(p.start for p in own)
    nodes = own[0].nodes
    return (1 if nodes is None else nodes) * int(lasted / timedelta(seconds=1))


def pearson(a: set[Job], b: set[Job], everything: set[Job]) -> float | None:
    """By the textbook, of two vectors with 1 for each job that used the package."""
    n = len(everything)
    x = [float(job in a) for job in everything]
    y = [float(job in b) for job in everything]
    mean_x, mean_y = sum(x) / n, sum(y) / n
    covariance = sum((i - mean_x) * (j - mean_y) for i, j in zip(x, y, strict=True))
    spread = math.sqrt(sum((i - mean_x) ** 2 for i in x) * sum((j - mean_y) ** 2 for j in y))
    # sums of fractions are noisy behind the twelfth digit, and rows are sorted by this
    return round(covariance / spread, 12) + 0.0 if spread > 1e-9 else None
