"""The results of a round, and the goals that they reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from ingestcost.ceiling import Ceiling
from ingestcost.faults import BadRows, Imported, Journalled, Killed, SlowSync
from ingestcost.trial import Trial


@dataclass
class Round:
    """The results of one round; parts that were not requested are missing."""

    trials: dict[str, Trial] = field(default_factory=dict)
    ceilings: dict[str, Ceiling] = field(default_factory=dict)
    journalled: dict[str, Journalled] = field(default_factory=dict)
    imported: Imported | None = None
    killed: dict[str, Killed] = field(default_factory=dict)
    bad_rows: BadRows | None = None
    slow_sync: SlowSync | None = None


@dataclass(frozen=True)
class Goal:
    """One goal: the measured value, and the allowed one."""

    what: str
    found: float
    allowed: float
    unit: str
    # Whether more is better.
    at_least: bool

    @property
    def passes(self) -> bool:
        return self.found >= self.allowed if self.at_least else self.found <= self.allowed


def judge(rounds: Sequence[Round]) -> list[Goal]:
    """The measured goals, by the median of the rounds."""
    found: dict[str, list[Goal]] = {}
    for one in rounds:
        for goal in _goals(one):
            found.setdefault(goal.what, []).append(goal)
    return [
        Goal(
            what,
            median(goal.found for goal in goals),
            goals[0].allowed,
            goals[0].unit,
            goals[0].at_least,
        )
        for what, goals in found.items()
    ]


def _goals(one: Round) -> list[Goal]:
    goals: list[Goal] = []

    def most(what: str, found: float, allowed: float, unit: str) -> None:
        goals.append(Goal(what, found, allowed, unit, False))

    def least(what: str, found: float, allowed: float, unit: str) -> None:
        goals.append(Goal(what, found, allowed, unit, True))

    rsyslog = one.trials.get("rsyslog unique")
    loop = one.trials.get("loop unique")
    for workload, cpu, rate, disk, in_file in (
        ("realistic", 4.0, 200_000, 60, 250_000),
        ("unique", 10.0, 110_000, 180, 150_000),
    ):
        ours = one.trials.get(f"postgres {workload}")
        if ours:
            most(f"CPU, daemon + PostgreSQL, {workload}", ours.total_us, cpu, "us/record")
            if rsyslog and workload == "realistic":
                least(
                    "CPU, times less than rsyslog, realistic",
                    rsyslog.total_us / ours.total_us,
                    20,
                    "times",
                )
            rate_found = ours.throughput if ours.is_lossless else 0
            least(f"UDP to PostgreSQL, {workload}", rate_found, rate, "records/s")
            if workload == "unique" and rsyslog:
                least(
                    "UDP to PostgreSQL, times rsyslog, unique",
                    rate_found / rsyslog.throughput,
                    5,
                    "times",
                )
            if workload == "unique" and loop:
                share = 100 * rate_found / loop.throughput
                least("UDP to PostgreSQL, of the staged loop in C, unique", share, 85, "%")
            most(f"disk, PostgreSQL, {workload}", ours.disk_bytes, disk, "bytes/record")
        steps = one.trials.get("postgres steps")
        if steps and workload == "unique":
            most("disk, PostgreSQL, unique steps", steps.disk_bytes, disk, "bytes/record")
            most("CPU, daemon + PostgreSQL, unique steps", steps.total_us, cpu, "us/record")
        file = one.trials.get(f"sqlite {workload}")
        if file:
            least(
                f"UDP to SQLite, {workload}",
                file.throughput if file.is_lossless else 0,
                in_file,
                "records/s",
            )
    fast = one.journalled.get("fast")
    if fast:
        most("UDP to journal at 300,000/s, lost", fast.lost, 0, "records")
        most("UDP to journal at 300,000/s, daemon", fast.receiver_us, 2, "us/record")
        most("peak memory, PostgreSQL away", fast.peak_memory / 1e6, 150, "MB")
    slow = one.journalled.get("slow")
    if slow:
        most("PostgreSQL stopped under 50,000/s, lost", slow.lost, 0, "records")
        least(
            "PostgreSQL stopped under 50,000/s, drains",
            slow.drained_per_second,
            100_000,
            "records/s",
        )
    burst = one.trials.get("burst")
    if burst:
        most("burst of 400,000/s for 5 s, lost", burst.lost, 0, "records")
        most("burst of 400,000/s for 5 s, stored after", burst.seconds, 60, "s")
    for by, allowed, what in (
        ("udp", 64, "SIGKILL under 30,000/s, UDP, socket held, lost"),
        ("tcp", 79, "SIGKILL under 100,000/s, TCP, connection kept, lost"),
    ):
        if by in one.killed:
            most(what, one.killed[by].lost, allowed, "records")
    if one.bad_rows:
        most("bad rows among 20,000, good ones lost", one.bad_rows.good_lost, 0, "records")
        least("bad rows among 20,000, in quarantine", one.bad_rows.quarantined, 20, "records")
    if one.slow_sync:
        slow_sync = one.slow_sync
        share = 100 * slow_sync.disturbed.throughput / slow_sync.undisturbed.throughput
        least("disk sync slowed by 4 ms, of the undisturbed rate", share, 90, "%")
    if one.imported:
        most(
            "import of a million records into SQLite",
            one.imported.seconds * 1e6 / one.imported.records,
            4,
            "s",
        )
    return goals
