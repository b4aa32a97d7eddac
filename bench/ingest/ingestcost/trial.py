"""One load on one receiver, and its cost."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingestcost import generator
from ingestcost.generator import BUILT
from ingestcost.peers import ReceiveOnly
from ingestcost.processes import CPUTime, cpu_time, peak_memory
from ingestcost.receivers import Ours, Receiver

# The allowed loss of a load that counts as stored.
ALLOWED_LOSS = 0.0001
_NONE = CPUTime(0, 0)
# The time without a stored record after which the missing ones will not come.
_QUIET = 6.0
# The length of a load that finds a rate, seconds.
_PROBE = 6.0


@dataclass(frozen=True)
class Trial:
    """The cost of one load."""

    receiver: str
    workload: str
    rate: float
    records: int
    lost: int
    # From the first record sent to the last one sent, and to the last one stored.
    sending_seconds: float
    seconds: float
    receiver_us: float
    database_us: float
    sender_us: float
    disk_bytes: float
    peak_memory: int

    @property
    def is_lossless(self) -> bool:
        return self.lost <= self.records * ALLOWED_LOSS

    @property
    def throughput(self) -> float:
        """Records a second, from the first sent to the last stored."""
        return (self.records - self.lost) / self.seconds

    @property
    def total_us(self) -> float:
        return self.receiver_us + self.database_us

    @property
    def kept_up(self) -> bool:
        """Whether it stored as fast as records came, apart from one batch and one look."""
        return self.seconds <= 1.05 * self.sending_seconds + 1.5


@contextmanager
def place() -> Iterator[Path]:
    """A folder of a receiver's own, on the build's disk, because /tmp may be memory."""
    (BUILT / "runs").mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="r", dir=BUILT / "runs"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def settle(stored: Callable[[], int], records: int, *, every: float) -> tuple[int, float]:
    """Waits until all are stored or no more come; returns their number and the last one's time."""
    seen, since = -1, time.monotonic()
    while True:
        now = time.monotonic()
        count = stored()
        if count != seen:
            seen, since = count, now
        if count >= records or now - since > _QUIET:
            return seen, since
        time.sleep(every)


def run(receiver: Receiver, workload: str, records: int, rate: float) -> Trial:
    """Sends one load, waits for it, and removes everything."""
    with place() as folder:
        to = receiver.start(folder)
        try:
            return _measure(receiver, workload, records, rate, to)
        finally:
            receiver.stop()


def _measure(receiver: Receiver, workload: str, records: int, rate: float, to: str) -> Trial:
    database = receiver.database
    before = cpu_time(receiver.pid), database.cpu if database else _NONE
    start = time.monotonic()
    sent = generator.send(workload, records, rate, to)
    if isinstance(receiver, ReceiveOnly):
        time.sleep(0.5)
        after = cpu_time(receiver.pid), _NONE
        count, end = receiver.finish(), start + sent.seconds
        memory = 0
    else:
        count, end = settle(
            receiver.stored, records, every=0.1 if isinstance(receiver, Ours) else 0.5
        )
        after = cpu_time(receiver.pid), database.cpu if database else _NONE
        memory = peak_memory(receiver.pid)
    if isinstance(receiver, Ours):
        # A settled message is stored, merged, duplicate or rejected; a stored one is in the store.
        count = receiver.counted()
    if count == 0:
        raise RuntimeError(f"{receiver.name} took none of {records} records")
    return Trial(
        receiver=receiver.name,
        workload=workload,
        rate=rate,
        records=records,
        lost=records - count,
        sending_seconds=sent.seconds,
        seconds=max(end - start, sent.seconds),
        receiver_us=(after[0] - before[0]).total / count * 1e6,
        database_us=(after[1] - before[1]).total / count * 1e6,
        sender_us=sent.cpu_seconds / records * 1e6,
        disk_bytes=receiver.disk_bytes() / count,
        peak_memory=memory,
    )


def sustained(
    receiver: Receiver, workload: str, rate: float, seconds: float, *, tries: int
) -> Trial:
    """The fastest of short loads, or one at that rate that lasts for `seconds`."""
    probe = fastest(receiver, workload, rate, min(seconds, _PROBE), tries=tries)
    if seconds <= _PROBE:
        return probe
    rate = min(probe.rate, probe.throughput)
    for _ in range(3):
        trial = run(receiver, workload, int(rate * seconds), rate)
        if trial.is_lossless:
            break
        rate *= 0.85
    return trial


def fastest(receiver: Receiver, workload: str, rate: float, seconds: float, *, tries: int) -> Trial:
    """The lossless trial with the highest rate: raises the rate until records are lost."""
    best: Trial | None = None
    last: Trial | None = None
    for _ in range(tries):
        trial = last = run(receiver, workload, int(rate * seconds), rate)
        if not trial.is_lossless:
            # The rate that it reached is a better guess than any fixed step.
            rate = min(rate * 0.75, max(trial.throughput * 0.9, rate * 0.4))
            if best:
                break
            continue
        if best is None or trial.throughput > best.throughput:
            best = trial
        if not trial.kept_up:
            break
        rate *= 1.3
    assert last is not None
    return best or last
