"""PostgreSQL's own rate for rows that are ready."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from ingestcost import generator
from ingestcost.database import RUNS, WIDE, Database

SHAPES = ("wide", "staged", "runs")


@dataclass(frozen=True)
class Ceiling:
    """COPY of rows in one shape."""

    shape: str
    rows_per_second: float
    client_us: float
    database_us: float
    disk_bytes: float


def copy(database: Database, shape: str, rows: int) -> Ceiling:
    """Copies rows of the workload 'unique' into an empty table."""
    name, url = database.create()
    try:
        database.server.execute(name, RUNS if shape == "runs" else WIDE)
        before = database.cpu
        done = subprocess.run(
            [str(generator.program("copy")), shape, "unique", str(generator.SEED), str(rows), url],
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        used = (database.cpu - before).total
        said = json.loads(done.stdout)
        return Ceiling(
            shape,
            said["rows"] / said["seconds"],
            said["cpu_seconds"] / said["rows"] * 1e6,
            used / said["rows"] * 1e6,
            database.bytes_of_tables(name) / said["rows"],
        )
    finally:
        database.drop(name)
