"""The questions to customs and to the plain table."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from statistics import median

from questioncost.stores import CUSTOMS, Year

# The limit of an answer's time, milliseconds.
GOALS = {"30 days": 100.0, "year": 500.0}
# The report of last month asks some fifteen questions.
_REPORT_GOAL = 5_000.0

PERIODS = {"30 days": ("--since", "30d"), "year": ()}

QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("top",),
    ("top", "--by", "node-hours"),
    ("top", "--direct"),
    ("top", "--system", "birch"),
    ("top", "--account", "m1007"),
    ("package", "package1"),
    ("user", "user7"),
    ("jobsizes",),
    ("jobsizes", "--package", "package5"),
    ("correlate", "--package", "package3"),
    ("correlate",),
    ("environments",),
    ("stacks", "--limit", "20"),
    ("trend", "package1", "package5"),
    ("versions", "package1"),
    ("new",),
    ("python",),
    ("ended",),
    ("who", "package9"),
    # a job that every size of year has
    ("job", "10050000"),
    ("report",),
)

# Questions with a period of their own.
_TIMELESS = ("job", "report")

# The same from a table with a row for each record.
_WIDE_QUESTIONS = {
    ("top",): (
        "SELECT p.name, count(DISTINCT username), count(DISTINCT job_id), count(*)"
        " FROM public.wide, jsonb_object_keys(packages) p(name) WHERE NOT is_staff{since}"
        " GROUP BY p.name ORDER BY 2 DESC"
    ),
    ("jobsizes",): (
        "SELECT num_nodes, count(DISTINCT job_id) FROM public.wide WHERE NOT is_staff{since}"
        " GROUP BY num_nodes"
    ),
    ("versions", "package1"): (
        "SELECT packages->>'package1', count(DISTINCT username), count(DISTINCT job_id)"
        " FROM public.wide WHERE packages ? 'package1' AND NOT is_staff{since} GROUP BY 1"
    ),
    ("trend", "package1", "package5"): (
        "SELECT p.name, date_trunc('month', day), count(DISTINCT username), count(DISTINCT job_id)"
        " FROM public.wide, (VALUES ('package1'), ('package5')) p(name)"
        " WHERE packages ? p.name AND NOT is_staff{since} GROUP BY 1, 2"
    ),
    ("python",): (
        "SELECT python, count(DISTINCT username), count(DISTINCT job_id), count(*)"
        " FROM public.wide WHERE NOT is_staff{since} GROUP BY python"
    ),
    ("who", "package9"): (
        "SELECT username, count(DISTINCT job_id), count(*) FROM public.wide"
        " WHERE packages ? 'package9' AND NOT is_staff{since} GROUP BY username"
    ),
}


@dataclass(frozen=True)
class Answer:
    """The time of one question on one period."""

    question: str
    period: str
    milliseconds: float
    # Of several times, the median counts.
    least: float

    @property
    def goal(self) -> float:
        return _REPORT_GOAL if self.question == "report" else GOALS[self.period]

    @property
    def is_fast(self) -> bool:
        return self.milliseconds <= self.goal


def ask(url: str, times: int) -> list[Answer]:
    """Asks every question of every period; the start of the command is part of it."""
    return [
        _measure(" ".join(question), period, _command(url, question, period), times)
        for question in QUESTIONS
        # without a first day no package could be new
        for period in PERIODS
        if question != ("new",) or period == "30 days"
        if question[0] not in _TIMELESS or period == "year"
    ]


def ask_wide(year: Year, times: int) -> list[Answer]:
    """Asks the plain table the questions that it can answer."""
    answers = []
    for question, sql in _WIDE_QUESTIONS.items():
        for period in PERIODS:
            since = " AND day >= CURRENT_DATE - 30" if period == "30 days" else ""
            answers.append(
                _measure(" ".join(question), period, year.command(sql.format(since=since)), times)
            )
    return answers


def start_time(times: int) -> float:
    """The time that the command takes to start and to end, milliseconds."""
    return _measure("", "year", [str(CUSTOMS), "--version"], times).milliseconds


def _command(url: str, question: tuple[str, ...], period: str) -> list[str]:
    name, *options = question
    return [
        *(str(CUSTOMS), name, "--store", url, "--format", "json"),
        *options,
        *PERIODS[period],
    ]


def _measure(question: str, period: str, command: list[str], times: int) -> Answer:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        taken.append((time.perf_counter() - began) * 1_000)
    return Answer(question, period, median(taken), min(taken))
