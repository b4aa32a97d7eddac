"""The answers to all questions from the raw records: dicts and sets, and no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

from packaging.version import Version

from support.centre import Record
from support.job_numbers import Job, jobs_of
from support.reference import accounts as mapped
from support.reference.counting import (
    UNITS_OF_JOBS,
    by_package,
    by_unit,
    ends,
    ends_of_jobs,
    group,
    is_told,
    jobs,
    most_used,
    node_seconds,
    pearson,
    users,
)
from support.reference.environments import is_boxed, kind
from support.reference.filters import Filter, fits
from support.reference.last_jobs import last_jobs
from support.reference.periods import Span, change, period, period_before
from support.reference.processes import MOST_NODES, Process, process
from support.reference.values import smallest_first, stamp, unknown_first
from support.reference.versions import is_older, oldest_first, pep440


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

    def top(
        self,
        wanted: Filter,
        by: str = "users",
        per: str = "package",
        package: str | None = None,
    ) -> list[Record]:
        chosen = self.select(wanted)
        hours = {job: node_seconds(chosen, job) for job in jobs(chosen)}
        rows: list[Record] = [
            {
                per: name,
                "users": len(users(own)),
                "jobs": len(jobs(own)),
                "processes": len(own),
                "node_hours": sum(hours[job] for job in jobs(own)) / 3_600,
            }
            for name, own in by_unit(per, self._counted(chosen, wanted, per, package)).items()
            if is_told(own, wanted)
        ]
        key = by.replace("-", "_")
        return sorted(rows, key=lambda row: (-row[key], unknown_first(row[per])))

    def summary(self, wanted: Filter, today: date, against: Span | None = None) -> Record:
        """Without the quality, which no record tells. By default against the period before."""
        first = wanted.since or min(p.day for p in self.all)
        span = (first, wanted.until or max(first, today))
        if wanted.since and against is None:
            against = period_before(*span, today)
        told = self._totals(wanted, span)
        answer: Record = {
            "period": period(*span, today),
            "filters": {"include_staff": wanted.staff, **wanted.described()},
            "totals": told,
            "against": None,
        }
        if against:
            before = self._totals(wanted, against)
            answer["against"] = {
                "period": period(*against, today),
                "totals": before,
                "change": {key: change(before[key], told[key]) for key in told},
            }
        return answer

    def _totals(self, wanted: Filter, span: Span) -> Record:
        chosen = self.select(replace(wanted, since=span[0], until=span[1]))
        own = [p for p in chosen if p.packages or not wanted.direct]
        return {
            "users": len(users(own)),
            "jobs": len(jobs(own)),
            "processes": len(own),
            "node_hours": sum(node_seconds(chosen, job) for job in jobs(own)) / 3_600,
            "gpu_hours": None,
        }

    @staticmethod
    def _counted(
        chosen: list[Process], wanted: Filter, per: str, package: str | None
    ) -> list[Process]:
        """Of pruned usage the jobs are unknown, and so all that jobs say."""
        return [
            p
            for p in chosen
            if (p.packages or not wanted.direct)
            and (package is None or package in p.packages)
            and not (p.pruned and per in UNITS_OF_JOBS)
        ]

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
            "last_jobs": last_jobs(chosen),
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
            {"package": name, "processes": len(own), **ends(own), **ends_of_jobs(own)}
            for name, own in by_package(p for p in self.select(wanted) if not p.pruned).items()
            if package in (None, name) and len(users(own)) >= wanted.public
        ]
        return sorted(rows, key=lambda row: (-row["processes"], row["package"]))

    def who(
        self,
        wanted: Filter,
        name: str | None = None,
        older_than: str | None = None,
        by: str = "processes",
    ) -> list[Record]:
        """The users of a package, or of the Pythons and environments that the filter leaves."""
        chosen = self.select(wanted)
        own = [p for p in chosen if p.user and (name is None or name in p.packages)]
        if name and older_than:
            own = [p for p in own if is_older(p.packages[name], older_than)]
        seconds = {job: node_seconds(chosen, job) for job in jobs(own)}
        key, version = ("versions", _version(name)) if name else ("pythons", _python)
        rows: list[Record] = [
            {
                "username": user,
                "jobs": len(jobs(some)),
                "processes": len(some),
                "last_seen": max(p.day for p in some).isoformat(),
                key: oldest_first({v for p in some if (v := version(p)) is not None}),
                "accounts": sorted({p.account for p in some if p.account}),
                "programs": most_used(p.record.get("main") for p in some if not p.pruned)[:5],
                "node_hours": sum(seconds[job] for job in jobs(some)) / 3_600,
                **(mapped.lists(p.account for p in some) if wanted.needs_accounts() else {}),
            }
            for user, some in group(own, lambda p: p.user or "").items()
        ]
        rows.sort(key=lambda row: row["username"])
        return sorted(rows, key=lambda row: row[by.replace("-", "_")], reverse=True)


def _version(package: str) -> Callable[[Process], str | None]:
    return lambda p: p.packages[package]


def _python(p: Process) -> str | None:
    return p.record.get("python") or None
