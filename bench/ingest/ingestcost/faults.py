"""What happens to records while the store is away, in a burst, and on the way from an archive."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass

from daemon import CUSTOMS, clean_environment

from ingestcost import generator
from ingestcost.database import Database
from ingestcost.processes import children_time, cpu_time, peak_memory
from ingestcost.receivers import Ours
from ingestcost.trial import place, settle


@dataclass(frozen=True)
class Journalled:
    """Receiving while PostgreSQL is away."""

    records: int
    rate: float
    lost: int
    receiver_us: float
    peak_memory: int
    drained_per_second: float


@dataclass(frozen=True)
class Imported:
    """`customs import` of an archive."""

    records: int
    seconds: float
    cpu_us: float


def while_away(database: Database, records: int, rate: float, *, drain: bool = True) -> Journalled:
    """Sends all records while the server is stopped; then starts it, and waits for what came."""
    receiver = Ours(database)
    with place() as folder:
        to = receiver.start(folder)
        database.server.stop()
        try:
            before = cpu_time(receiver.pid)
            generator.send("realistic", records, rate, to)
            settle(lambda: int(receiver.metrics()["customs_received_total"]), records, every=0.2)
            used = (cpu_time(receiver.pid) - before).total
        finally:
            database.server.start()
        start = time.monotonic()
        lost, drained = receiver.kernel_dropped(), 0.0
        if drain:
            # The writer asks again after 5 s at the latest: its rate counts from then on.
            settled = receiver.stored()
            while receiver.stored() == settled and time.monotonic() - start < 30:
                time.sleep(0.05)
            start = time.monotonic()
            first = receiver.stored()
            count, end = settle(receiver.stored, records, every=0.05)
            drained = (count - first) / max(end - start, 0.01)
            lost = records - receiver.counted()
        memory = peak_memory(receiver.pid)
        receiver.stop()
    return Journalled(records, rate, lost, used / records * 1e6, memory, drained)


def import_archive(workload: str, records: int) -> Imported:
    """Imports JSON lines into a new SQLite database."""
    with place() as folder:
        archive = folder / "archive.jsonl"
        generator.send(workload, records, 0, f"archive:{archive}")
        start, before = time.monotonic(), children_time()
        done = subprocess.run(
            [
                *(str(CUSTOMS), "import", "--store", f"sqlite://{folder}/customs.sqlite"),
                *("--format", "json", str(archive)),
            ],
            env=clean_environment(folder),
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        seconds, used = time.monotonic() - start, children_time() - before
        said = json.loads(done.stdout)
        if said["stored"] + said["merged"] != records:
            raise RuntimeError(f"of {records} archived records came {said}")
    return Imported(records, seconds, used / records * 1e6)
