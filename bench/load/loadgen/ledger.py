"""The sent messages, and the counts that customsd must show for them."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from loadgen.damage import DAMAGES, damage
from loadgen.records import Population, Run, Sample


@dataclass
class Usage:
    """The row of `customs top` for one package."""

    users: set[str] = field(default_factory=set)
    jobs: set[tuple[str, str]] = field(default_factory=set)
    processes: int = 0


@dataclass
class Ledger:
    """Every message of a load, by its expected outcome."""

    distinct: dict[str, Sample] = field(default_factory=dict)
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def messages(self) -> int:
        """The number of messages, whatever their outcome."""
        return len(self.distinct) + self.duplicates + self.rejected.total()

    @property
    def runs(self) -> set[Run]:
        """The runs of the distinct records: the first of each is stored, the others merge."""
        return {sample.run for sample in self.distinct.values()}

    def add(self, sample: Sample) -> bytes:
        """Enters one valid record, new or sent before, and returns its message."""
        if sample.id in self.distinct:
            self.duplicates += 1
        else:
            self.distinct[sample.id] = sample
        return sample.datagram

    def add_damaged(self, sample: Sample, reason: str, draw: random.Random) -> bytes:
        """Enters a message that must be rejected for `reason`, and returns it."""
        self.rejected[reason] += 1
        return damage(sample, reason, draw)

    def top(self, *, include_staff: bool = False, direct: bool = False) -> dict[str, Usage]:
        """The expected answer of `customs top`."""
        table: dict[str, Usage] = {}
        for sample in self.distinct.values():
            program = sample.program
            if program.is_staff and not include_staff:
                continue
            names = program.stack.direct if direct else program.stack.packages
            for name in names:
                usage = table.setdefault(name, Usage())
                usage.users.add(program.username)
                usage.processes += 1
                if sample.job:
                    usage.jobs.add((sample.job.cluster, sample.job.job_id))
        return table

    def write(self, path: Path) -> None:
        """Writes the ledger as JSON: the ids, and the counts that `customs health` must show."""
        path.write_text(
            json.dumps(
                {
                    "messages": self.messages,
                    "distinct": len(self.distinct),
                    "runs": len(self.runs),
                    "duplicate": self.duplicates,
                    "rejected": dict(sorted(self.rejected.items())),
                    "ids": sorted(self.distinct),
                },
                indent=1,
            )
        )


def load(
    population: Population,
    ledger: Ledger,
    count: int,
    *,
    twice: float = 0.0,
    damaged: float = 0.0,
    reasons: Iterable[str] = tuple(DAMAGES),
) -> Iterator[bytes]:
    """`count` distinct valid records as messages, entered into `ledger` as they are drawn.

    The share `twice` of them comes a second time, at once or any number of messages later.
    `damaged` times `count` messages that must be rejected are mixed in, with each reason in turn.
    """
    draw = population.random
    reasons = tuple(reasons)
    again: dict[int, list[Sample]] = {}
    rejects = 0
    for index in range(count):
        for sample in again.pop(index, ()):
            yield ledger.add(sample)
        sample = population.sample()
        yield ledger.add(sample)
        # By position and not by chance, so that the share is exact.
        if int((index + 1) * twice) > int(index * twice):
            later = min(count, index + 1 + draw.choice((0, draw.randrange(count - index))))
            again.setdefault(later, []).append(sample)
        if int((index + 1) * damaged) > int(index * damaged):
            yield ledger.add_damaged(population.sample(), reasons[rejects % len(reasons)], draw)
            rejects += 1
    for samples in again.values():
        for sample in samples:
            yield ledger.add(sample)
