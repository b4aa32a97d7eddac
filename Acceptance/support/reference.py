"""The answers to all questions from the raw records: dicts and sets, and no database."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from packaging.version import InvalidVersion, Version

from support.centre import Record
from support.job_numbers import Job, beginning, jobs_of, moment

# docs/life-of-a-record.md, "Doubted values"
MOST_NODES = 1_000_000
Key = TypeVar("Key")


@dataclass(frozen=True)
class Filter:
    """Which usage counts, as the options say it."""

    since: date | None = None
    until: date | None = None
    system: str | None = None
    account: str | None = None
    staff: bool = False
    compute: bool | None = None
    direct: bool = False
    # Only what so many people did.
    public: int = 0

    def options(self) -> list[str]:
        """The command line's words for it."""
        words: list[str] = []
        for name in ("since", "until", "system", "account"):
            value = getattr(self, name)
            if value is not None:
                words += [f"--{name}", str(value)]
        words += ["--include-staff"] * self.staff + ["--direct"] * self.direct
        if self.compute is not None:
            words.append("--compute" if self.compute else "--login")
        if self.public:
            words += ["--public", "--min-users", str(self.public)]
        return words


@dataclass(frozen=True)
class Process:
    """One record, as far as questions go."""

    user: str | None
    job: Job | None
    nodes: int | None
    account: str
    day: date
    time: datetime
    start: datetime
    end: str
    packages: dict[str, str | None]
    record: Record
    # Of what was pruned there are the day, the user, the environment and the packages.
    pruned: bool = False


class Reference:
    """Answers like `customs COMMAND --format json`."""

    def __init__(
        self,
        records: Iterable[Record],
        pruned_before: date | None = None,
        jobs_known_of: Iterable[Record] | None = None,
    ) -> None:
        """`jobs_known_of`: all records that the store had, if `records` are those left of them."""
        records = list(records)
        accounts: dict[Job, str] = {}
        nodes: dict[Job, int] = {}
        # a job's account and size are the whole job's, whichever of its records says them
        told = records if jobs_known_of is None else list(jobs_known_of)
        job_of = {id(record): job for record, job in zip(told, jobs_of(told), strict=True)}
        jobs = [job_of[id(record)] for record in records]
        for record in told:
            job = job_of[id(record)]
            if job and record.get("repo"):
                accounts.setdefault(job, record["repo"])
            if job and record.get("num_nodes") is not None and record["num_nodes"] <= MOST_NODES:
                nodes.setdefault(job, record["num_nodes"])
        self.all = [
            process(record, job, accounts, nodes, pruned_before)
            for record, job in zip(records, jobs, strict=True)
        ]

    # Selection

    def select(self, wanted: Filter) -> list[Process]:
        """The processes that a filter leaves, with the packages that it leaves."""
        return [self._only_direct(p) if wanted.direct else p for p in self.all if fits(p, wanted)]

    @staticmethod
    def _only_direct(p: Process) -> Process:
        named = set(p.record.get("direct") or ())
        kept = {name: version for name, version in p.packages.items() if name in named}
        return Process(**{**p.__dict__, "packages": kept})

    # Questions

    def top(self, wanted: Filter, by: str = "users") -> list[Record]:
        chosen = self.select(wanted)
        hours = {job: node_seconds(chosen, job) for job in jobs(chosen)}
        rows: list[Record] = [
            {
                "package": name,
                "users": len(users(own)),
                "jobs": len(jobs(own)),
                "processes": len(own),
                "node_hours": sum(hours[job] for job in jobs(own)) / 3_600,
            }
            for name, own in by_package(chosen).items()
            if is_told(own, wanted)
        ]
        key = by.replace("-", "_")
        return sorted(rows, key=lambda row: (-row[key], row["package"]))

    def package(self, wanted: Filter, name: str) -> Record:
        chosen = self.select(wanted)
        own = by_package(chosen).get(name, [])
        months = group(own, lambda p: p.day.isoformat()[:7])
        sizes = group([p for p in own if p.job], lambda p: p.nodes)
        versions: list[Record] = [
            {"version": version, "users": len(users(some)), "jobs": len(jobs(some))}
            for version, some in group(own, lambda p: p.packages[name]).items()
        ]
        # an unknown version stands behind an empty one
        versions.sort(
            key=lambda row: (
                -row["users"],
                -row["jobs"],
                row["version"] or "",
                row["version"] is None,
            )
        )
        return {
            "package": name,
            "users": len(users(own)),
            "jobs": len(jobs(own)),
            "processes": len(own),
            "first_seen": stamp(min((p.time for p in own), default=None)),
            "last_seen": stamp(max((p.time for p in own), default=None)),
            "versions": versions,
            "by_month": [
                {"month": month, "users": len(users(some)), "jobs": len(jobs(some))}
                for month, some in sorted(months.items())
            ],
            "job_sizes": [
                {"nodes": nodes, "jobs": len(jobs(some))}
                for nodes, some in sorted(sizes.items(), key=lambda item: smallest_first(item[0]))
            ],
            "used_with": self._used_with(chosen, name),
        }

    def _used_with(self, chosen: list[Process], name: str) -> list[Record]:
        of = {other: jobs(own) for other, own in by_package(chosen).items()}
        rows: list[Record] = [
            {
                "package": other,
                "jobs": len(of[other] & of[name]),
                "pearson": pearson(of[other], of[name], jobs(chosen)),
            }
            for other in of
            if other != name and name in of and of[other] & of[name]
        ]
        return sorted(rows, key=lambda row: (-row["jobs"], row["package"]))[:20]

    def user(self, wanted: Filter, name: str) -> Record:
        chosen = [
            p for p in self.select(Filter(**{**wanted.__dict__, "staff": True})) if p.user == name
        ]
        uses = {package: len(own) for package, own in by_package(chosen).items()}
        prefixes = group(
            [p for p in chosen if p.record.get("prefix")], lambda p: p.record["prefix"]
        )
        places = {prefix: len(own) for prefix, own in prefixes.items()}
        return {
            "username": name,
            "jobs": len(jobs(chosen)),
            "processes": len(chosen),
            "packages": sorted(uses, key=lambda package: (-uses[package], package)),
            "environments": sorted(places, key=lambda prefix: (-places[prefix], prefix)),
        }

    def jobsizes(self, wanted: Filter, package: str | None = None) -> list[Record]:
        chosen = [
            p
            for p in self.select(wanted)
            if (p.packages or not wanted.direct) and (package is None or package in p.packages)
        ]
        sizes = group([p for p in chosen if p.job], lambda p: p.nodes)
        return [
            {"nodes": nodes, "jobs": len(jobs(own))}
            for nodes, own in sorted(sizes.items(), key=lambda item: smallest_first(item[0]))
            if len(users(own)) >= wanted.public
        ]

    def correlate(
        self, wanted: Filter, package: str | None = None, least: float = -1.0
    ) -> list[Record]:
        chosen = self.select(wanted)
        of = {name: jobs(own) for name, own in by_package(chosen).items() if jobs(own)}
        everything = jobs(chosen)
        if package is None:
            pairs = [(a, b) for a in sorted(of) for b in sorted(of) if a < b]
        else:
            pairs = [(package, b) for b in sorted(of) if b != package and package in of]
        rows: list[Record] = [
            {"a": a, "b": b, "pearson": r, "jobs": len(of[a] & of[b])}
            for a, b in pairs
            if (r := pearson(of[a], of[b], everything)) is not None
            and r >= least
            and len(users(p for p in chosen if p.job in of[a] & of[b])) >= wanted.public
        ]
        return sorted(rows, key=lambda row: (-row["pearson"], row["a"], row["b"]))

    def environments(self, wanted: Filter) -> list[Record]:
        rows: list[Record] = [
            {
                "kind": kind(prefix, boxed),
                "prefix": prefix,
                "users": len(users(own)),
                "jobs": len(jobs(own)),
            }
            for (prefix, boxed), own in group(
                self.select(wanted), lambda p: (p.record.get("prefix"), is_boxed(p))
            ).items()
            if is_told(own, wanted) and not (wanted.public and self._is_personal(prefix))
        ]
        return sorted(
            rows, key=lambda row: (-row["users"], -row["jobs"], row["prefix"] or "", row["kind"])
        )

    def _is_personal(self, prefix: str | None) -> bool:
        named = {p.user for p in self.all}
        return any(part in named for part in (prefix or "").split("/"))

    def stacks(self, wanted: Filter) -> list[Record]:
        """Without the stacks' names, and so in any order among those of as many users and jobs."""
        sets = group(
            [p for p in self.select(wanted) if p.packages],
            lambda p: tuple(sorted(p.packages.items(), key=lambda item: item[0])),
        )
        return [
            {"packages": dict(packages), "users": len(users(own)), "jobs": len(jobs(own))}
            for packages, own in sets.items()
            if is_told(own, wanted)
        ]

    def trend(self, wanted: Filter, *names: str) -> list[Record]:
        packages = by_package(self.select(wanted))
        return [
            {"package": name, "month": month, "users": len(users(own)), "jobs": len(jobs(own))}
            for name in names
            for month, own in sorted(
                group(packages.get(name, []), lambda p: p.day.isoformat()[:7]).items()
            )
            if is_told(own, wanted)
        ]

    def versions(self, wanted: Filter, name: str, older_than: str | None = None) -> list[Record]:
        own = by_package(self.select(wanted)).get(name, [])
        rows: list[Record] = [
            {
                "version": version,
                "users": len(users(some)),
                "jobs": len(jobs(some)),
                "last_seen": max(p.day for p in some).isoformat(),
            }
            for version, some in group(own, lambda p: p.packages[name]).items()
            if (older_than is None or is_older(version, older_than)) and is_told(some, wanted)
        ]
        known = [row for row in rows if pep440(row["version"])]
        rest = [row for row in rows if not pep440(row["version"])]
        known.sort(key=lambda row: pep440(row["version"]) or Version("0"), reverse=True)
        return known + sorted(rest, key=lambda row: (row["version"] is None, row["version"] or ""))

    def new(self, wanted: Filter) -> list[Record]:
        assert wanted.since
        before = Filter(
            **{**wanted.__dict__, "since": None, "until": wanted.since - timedelta(days=1)}
        )
        old = by_package(self.select(before))
        rows: list[Record] = [
            {
                "package": name,
                "first_seen": min(p.day for p in own).isoformat(),
                "users": len(users(own)),
                "jobs": len(jobs(own)),
            }
            for name, own in by_package(self.select(wanted)).items()
            if name not in old and is_told(own, wanted)
        ]
        rows.sort(key=lambda row: (-row["users"], row["package"]))
        return sorted(rows, key=lambda row: row["first_seen"], reverse=True)

    def python(self, wanted: Filter) -> list[Record]:
        rows: list[Record] = [
            {
                "python": python,
                "implementation": implementation,
                "users": len(users(own)),
                "jobs": len(jobs(own)),
                "processes": len(own),
            }
            for (python, implementation), own in group(
                self.select(wanted),
                lambda p: (p.record.get("python"), p.record.get("implementation")),
            ).items()
            if is_told(own, wanted)
        ]
        return sorted(
            rows,
            key=lambda row: (
                *(-row["users"], -row["processes"]),
                *(row["python"] or "", row["implementation"] or ""),
            ),
        )

    def ended(self, wanted: Filter, package: str | None = None) -> list[Record]:
        rows: list[Record] = [
            {
                "package": name,
                "processes": len(own),
                **{
                    end: sum(p.end == end for p in own)
                    for end in ("exit", "exception", "signal", "killed")
                },
            }
            for name, own in by_package(p for p in self.select(wanted) if not p.pruned).items()
            if package in (None, name) and len(users(own)) >= wanted.public
        ]
        return sorted(rows, key=lambda row: (-row["processes"], row["package"]))

    def who(self, wanted: Filter, name: str, older_than: str | None = None) -> list[Record]:
        own = [
            p
            for p in by_package(self.select(wanted)).get(name, [])
            if p.user and (older_than is None or is_older(p.packages[name], older_than))
        ]
        rows: list[Record] = [
            {
                "username": user,
                "jobs": len(jobs(some)),
                "processes": len(some),
                "last_seen": max(p.day for p in some).isoformat(),
                "versions": oldest_first({v for p in some if (v := p.packages[name]) is not None}),
            }
            for user, some in group(own, lambda p: p.user or "").items()
        ]
        return sorted(rows, key=lambda row: (-row["processes"], row["username"]))


# Records


def process(
    record: Record,
    job: Job | None,
    accounts: dict[Job, str],
    nodes: dict[Job, int],
    pruned_before: date | None = None,
) -> Process:
    """A record's facts, and those of its job."""
    time = moment(record)
    pruned = pruned_before is not None and time.date() < pruned_before
    if pruned:
        job = None
    user = record.get("username")
    if not user and record.get("uid") is not None:
        user = f"#{record['uid']}"
    return Process(
        user=user or None,
        job=job,
        nodes=nodes.get(job) if job else None,
        account=accounts.get(job, "") if job else "",
        day=time.date(),
        time=time,
        start=beginning(record),
        end=record.get("end") or "exit",
        packages=record["packages"],
        record=record,
        pruned=pruned,
    )


def fits(p: Process, wanted: Filter) -> bool:
    """Whether a filter leaves it."""
    return (
        (wanted.since is None or p.day >= wanted.since)
        and (wanted.until is None or p.day <= wanted.until)
        and (wanted.system is None or p.record.get("system") == wanted.system)
        and (wanted.account is None or (p.job is not None and p.account == wanted.account))
        and (wanted.staff or not p.record.get("is_staff"))
        and (wanted.compute is None or bool(p.record.get("is_compute")) == wanted.compute)
    )


# Counting


def users(chosen: Iterable[Process]) -> set[str]:
    """Each person once; the nameless do not count."""
    return {p.user for p in chosen if p.user}


def jobs(chosen: Iterable[Process]) -> set[Job]:
    """Each job once."""
    return {p.job for p in chosen if p.job}


def is_told(own: list[Process], wanted: Filter) -> bool:
    """Whether so many people did it, and those whose jobs are counted are so many, too."""
    left = [p for p in own if not p.pruned]
    return len(users(own)) >= wanted.public and (not jobs(own) or len(users(left)) >= wanted.public)


def group(chosen: Iterable[Process], key: Callable[[Process], Key]) -> dict[Key, list[Process]]:
    """Processes by whatever they have in common."""
    groups: dict[Key, list[Process]] = defaultdict(list)
    for p in chosen:
        groups[key(p)].append(p)
    return groups


def by_package(chosen: Iterable[Process]) -> dict[str, list[Process]]:
    """The processes that used each package."""
    groups: dict[str, list[Process]] = defaultdict(list)
    for p in chosen:
        for name in p.packages:
            groups[name].append(p)
    return groups


def node_seconds(chosen: Iterable[Process], job: Job) -> int:
    """From the start of the job's first process to the end of its last, times its nodes."""
    own = [p for p in chosen if p.job == job]
    lasted = max(p.time for p in own) - min(p.start for p in own)
    nodes = own[0].nodes
    return (1 if nodes is None else nodes) * int(lasted / timedelta(seconds=1))


def pearson(a: set[Job], b: set[Job], everything: set[Job]) -> float | None:
    """By the textbook, of two vectors with 1 for each job that used the package."""
    n = len(everything)
    x = [float(job in a) for job in everything]
    y = [float(job in b) for job in everything]
    mean_x, mean_y = sum(x) / n, sum(y) / n
    covariance = sum((i - mean_x) * (j - mean_y) for i, j in zip(x, y, strict=True))
    spread = math.sqrt(sum((i - mean_x) ** 2 for i in x) * sum((j - mean_y) ** 2 for j in y))
    # sums of fractions are noisy behind the twelfth digit, and rows are sorted by this
    return round(covariance / spread, 12) + 0.0 if spread > 1e-9 else None


# Versions


def pep440(version: str | None) -> Version | None:
    """None for what is no version."""
    try:
        return Version(version or "")
    except InvalidVersion:
        return None


def is_older(version: str | None, than: str) -> bool:
    """What cannot be compared is not older."""
    known = pep440(version)
    return known is not None and known < Version(than)


def oldest_first(versions: set[str]) -> list[str]:
    """Those that cannot be compared first."""
    known = [version for version in versions if pep440(version)]
    known.sort(key=lambda version: pep440(version) or Version("0"))
    return sorted(version for version in versions if not pep440(version)) + known


# Environments


def is_boxed(p: Process) -> bool:
    """Whether it ran in a container."""
    return bool(p.record.get("container") or p.record.get("is_shifter"))


def kind(prefix: str | None, boxed: bool) -> str:
    """By the built-in rules, as far as the centre's prefixes need them."""
    rules = (
        ("spack", r".*/spack/"),
        ("conda", r".*(conda|miniforge)"),
        ("venv", r".*venv"),
        ("module", r"/opt/cray/"),
        ("system", r"(/usr|/usr/local)$"),
    )
    if boxed:
        return "container"
    return next((name for name, rule in rules if re.match(rule, prefix or "")), "other")


def smallest_first(nodes: int | None) -> int:
    """An unknown number before all others."""
    return -1 if nodes is None else nodes


def stamp(time: datetime | None) -> str | None:
    """As JSON has it: with as many digits as are needed."""
    return None if time is None else time.isoformat()


def same_numbers(answer: Any) -> Any:
    """The answer with its fractions to nine digits and its times as times."""
    if isinstance(answer, float):
        return round(answer, 9)
    if isinstance(answer, list):
        return [same_numbers(each) for each in answer]
    if isinstance(answer, dict):
        return {
            key: _moment(value) if key in TIMES else same_numbers(value)
            for key, value in answer.items()
        }
    return answer


TIMES = ("first_seen", "last_seen")


def _moment(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text and "T" in text else text
