"""Every question on every store gives the answer of the reference, which has no database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from extent import IS_WHOLE, half
from support.centre import APART, Centre
from support.daemon import Customs
from support.job_numbers import SILENCE
from support.reference import accounts
from support.reference.counting import UNITS
from support.reference.filters import Filter
from support.reference.hosts import hosts, silent_count
from support.reference.processes import Process
from support.reference.questions import Reference
from support.reference.values import same_numbers
from support.stores import MakeStore

from endtoend.answering import Answering

CENTRE = Centre(2021)
REFERENCE = Reference(CENTRE.records)
NEWEST = CENTRE.newest.date()
NO_CANARIES = {"canary_loss": None, "loss_upper_95": None}

# How the records come into which store, whether its days are packed, and whether the half of the
# records comes when they have been.
WAYS = (
    *("sqlite", "postgres", "import", "sqlite packed", "postgres packed"),
    *("sqlite late", "postgres late"),
)
# Of the ways: those whose stores share the filters.
MAIN = ("sqlite", "postgres", "sqlite packed", "postgres packed")
# The filters that tell late records from others.
LATE = ("account", "many", "direct until")


def days(back: int) -> Any:
    """The date a number of days before the newest record."""
    return NEWEST - timedelta(days=back)


FILTERS = {
    "all": Filter(),
    "staff": Filter(staff=True),
    "since": Filter(since=days(60)),
    "until": Filter(until=days(60)),
    "one day": Filter(since=days(0), until=days(0)),
    "system": Filter(system="cori"),
    "account": Filter(account="m4"),
    "other account": Filter(account="m5", staff=True),
    "compute": Filter(compute=True),
    "login": Filter(compute=False),
    "direct": Filter(direct=True),
    "many": Filter(
        since=days(120), until=days(30), system="perlmutter", compute=True, direct=True, staff=True
    ),
    "vouched": Filter(vouched=True),
    "partition": Filter(partition="gpu", direct=True),
    "quality of service": Filter(qos="debug", partition="cpu", staff=True),
    "person": Filter(user="user4", python="3.11"),
    "old pythons": Filter(python="<3.11", staff=True),
    "environment": Filter(prefix="/opt/conda"),
    "environments": Filter(prefix="/home/*/envs/*", subsystem="gpu"),
    "nothing": Filter(since=days(3), until=days(5)),
    "field": Filter(field="astronomy"),
    "unmapped": Filter(field="(unmapped)", pi=accounts.APART, staff=True),
    "account in one character": Filter(account="m\u00fc"),
    "account in two": Filter(account="mu\u0308"),
    "direct until": Filter(until=days(60), direct=True),
}
# What means nothing to a command, and is refused by it.
REFUSED: dict[str, dict[str, Any]] = {
    "user": {"staff": False, "user": None},
    "python": {"direct": False},
    "environments": {"direct": False},
    "who --by": {"direct": False},
}


@dataclass(frozen=True)
class Question:
    """A command line, and the reference's answer to it."""

    command: tuple[str, ...]
    answer: Callable[[Filter], Any]


QUESTIONS = {
    "top": Question(("top",), REFERENCE.top),
    "top by jobs": Question(("top", "--by", "jobs"), lambda f: REFERENCE.top(f, "jobs")),
    "top by processes": Question(
        ("top", "--by", "processes"), lambda f: REFERENCE.top(f, "processes")
    ),
    "top by node-hours": Question(
        ("top", "--by", "node-hours"), lambda f: REFERENCE.top(f, "node-hours")
    ),
    **{
        f"top per {unit}": Question(
            ("top", "--per", unit, "--accounts", accounts.file()),
            partial(REFERENCE.top, per=unit),
        )
        for unit in UNITS
    },
    "top per user of a package": Question(
        ("top", "--per", "user", "--package", "torch"),
        lambda f: REFERENCE.top(f, per="user", package="torch"),
    ),
    "package": Question(("package", "numpy"), lambda f: REFERENCE.package(f, "numpy")),
    "package in unicode": Question(("package", "größe"), lambda f: REFERENCE.package(f, "größe")),
    "package that looks like another": Question(
        ("package", APART), lambda f: REFERENCE.package(f, APART)
    ),
    "package without versions": Question(
        ("package", "multiprocessing"), lambda f: REFERENCE.package(f, "multiprocessing")
    ),
    "user": Question(("user", "user4"), lambda f: REFERENCE.user(f, "user4")),
    "user of the staff": Question(("user", "user2"), lambda f: REFERENCE.user(f, "user2")),
    "user by number": Question(("user", "#4711"), lambda f: REFERENCE.user(f, "#4711")),
    "user in unicode": Question(("user", "Ülkü"), lambda f: REFERENCE.user(f, "Ülkü")),
    "user who looks like another": Question(
        ("user", "U\u0308lku\u0308"), lambda f: REFERENCE.user(f, "U\u0308lku\u0308")
    ),
    "jobsizes": Question(("jobsizes",), REFERENCE.jobsizes),
    "jobsizes of a package": Question(
        ("jobsizes", "--package", "mpi4py"), lambda f: REFERENCE.jobsizes(f, "mpi4py")
    ),
    "correlate": Question(("correlate",), REFERENCE.correlate),
    "correlate a package": Question(
        ("correlate", "--package", "numpy"), lambda f: REFERENCE.correlate(f, "numpy")
    ),
    "correlate at least": Question(
        ("correlate", "--min", "0.05"), lambda f: REFERENCE.correlate(f, least=0.05)
    ),
    "environments": Question(("environments",), REFERENCE.environments),
    "trend": Question(("trend", "torch", "Bio"), lambda f: REFERENCE.trend(f, "torch", "Bio")),
    "trend of two names": Question(
        ("trend", "größe", APART), lambda f: REFERENCE.trend(f, "größe", APART)
    ),
    "versions": Question(("versions", "numpy"), lambda f: REFERENCE.versions(f, "numpy")),
    "versions that are none": Question(("versions", "PIL"), lambda f: REFERENCE.versions(f, "PIL")),
    "old versions": Question(
        ("versions", "numpy", "--older-than", "2.0"),
        lambda f: REFERENCE.versions(f, "numpy", "2.0"),
    ),
    "python": Question(("python",), REFERENCE.python),
    "ended": Question(("ended",), REFERENCE.ended),
    "ended of a package": Question(
        ("ended", "--package", "scipy"), lambda f: REFERENCE.ended(f, "scipy")
    ),
    "who": Question(("who", "h5py"), lambda f: REFERENCE.who(f, "h5py")),
    "who is behind": Question(
        ("who", "numpy", "--older-than", "2.0.0"), lambda f: REFERENCE.who(f, "numpy", "2.0.0")
    ),
    "who by node-hours": Question(
        ("who", "h5py", "--by", "node-hours"), lambda f: REFERENCE.who(f, "h5py", by="node-hours")
    ),
    "who has an old Python": Question(
        ("who", "--by", "last-seen", "--python", "<3.11"),
        # the last of two options counts
        lambda f: REFERENCE.who(replace(f, python=f.python or "<3.11"), by="last-seen"),
    ),
}


@pytest.fixture(scope="module")
def answering(make_store: MakeStore) -> Iterator[Answering]:
    """Sent to daemons of each kind, and imported from a file."""
    folder = Path(tempfile.mkdtemp(prefix="customs-questions-", dir="/tmp"))
    answering = Answering(CENTRE, make_store, folder)
    try:
        yield answering
    finally:
        for store in answering.stores.values():
            store.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module", params=WAYS)
def customs(request: pytest.FixtureRequest, answering: Answering) -> Customs:
    """The command on each store in turn; tests of one store run together."""
    return answering.by(request.param)


@pytest.fixture(scope="module", params=WAYS if IS_WHOLE else ("sqlite", "postgres packed"))
def one_of_each(request: pytest.FixtureRequest, answering: Answering) -> Customs:
    """The command on a store of each kind, for what the way of the records cannot concern."""
    return answering.by(request.param)


def filters(customs: Customs, turn: int = 0, *, is_alike: bool = False) -> dict[str, Filter]:
    """The filters that a question is asked with on this store: all, in a whole run.

    Else a question is asked with each filter once, on that of the four main stores whose turn it
    is; so each of them is asked with each filter, by some question. `is_alike`: questions that
    differ in little share the filters too. Without a filter each question is asked on each store.
    """
    way = customs.folder.name
    names = list(FILTERS)
    few: list[str]
    if way == "import":
        # only the way of the records differs
        few = ["many"] if IS_WHOLE or not is_alike else []
    elif way not in MAIN:
        few = list(LATE) if IS_WHOLE else [LATE[(turn + WAYS.index(way)) % len(LATE)]]
    elif IS_WHOLE:
        few = names
    else:
        shares = len(MAIN) * (4 if is_alike else 1)
        few = [name for place, name in enumerate(names, turn) if place % shares == MAIN.index(way)]
    return {name: FILTERS[name] for name in dict.fromkeys(["all", *few])}


@cache
def expected(question: str, wanted: Filter) -> Any:
    """The reference's answer, made once for all stores."""
    return same_numbers(QUESTIONS[question].answer(wanted))


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_answer_is_that_of_the_reference(customs: Customs, question: str) -> None:
    """With every filter, in every row and its place."""
    asked = QUESTIONS[question]
    turn = list(QUESTIONS).index(question)
    for name, chosen in filters(customs, turn, is_alike=question.startswith("top per")).items():
        refused = REFUSED.get(" ".join(asked.command[:2])) or REFUSED.get(asked.command[0], {})
        wanted = replace(chosen, **refused)
        answer = customs.json(*asked.command, *wanted.options())
        assert same_numbers(answer) == expected(question, wanted), name


def test_totals_are_those_of_the_reference(customs: Customs) -> None:
    """Of the summary, and of the envelope around another answer."""
    for name, wanted in filters(customs).items():
        today = datetime.now(UTC).date()
        answer = customs.json("summary", *wanted.options())
        expected = REFERENCE.summary(wanted, today)
        assert same_numbers({key: answer[key] for key in expected}) == same_numbers(expected), name
        silent = silent_count(REFERENCE.all, today)
        assert answer["quality"] == NO_CANARIES | {"hosts_silent": silent}
        if name in ("all", "many"):
            around = customs.json("top", "--envelope", *wanted.options())
            assert around.pop("rows") == customs.json("top", *wanted.options())
            assert around == {key: answer[key] for key in around}
    end = NEWEST.replace(day=1) - timedelta(days=1)
    answer = customs.json("summary", "--against", end.isoformat()[:7])
    expected = REFERENCE.summary(Filter(), today, against=(end.replace(day=1), end))
    assert same_numbers(answer["against"]) == same_numbers(expected["against"])


def test_hosts_are_those_of_the_reference(customs: Customs) -> None:
    """Each record counts for its own host, whichever run it went into."""
    today = datetime.now(UTC).date()
    for wanted in (Filter(), Filter(since=days(60)), Filter(since=days(90), until=days(20))):
        expected = hosts(REFERENCE.all, wanted, today)
        answer = customs.json("hosts", *wanted.options())
        assert same_numbers(answer) == same_numbers(expected)
    assert len(expected) > 10
    least = str(expected[3]["silent_days"])
    silent = customs.json("hosts", *wanted.options(), "--silent", least)
    assert same_numbers(silent) == same_numbers(
        [row for row in expected if row["silent_days"] >= int(least)]
    )


def test_stacks_are_those_of_the_reference(customs: Customs) -> None:
    """Whole sets of versions; equal sets have one name in every store."""

    def comparable(rows: list[dict[str, Any]]) -> list[str]:
        return sorted(
            repr([sorted(row["packages"].items()), row["users"], row["jobs"]]) for row in rows
        )

    for name, wanted in filters(customs).items():
        answer = customs.json("stacks", *wanted.options())
        assert comparable(answer) == comparable(REFERENCE.stacks(wanted)), name
        order = [(-row["users"], -row["jobs"], row["stack"]) for row in answer]
        assert order == sorted(order), name
        assert len({row["stack"] for row in answer}) == len(answer)


def test_new_packages_are_those_of_the_reference(customs: Customs) -> None:
    """Packages without any use before a day."""
    for back in (100, 99, 60, 0):
        for wanted in (Filter(since=days(back)), Filter(since=days(back), direct=True)):
            answer = customs.json("new", *wanted.options())
            assert answer == REFERENCE.new(wanted), back
    new = {row["package"] for row in REFERENCE.new(Filter(since=days(100)))}
    assert new == {"Bio", "größe", APART}


def test_times_count_for_their_day_in_utc(one_of_each: Customs) -> None:
    """With any offset."""
    customs = one_of_each
    told = {
        str(days(ago)): customs.json("top", "--until", str(days(ago))) for ago in range(24, 14, -1)
    }
    # a day that has usage, before another
    day, after = next(
        (day, after)
        for (before, day), (_, after) in pairwise(pairwise(told))
        if told[before] != told[day] != told[after]
    )
    for time, wanted in (
        *(("T00:00:00Z", day), ("t23:59:59.999999z", day), (" 12:00:00", day)),
        *(("T23:30:00-02:00", after), ("T22:30:00+02:00", day)),
    ):
        assert customs.json("top", "--until", day + time) == told[wanted], time
    assert customs.json("top", "--until", after + "T01:30:00+02:00") == told[day]


def test_limit_cuts_the_end_of_every_list(one_of_each: Customs) -> None:
    customs = one_of_each
    for command in (
        *(["top"], ["correlate"], ["environments"], ["stacks"]),
        *(["python"], ["ended"], ["jobsizes"]),
        *(["versions", "numpy"], ["who", "numpy"], ["new", "--since", str(days(100))]),
    ):
        whole = customs.json(*command)
        assert len(whole) > 1, command
        assert customs.json(*command, "--limit", "1") == whole[:1], command


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_all_stores_give_the_same_bytes(answering: Answering, form: str) -> None:
    """CSV and tables are made of the rows of JSON, so two stores show that for them.

    In a run that is not whole, each question is asked for one of these two.
    """
    ways = (WAYS if IS_WHOLE else MAIN) if form == "json" else ("sqlite", "postgres packed")
    commands = [asked.command for asked in QUESTIONS.values()]
    commands += [("stacks",), ("new", "--since", str(days(100)))]
    for command in commands if form == "json" else half(commands, int(form == "csv")):
        texts = {
            way: answering.by(way).text(command[0], "--format", form, *command[1:]) for way in ways
        }
        assert len(set(texts.values())) == 1, command


def test_jobs_of_one_number_are_told_apart(customs: Customs) -> None:
    """Job ids are equal on two clusters, after a requeue, and when numbers come round again."""
    known = {p.job for p in REFERENCE.all if p.job}
    several = 0
    numbers = sorted({job[1] for job in known})
    # a job's answer comes of its runs: packed days and the way of a file make no difference to it,
    # so the other stores share the numbers
    way = WAYS.index(customs.folder.name)
    is_brief = way > 0 and not IS_WHOLE
    for job_id in numbers[way - 1 :: len(WAYS) - 1] if is_brief else numbers:
        clusters = sorted({job[0] for job in known if job[1] == job_id})
        if len(clusters) > 1:
            assert customs.run("job", job_id).returncode == 64
        for cluster in clusters:
            own = [p for p in REFERENCE.all if p.job and p.job[:2] == (cluster, job_id)]
            jobs = _apart(own)
            several += len(jobs) > 1
            for place, processes in enumerate(jobs):
                words = ["job", job_id, "--cluster", cluster]
                if place > 0:
                    words += ["--day", max(p.day for p in processes).isoformat()]
                answer = customs.json(*words)
                assert len(answer.get("same_number", ())) == len(jobs) - 1
                _check_job(answer, processes)
                assert answer["cluster"] == cluster
    assert several > 3 or is_brief


def _apart(own: list[Process]) -> list[list[Process]]:
    """The processes of each job of a number, whatever start they are of: the newest job first."""
    jobs: list[list[Process]] = []
    for p in sorted(own, key=lambda p: p.start):
        if jobs and p.start.date() <= max(q.day for q in jobs[-1]) + timedelta(days=SILENCE):
            jobs[-1].append(p)
        else:
            jobs.append([p])
    return jobs[::-1]


def _check_job(answer: Any, own: list[Process]) -> None:
    assert sum(run["processes"] for run in answer["runs"]) == len(own)
    packages = {(name, v) for p in own for name, v in p.packages.items()}
    told = {(name, v) for run in answer["runs"] for name, v in run["packages"].items()}
    assert told == packages
    last = max(p.job[2] for p in own if p.job)
    assert answer["num_nodes"] == next(p.nodes for p in own if p.job and p.job[2] == last)
