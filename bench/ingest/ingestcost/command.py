"""The command line, and the order of measurements."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from support.daemon import CUSTOMS, CUSTOMSD

from ingestcost import ceiling, faults, generator
from ingestcost.database import Database
from ingestcost.generator import ROOT, Unavailable
from ingestcost.goals import Round
from ingestcost.peers import PEERS, PlainLoop, ReceiveOnly, Rsyslog, SyslogNG
from ingestcost.receivers import Ours
from ingestcost.report import Report
from ingestcost.trial import fastest, run, sustained

_EPILOG = """\
examples:
  bench/ingest/run                               everything, three rounds
  bench/ingest/run --quick                       everything once, with short loads: some minutes
  bench/ingest/run --only postgres --workload unique --rounds 1
  bench/ingest/run --quick --format json >ingest.json

parts:
%(parts)s

Each record has some 630 bytes. Sender, receiver and PostgreSQL share the machine. What is fastest
is looked for by going up while a receiver keeps up and down while it loses more than 0.01 %%.

exit status:
  0   every goal that was measured is reached
  1   one is not
  64  the command line cannot be understood
  69  something that this needs is missing
  70  the measuring itself failed
"""

PARTS = {
    "receive": "a loop in C that only receives",
    "copy": "COPY of rows that are ready: wide, staged, and as our table of runs",
    "loop": "a loop in C that receives, reads and stores a row a record by staged COPY",
    "postgres": "customsd to PostgreSQL",
    "sqlite": "customsd to SQLite",
    "unixgram": "customsd to PostgreSQL, by a unix datagram socket",
    "journal": "customsd while PostgreSQL is away",
    "burst": "400,000 a second for 5 seconds",
    "kill": "SIGKILL and a new start, over UDP and TCP, socket and connection held",
    "bad-rows": "20 rows that PostgreSQL refuses among 20,000",
    "slow-sync": "customsd to PostgreSQL, and again with each sync of the disk 4 ms slower",
    "import": "'customs import' of an archive into SQLite",
    "rsyslog": "rsyslog to PostgreSQL (its packages are fetched, not installed)",
    "syslog-ng": "syslog-ng to PostgreSQL (the same)",
}


def main() -> int:
    """Measures, prints, and returns the exit status."""
    options = _parse(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    skipped: list[str] = []
    try:
        _prepare(options, skipped)
        with Database() as database:
            rounds = [_round(database, options, skipped) for _ in range(options.rounds)]
    except Unavailable as error:
        print(f"bench/ingest: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        return 130
    except (RuntimeError, AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f"bench/ingest: {error}", file=sys.stderr)
        return 70
    report = Report(rounds, list(dict.fromkeys(skipped)), load)
    print(report.json() if options.format == "json" else report.table())
    return 0 if report.passes else 1


def _prepare(options: argparse.Namespace, skipped: list[str]) -> None:
    for command in ("cc", "pkg-config", "setpriv"):
        if not shutil.which(command):
            raise Unavailable(f"no {command} here")
    for binary in (CUSTOMSD, CUSTOMS):
        if not binary.exists():
            raise Unavailable(f"no {binary.name}: run 'make build' first")
    generator.build()
    if {"rsyslog", "syslog-ng"} & set(options.only):
        fetch = [str(ROOT / "bench/ingest/peers.sh"), str(PEERS)]
        if subprocess.run(fetch, stdin=subprocess.DEVNULL, check=False).returncode:
            skipped.append("rsyslog and syslog-ng: their packages are not to be had")
            options.only = [part for part in options.only if part not in ("rsyslog", "syslog-ng")]


def _round(database: Database, options: argparse.Namespace, skipped: list[str]) -> Round:
    found = Round()
    quick = options.quick
    seconds = 4.0 if quick else 60.0
    tries = 2 if quick else 3
    # A peer is slower by a factor that short loads show as well.
    peer_seconds, peer_tries = (3.0, 3) if quick else (20.0, 4)

    def part(name: str, body: Callable[[], None]) -> None:
        if name not in options.only:
            return
        print(f"bench/ingest: {name}", file=sys.stderr, flush=True)
        try:
            body()
        except (RuntimeError, AssertionError, subprocess.SubprocessError) as error:
            # If one receiver does not work, the others are still measured.
            skipped.append(f"{name}: {error}")

    def ours(name: str, workload: str, rate: float, store: Database | None) -> None:
        receiver = Ours(store, by="unixgram" if name == "unixgram" else "udp")
        found.trials[f"{name} {workload}"] = sustained(
            receiver, workload, rate, seconds, tries=tries
        )

    def copies() -> None:
        for shape in ceiling.SHAPES:
            found.ceilings[shape] = ceiling.copy(database, shape, 200_000 if quick else 1_000_000)

    def away() -> None:
        found.journalled["fast"] = faults.while_away(
            database, 1_500_000 if quick else 5_000_000, 300_000, drain=False
        )
        found.journalled["slow"] = faults.while_away(
            database, 250_000 if quick else 1_000_000, 50_000
        )

    def only_receive() -> None:
        trial = run(ReceiveOnly(), "realistic", 400_000 * (2 if quick else 10), 400_000)
        found.trials["receive"] = trial

    def burst() -> None:
        found.trials["burst"] = run(Ours(database), "realistic", 2_000_000, 400_000)

    def kill() -> None:
        found.killed["udp"] = faults.killed(database, "udp", 240_000, 30_000)
        found.killed["tcp"] = faults.killed(database, "tcp", 500_000, 100_000)

    def bad_rows() -> None:
        found.bad_rows = faults.bad_rows(database)

    def slow_sync() -> None:
        found.slow_sync = faults.slow_sync(database, 1_000_000 if quick else 3_000_000, 300_000)

    def imports() -> None:
        found.imported = faults.import_archive("realistic", 250_000 if quick else 1_000_000)

    def rsyslog() -> None:
        found.trials["rsyslog unique"] = fastest(
            Rsyslog(database), "unique", 20_000, peer_seconds, tries=peer_tries
        )

    def syslog_ng() -> None:
        found.trials["syslog-ng unique"] = fastest(
            SyslogNG(database), "unique", 12_000, peer_seconds, tries=peer_tries
        )

    def loop() -> None:
        found.trials["loop unique"] = sustained(
            PlainLoop(database), "unique", 110e3, peer_seconds, tries=tries
        )

    part("receive", only_receive)
    part("loop", loop)
    part("copy", copies)
    for workload, rate, file_rate in (
        ("realistic", 200e3, 250e3),
        ("unique", 110e3, 150e3),
        ("steps", 110e3, 150e3),
    ):
        if workload in options.workload:
            part("postgres", partial(ours, "postgres", workload, rate, database))
            if workload != "steps":
                part("sqlite", partial(ours, "sqlite", workload, file_rate, None))
    part("unixgram", lambda: ours("unixgram", "realistic", 200e3, database))
    part("journal", away)
    part("burst", burst)
    part("kill", kill)
    part("bad-rows", bad_rows)
    part("slow-sync", slow_sync)
    part("import", imports)
    part("rsyslog", rsyslog)
    part("syslog-ng", syslog_ng)
    return found


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="bench/ingest/run",
        description="Measures what taking usage records in costs, beside others.",
        epilog=_EPILOG
        % {"parts": "\n".join(f"  {name:<11}{what}" for name, what in PARTS.items())},
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=list(PARTS), help="only this part; repeat"
    )
    parser.add_argument(
        "--workload",
        action="append",
        choices=generator.WORKLOADS,
        help="of customsd, only with this one; repeat",
    )
    parser.add_argument("--quick", action="store_true", help="one round of short loads")
    parser.add_argument("--rounds", type=_count, metavar="N", help="default: 3, or 1 if quick")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    options.only = options.only or list(PARTS)
    options.workload = options.workload or list(generator.WORKLOADS)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of rounds")
    return int(text)
