"""The resources that processes have used, as the kernel reports them."""

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
    """The resources of a process, its ended children and its living descendants."""
    user = system = 0
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        try:
            stat = Path(f"/proc/{current}/stat").read_text()
            children = Path(f"/proc/{current}/task/{current}/children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            # It has ended meanwhile, so its parent has its time.
            continue
        # The name may contain blanks and brackets.
        fields = stat.rpartition(")")[2].split()
        user += int(fields[11]) + int(fields[13])
        system += int(fields[12]) + int(fields[14])
        waiting += map(int, children.split())
    return CPUTime(user / _TICK, system / _TICK)


def peak_memory(pid: int) -> int:
    """The largest memory that a process has had, bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def children_time() -> float:
    """The resources of this program's ended children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
