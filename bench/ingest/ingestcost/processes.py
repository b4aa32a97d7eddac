"""What processes have used, by the kernel's word."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class CPUTime:
    """Seconds of processor time."""

    user: float
    system: float

    @property
    def total(self) -> float:
        return self.user + self.system

    def __sub__(self, other: CPUTime) -> CPUTime:
        return CPUTime(self.user - other.user, self.system - other.system)


def cpu_time(pid: int) -> CPUTime:
    """What a process, its ended children and its living descendants have used."""
    user = system = 0
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        try:
            stat = Path(f"/proc/{current}/stat").read_text()
            children = Path(f"/proc/{current}/task/{current}/children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            # It ended meanwhile: its parent has its time by now.
            continue
        # The name may hold blanks and brackets.
        fields = stat.rpartition(")")[2].split()
        user += int(fields[11]) + int(fields[13])
        system += int(fields[12]) + int(fields[14])
        waiting += map(int, children.split())
    return CPUTime(user / _TICK, system / _TICK)


def peak_memory(pid: int) -> int:
    """The most memory that a process has had at once, bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def children_time() -> float:
    """What this program's ended children have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
