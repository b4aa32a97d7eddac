"""The measured values as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from statistics import median

from ingestcost.goals import Goal, Round, judge
from ingestcost.trial import Trial

_WIDTHS = (10, 8, 10, 10, 7, 8)
_TITLES = ("records/s", "lost", "receiver", "database", "disk", "memory")
_HEAD = f"{'receiver':<22}{'workload':<11}" + "".join(f"{t:>{w}}" for t, w in zip(_TITLES, _WIDTHS))
_UNITS = " " * 51 + f"{'us/record':>10}{'us/record':>10}{'bytes':>7}{'MB':>8}"


def machine() -> dict[str, str]:
    """The machine and versions that the figures depend on."""
    processor = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{os.cpu_count()} x {processor}",
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        "rmem_max": Path("/proc/sys/net/core/rmem_max").read_text().strip(),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


class Report:
    """The results of a run."""

    def __init__(self, rounds: list[Round], skipped: list[str], load_before: str) -> None:
        self.rounds = rounds
        self.skipped = skipped
        self.load_before = load_before
        self.goals: list[Goal] = judge(rounds)

    @property
    def passes(self) -> bool:
        return all(goal.passes for goal in self.goals)

    def json(self) -> str:
        return json.dumps(
            {
                "machine": machine(),
                "load_before": self.load_before,
                "rounds": [asdict(one) for one in self.rounds],
                "goals": [asdict(goal) | {"passes": goal.passes} for goal in self.goals],
                "skipped": self.skipped,
                "passes": self.passes,
            },
            indent=1,
        )

    def table(self) -> str:
        """Text for people."""
        facts = machine()
        lines = [
            f"{facts['processor']}, {facts['memory']}, Linux {facts['kernel']};"
            f" load before {self.load_before}, after {facts['load']}",
            f"{len(self.rounds)} round(s); medians",
            "",
            _HEAD,
            _UNITS,
        ]
        for key in self.rounds[0].trials:
            found = [one.trials[key] for one in self.rounds if key in one.trials]
            lines.append(_trial_line(found))
        lines.append("")
        for shape in self.rounds[0].ceilings:
            ceilings = [one.ceilings[shape] for one in self.rounds]
            lines.append(
                f"COPY, {shape:<27}{median(c.rows_per_second for c in ceilings):>10,.0f}{'':>8}"
                f"{median(c.client_us for c in ceilings):>10.2f}"
                f"{median(c.database_us for c in ceilings):>10.2f}"
                f"{median(c.disk_bytes for c in ceilings):>7.0f}"
            )
        lines += ["", *self._ratios()]
        lines += ["", f"{'goal':<50}{'found':>12}{'allowed':>12}"]
        lines += [_goal_line(goal) for goal in self.goals]
        lines += ["", *(f"not measured: {what}" for what in self.skipped)]
        return "\n".join(lines).rstrip()

    def _ratios(self) -> list[str]:
        """Our values beside those of each peer."""
        lines = []
        first = self.rounds[0].trials
        for peer in (key for key in first if key.startswith(("rsyslog", "syslog-ng"))):
            for ours in (key for key in first if key.startswith("postgres ")):
                pairs = [
                    (one.trials[ours], one.trials[peer])
                    for one in self.rounds
                    if ours in one.trials and peer in one.trials
                ]
                rate = median(own.throughput / other.throughput for own, other in pairs)
                cpu = median(other.total_us / own.total_us for own, other in pairs)
                lines.append(
                    f"customsd, {ours.partition(' ')[2]}, beside {first[peer].receiver}:"
                    f" {rate:.1f} times the records/s, 1/{cpu:.1f} of the CPU"
                )
        return lines


def _trial_line(found: list[Trial]) -> str:
    first = found[0]
    return (
        f"{first.receiver:<22}{first.workload:<11}{median(t.throughput for t in found):>10,.0f}"
        f"{median(t.lost for t in found):>8,.0f}{median(t.receiver_us for t in found):>10.2f}"
        f"{median(t.database_us for t in found):>10.2f}{median(t.disk_bytes for t in found):>7.0f}"
        f"{median(t.peak_memory for t in found) / 1e6:>8.0f}"
    )


def _goal_line(goal: Goal) -> str:
    bound = ("at least " if goal.at_least else "at most ") + f"{goal.allowed:,g}"
    verdict = "PASS" if goal.passes else "FAIL"
    found = f"{goal.found:,.0f}" if goal.found >= 1_000 else f"{goal.found:,.2f}"
    return f"{goal.what:<50}{found:>12}{bound:>18} {goal.unit:<13}{verdict}"
