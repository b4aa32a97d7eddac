"""The command line, and the order in which things are made, measured and removed."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from hookcost.cases import BUDGET_VERSION, CASES, Case
from hookcost.hooks import BASE, HOOKS, Site, has_installer, make_hook
from hookcost.measure import Failed, measure
from hookcost.prepare import (
    KINDS,
    Unavailable,
    Venv,
    VenvKind,
    check_tools,
    find_interpreter,
    make_venv,
    version_of,
)
from hookcost.programs import Programs
from hookcost.report import Report, Result

_EPILOG = """\
examples:
  bench/hook/run                              everything
  bench/hook/run --quick                      nearly the same in some ten minutes, coarser figures
  bench/hook/run --case pass --hook ours      one hook in one program
  bench/hook/run --format json >cost.json     for programs, with the modules' names
  bench/hook/run --python /opt/python/3.12/bin/python3 --hook ours

virtual environments:
  with .pth     setuptools' .pth file is run at every start; as of `python -m venv` before 3.12
  without .pth  as of `python -m venv` from 3.12 on

hooks:
%(hooks)s

exit status:
  0   ours is within its budgets and does what it must
  1   it is not, or does not
  64  the command line cannot be understood
  69  something that this needs is missing
  70  the measuring itself failed
"""
_QUICK = (
    "count three times, time 5 rounds, and measure the programs that import something"
    " in one kind of virtual environment only"
)


def main() -> int:
    """Measures, prints, and returns the exit status."""
    options = _parse(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        check_tools()
        interpreter = find_interpreter(options.python)
        plan = [(make_venv(interpreter, kind), cases) for kind, cases in _plan(options)]
    except Unavailable as error:
        print(f"bench/hook: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        return 130
    try:
        report = _measure(plan, options)
    except KeyboardInterrupt:
        return 130
    except (Failed, subprocess.SubprocessError) as error:
        print(f"bench/hook: {error}", file=sys.stderr)
        return 70
    print(report.json() if options.format == "json" else report.table())
    return 0 if report.passes else 1


def _plan(options: argparse.Namespace) -> Iterator[tuple[VenvKind, list[Case]]]:
    """Yields each kind of virtual environment with its cases."""
    for kind in KINDS:
        cases = [case for case in CASES if case.name in options.case]
        if options.quick and kind is not KINDS[0]:
            # the kinds differ in Python's start, which shows best in a program without other work
            cases = [case for case in cases if not case.is_watched]
        if cases:
            yield kind, cases


def _measure(plan: Sequence[tuple[Venv, list[Case]]], options: argparse.Namespace) -> Report:
    version = version_of(plan[0][0].python)
    report = Report(
        python=".".join(map(str, version)),
        hook_from="customs hook install" if has_installer() else "a copy of sitecustomize/",
        pairs=options.pairs,
        has_budgets=version == BUDGET_VERSION,
    )
    for venv, cases in plan:
        _measure_in(venv, cases, options, report)
    return report


def _measure_in(
    venv: Venv, cases: Sequence[Case], options: argparse.Namespace, report: Report
) -> None:
    names = [name for name in HOOKS if name == BASE or name in options.hook]
    with _directory(None) as hooks_at, _directory(None) as home, _directory("/dev/shm") as traces:
        # like /tmp, because the processes of all users leave traces here
        traces.chmod(0o1777)
        with Programs(venv, home, traces) as programs:
            site = Site(venv.python, hooks_at, programs.port, traces)
            hooks = [make_hook(name, site) for name in names]
            for hook in hooks:
                programs.set_for_all(hook.environment)
            for case in cases:
                costs = measure(programs, case, hooks, repeats=options.repeats, pairs=options.pairs)
                report.results.append(Result(case, venv.kind, costs))
            report.problems += programs.problems


@contextmanager
def _directory(parent: str | None) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="customs-bench-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    lines = "\n".join(f"  {name:<11} {what}" for name, what in HOOKS.items())
    parser = _Parser(
        prog="bench/hook/run",
        description="Measures what a hook in Python's start and exit costs, beside others.",
        epilog=_EPILOG % {"hooks": lines},
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cases = [case.name for case in CASES]
    parser.add_argument("--python", metavar="EXE", help="interpreter (default: python3.11)")
    parser.add_argument("--case", action="append", choices=cases, help="only this program; repeat")
    parser.add_argument(
        "--hook", action="append", choices=list(HOOKS), help="beside 'none', only this hook; repeat"
    )
    parser.add_argument("--pairs", type=_count, metavar="N", help="rounds of timing (default: 21)")
    parser.add_argument("--quick", action="store_true", help=_QUICK)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    options.case = options.case or cases
    options.hook = options.hook or list(HOOKS)
    options.pairs = options.pairs or (5 if options.quick else 21)
    options.repeats = 3 if options.quick else 5
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of rounds")
    return int(text)
