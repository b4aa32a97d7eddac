"""The command line, and the counts."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ingestcost import generator
from ingestcost.database import Database
from ingestcost.generator import Unavailable
from support.daemon import CUSTOMS, CUSTOMSD, Daemon, wait_until
from support.ports import free_udp_port
from support.slurm_stand_in import StandIn

# As in bench/ingest/generator/workload.h.
JOBS = 5_000
FIRST = 10_000_000
BATCH = 500

EPILOG = """\
examples:
  bench/slurm/run                      100,000 records a second for 20 seconds
  bench/slurm/run --quick              for 5 seconds
  bench/slurm/run --rate 50000 --seconds 60 --format json

A sender sends records of 5,000 jobs to a customsd on PostgreSQL, while squeue says that all of them
run; when all has come they end. squeue and sacct are stand-ins that leave a line at each call.
Sender, customsd and PostgreSQL share the machine.

exit status:
  0   no more than one squeue a sweep, and one sacct for each 500 jobs that have ended
  1   there were more, or facts are missing
  64  the command line cannot be understood
  69  something that this needs is missing
  70  the measuring itself failed
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


class _Table:
    """customsd's store in PostgreSQL."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url

    def interrupt(self) -> None:
        """Not asked for here."""

    def resume(self) -> None:
        """Not asked for here."""

    def close(self) -> None:
        """Nothing to give back."""


def main(arguments: Sequence[str]) -> int:
    """Measures, prints, and returns the exit status."""
    options = _parse(arguments)
    try:
        if not shutil.which("cc") or not CUSTOMSD.exists() or not CUSTOMS.exists():
            raise Unavailable("a C compiler and the programs are needed: run 'make build' first")
        generator.build()
        with Database() as database:
            found = _measure(database, options.rate, options.seconds, options.interval)
    except Unavailable as error:
        print(f"bench/slurm: {error}", file=sys.stderr)
        return 69
    except (RuntimeError, AssertionError, OSError) as error:
        print(f"bench/slurm: {error}", file=sys.stderr)
        return 70
    if options.format == "json":
        print(json.dumps(found, indent=2))
    else:
        for key, value in found.items():
            print(f"{key.replace('_', ' '):<24}{value:>12,}")
    is_right = (
        found["squeue_calls"] <= found["sweeps"]
        and found["sacct_calls"] == -(-JOBS // BATCH)
        and found["jobs_told"] == JOBS
    )
    return 0 if is_right else 1


def _measure(database: Database, rate: int, seconds: float, interval: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="customs-bench-", dir="/tmp"))
    name, url = database.create()
    stand_in = StandIn(folder, cluster="alder", interval=interval)
    stand_in.runs(FIRST, FIRST + JOBS - 1)
    port = free_udp_port()
    daemon = Daemon(
        folder, _Table(url), settings=stand_in.settings, arguments=["--http", f"127.0.0.1:{port}"]
    )
    daemon.start()
    try:
        records = int(rate * seconds)
        sent = generator.send("jobs", records, rate, f"udp:{daemon.port}")
        health = daemon.settle_when_quiet()
        during = stand_in.count("squeue"), _metric(port, "slurm_sweeps_total")
        stand_in.runs(1, 0)
        told = "SELECT count(*) FROM customs.jobs WHERE settled = 1 AND source = 1"
        wait_until(
            lambda: (
                stand_in.count("sacct") >= JOBS // BATCH and database.number(name, told) == JOBS
            ),
            lambda: f"{stand_in.count('sacct')} calls of sacct\n{daemon.log_tail()}",
        )
        # without an open job there is no call
        time.sleep(2 * interval)
        return {
            "sent": sent.records,
            "sent_a_second": round(sent.records / sent.seconds),
            "received": health["received"],
            "lost": sent.records - health["received"],
            "kernel_dropped": health["kernel_dropped"],
            "distinct_jobs": JOBS,
            "sweeps_under_load": during[1],
            "squeue_calls_under_load": during[0],
            "sweeps": _metric(port, "slurm_sweeps_total"),
            "squeue_calls": stand_in.count("squeue"),
            "sacct_calls": stand_in.count("sacct"),
            "jobs_told": database.number(name, told),
        }
    finally:
        daemon.abandon()
        database.drop(name)
        shutil.rmtree(folder, ignore_errors=True)


def _metric(port: int, name: str) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"customs_{name} "):
                return int(line.split()[1])
    raise RuntimeError(f"there is no customs_{name}")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="bench/slurm/run",
        description="Counts how often Slurm is asked while very many records come.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rate", type=int, default=100_000, help="records a second (%(default)s)")
    parser.add_argument("--seconds", type=float, help="default: 20, or 5 if quick")
    parser.add_argument(
        "--interval", type=int, default=2, help="seconds between sweeps (%(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="a short load")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    options.seconds = options.seconds or (5.0 if options.quick else 20.0)
    return options
