"""The fate of records during failures, and in an import from an archive."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass

from support.daemon import CUSTOMS, clean_environment

from ingestcost import generator
from ingestcost.database import Database
from ingestcost.processes import children_time, cpu_time, peak_memory
from ingestcost.receivers import Held, Kept, Ours
from ingestcost.trial import Trial, place, run, settle


@dataclass(frozen=True)
class Journalled:
    """Receiving while PostgreSQL is stopped."""

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


@dataclass(frozen=True)
class Killed:
    """SIGKILL under load, and a new start after a second."""

    by: str
    records: int
    rate: float
    lost: int


@dataclass(frozen=True)
class BadRows:
    """Rows that the database refuses, among good ones."""

    good: int
    good_lost: int
    bad: int
    quarantined: int


@dataclass(frozen=True)
class SlowSync:
    """Each sync of the disk takes 4 ms longer, for the daemon and for PostgreSQL."""

    undisturbed: Trial
    disturbed: Trial


def killed(database: Database, by: str, records: int, rate: float) -> Killed:
    """Kills the daemon in the middle of the load."""
    receiver: Ours = Held(database) if by == "udp" else Kept(database)
    with place() as folder:
        to = receiver.start(folder)
        try:
            sender = generator.sender("realistic", records, rate, to)
            time.sleep(records / rate / 2)
            receiver.kill()
            time.sleep(1)
            receiver.launch()
            generator.sent(sender)
            # Frames that were sent again are duplicates, and counted as received.
            settle(receiver.counted, records, every=1)
            lost = records - receiver.counted()
        finally:
            receiver.stop()
    return Killed(by, records, rate, lost)


def bad_rows(database: Database, good: int = 19_980, bad: int = 20) -> BadRows:
    """Sends records, some of them with users that the database refuses."""
    receiver = Ours(database)
    with place() as folder:
        receiver.start(folder)
        try:
            receiver.execute(
                "ALTER TABLE customs.users ADD CONSTRAINT no_bad CHECK (name NOT LIKE 'bad%')"
            )
            archive = folder / "archive.jsonl"
            generator.send("unique", good + bad, 0, f"archive:{archive}")
            lines = archive.read_text().splitlines()
            every = len(lines) // bad
            for number in range(bad):
                place_of = number * every + every // 2
                lines[place_of] = lines[place_of].replace(
                    '"username":"', f'"username":"bad{number}'
                )
            receiver.daemon.send(
                (f"<134>1 - nid00001 customs 1 imports - {line}".encode() for line in lines),
                rate=20_000,
            )
            settle(receiver.stored, good + bad, every=0.2)
            refused = receiver.execute(
                "SELECT count(*) FROM customs.quarantine WHERE reason LIKE '%no_bad%'"
            )
            return BadRows(good, good - receiver.counted(), bad, int(refused[0][0]))
        finally:
            receiver.stop()


def slow_sync(database: Database, records: int, rate: float) -> SlowSync:
    """Sends the same load twice, faster than it can be stored: the rate is then the store's."""
    undisturbed = run(Ours(database), "realistic", records, rate)
    slow = {"LD_PRELOAD": str(generator.program("slowsync.so"))}
    database.server.stop()
    os.environ.update(slow)
    try:
        database.server.start()
    finally:
        del os.environ["LD_PRELOAD"]
    try:
        return SlowSync(
            undisturbed, run(Ours(database, environment=slow), "realistic", records, rate)
        )
    finally:
        database.server.stop()
        database.server.start()


def while_away(database: Database, records: int, rate: float, *, drain: bool = True) -> Journalled:
    """Sends all records while the server is stopped; then starts it, and waits for them."""
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
