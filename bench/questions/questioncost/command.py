"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

from ingestcost.report import machine
from support.postgres import PostgresServer

from questioncost.questions import GOALS, PERIODS, Answer, ask, ask_wide, start_time
from questioncost.stores import CUSTOMS, SETTINGS, Size, Year, copy_to_sqlite

_EPILOG = """examples:
  bench/questions/run                    100 million records in PostgreSQL, 10 million in SQLite
  bench/questions/run --quick            a tenth of that
  bench/questions/run --json > now.json

A year of usage is made straight in the tables (generate.sql), and its days are packed, as
customsd does it. Each question is asked several times by the command itself, its start included;
the middle time counts. The plain design beside it has a row for each record of a tenth of the
usage, and the indexes that help.

exit status: 0 all answers are as fast as they should be; 1 some are not; 69 something is missing
"""


def main() -> int:
    """Measures, and prints tables or JSON."""
    parser = argparse.ArgumentParser(
        prog="bench/questions/run",
        description="How long questions take over a year of usage.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the usage")
    parser.add_argument(
        "--jobs", type=int, default=10_000_000, help="ten processes each on average"
    )
    parser.add_argument("--times", type=int, default=5, help="how often each question is asked")
    parser.add_argument("--json", action="store_true", help="print JSON, not tables")
    options = parser.parse_args()
    if not CUSTOMS.exists():
        print(f"no {CUSTOMS}: run 'make build' first", file=sys.stderr)
        return 69
    jobs = options.jobs // 10 if options.quick else options.jobs
    server = PostgresServer()
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    server.start()
    try:
        return _measure(server, jobs, options.times, as_json=options.json)
    finally:
        server.remove()


def _measure(server: PostgresServer, jobs: int, times: int, *, as_json: bool) -> int:
    sizes: dict[str, Size] = {}
    answers: dict[str, list[Answer]] = {}
    notes: dict[str, float] = {}
    small, large = "PostgreSQL, a tenth", "PostgreSQL"
    for name, count in ((small, jobs // 10), (large, jobs)):
        _tell(f"{name}: a year with {count:,} jobs is made")
        year = Year(server, "tenth" if name == small else "whole", count)
        notes[f"{name}: days packed, s"] = round(year.pack(), 1)
        sizes[name] = year.size()
        _tell(f"{name}: asked")
        answers[name] = ask(year.url, times)
        if name == small:
            _tell("SQLite: the same usage is copied, and asked")
            path = Path(server.folder) / "tenth.sqlite"
            answers["SQLite, a tenth"] = ask(copy_to_sqlite(year, path), times)
            sizes["SQLite, a tenth"] = Size(
                **{**asdict(sizes[small]), "bytes": path.stat().st_size}
            )
            path.unlink()
            _tell("the plain design: a row for each record is made, and asked")
            wide = year.widen()
            answers["a row a record, a tenth"] = ask_wide(year, max(1, times // 2))
            sizes["a row a record, a tenth"] = Size(**{**asdict(sizes[small]), "bytes": wide})
            server.drop_database("tenth")
    notes["the command's start, ms"] = round(start_time(max(20, times)), 1)
    slow = [
        (name, answer)
        for name in (large, "SQLite, a tenth")
        for answer in answers[name]
        if not answer.is_fast
    ]
    if as_json:
        print(
            json.dumps(
                {
                    "machine": machine() | {"python": platform.python_version()},
                    "sizes": {name: asdict(size) for name, size in sizes.items()},
                    "answers": {name: [asdict(a) for a in all_] for name, all_ in answers.items()},
                    "notes": notes,
                    "passes": not slow,
                },
                indent=2,
            )
        )
    else:
        _print(sizes, answers, notes, slow)
    return 1 if slow else 0


def _print(
    sizes: dict[str, Size],
    answers: dict[str, list[Answer]],
    notes: dict[str, float],
    slow: list[tuple[str, Answer]],
) -> None:
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    for name, size in sizes.items():
        print(
            f"{name}: {size.records:,} records, {size.jobs:,} jobs, {size.runs:,} runs,"
            f" {size.bytes / 2**20:,.0f} MiB"
        )
    for note, value in notes.items():
        print(f"{note}: {value}")
    print()
    heads = [f"{name}: {period}" for name in answers for period in PERIODS]
    print(
        "milliseconds, the middle of several times; goals: "
        + ", ".join(f"{period} {goal:.0f}" for period, goal in GOALS.items())
        + ", report 5,000"
    )
    for number, head in enumerate(heads):
        print(f"    {number + 1}: {head}")
    print(f"{'question':32}" + "".join(f"{number + 1:>10}" for number in range(len(heads))))
    for question in dict.fromkeys(a.question for all_ in answers.values() for a in all_):
        line = f"{question:32}"
        for all_ in answers.values():
            for period in PERIODS:
                found = [a for a in all_ if (a.question, a.period) == (question, period)]
                line += f"{found[0].milliseconds:10,.0f}" if found else f"{'-':>10}"
        print(line)
    print()
    for name, answer in slow:
        print(
            f"MISSED  {name}: {answer.question}, {answer.period}: {answer.milliseconds:.0f} ms,"
            f" goal {answer.goal:.0f}"
        )
    print("FAIL" if slow else "PASS")


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} (load {os.getloadavg()[0]:.1f})", file=sys.stderr)
