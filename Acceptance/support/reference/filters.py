"""Which usage counts, as the options of a question select it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from support.reference import accounts
from support.reference.processes import Process
from support.reference.versions import is_among


@dataclass(frozen=True)
class Filter:
    """Which usage counts, as the options say it."""

    since: date | None = None
    until: date | None = None
    system: str | None = None
    subsystem: str | None = None
    account: str | None = None
    partition: str | None = None
    qos: str | None = None
    project: str | None = None
    pi: str | None = None
    field: str | None = None
    user: str | None = None
    python: str | None = None
    prefix: str | None = None
    staff: bool = False
    compute: bool | None = None
    direct: bool = False
    # The records of the reference come by transports that vouch for no one.
    vouched: bool = False
    # The smallest number of people of a group in the answer.
    public: int = 0

    def options(self) -> list[str]:
        """The command line's words for it."""
        words: list[str] = []
        jobs = ("account", "partition", "qos")
        names = ("since", "until", "system", "subsystem", *jobs, *accounts.PROPERTIES)
        for name in (*names, "user", "python", "prefix"):
            value = getattr(self, name)
            if value is not None:
                words += [f"--{name}", str(value)]
        if self.needs_accounts():
            words += ["--accounts", accounts.file()]
        words += ["--include-staff"] * self.staff + ["--direct"] * self.direct
        words += ["--vouched"] * self.vouched
        if self.compute is not None:
            words.append("--compute" if self.compute else "--login")
        if self.public:
            words += ["--public", "--min-users", str(self.public)]
        return words

    def needs_accounts(self) -> bool:
        """Whether it is about what accounts belong to."""
        return any(getattr(self, name) is not None for name in accounts.PROPERTIES)

    def described(self) -> dict[str, str | bool]:
        """What an answer says of it, besides days and staff."""
        given: dict[str, str | bool | None] = {
            "system": self.system,
            "subsystem": self.subsystem,
            "account": self.account,
            "partition": self.partition,
            "qos": self.qos,
            "user": self.user,
            **{name: getattr(self, name) for name in accounts.PROPERTIES},
            "python": self.python,
            "prefix": self.prefix,
            "compute": self.compute or None,
            "login": True if self.compute is False else None,
            "direct": self.direct or None,
            "vouched": self.vouched or None,
        }
        return {name: value for name, value in given.items() if value is not None}


def fits(p: Process, wanted: Filter) -> bool:
    """Whether a filter leaves it."""
    return (
        (wanted.since is None or p.day >= wanted.since)
        and (wanted.until is None or p.day <= wanted.until)
        and (wanted.system is None or p.record.get("system") == wanted.system)
        and (wanted.subsystem is None or p.record.get("subsystem") == wanted.subsystem)
        and (wanted.user is None or p.user == wanted.user)
        and (wanted.python is None or is_among(p.record.get("python"), wanted.python))
        and (wanted.prefix is None or _matches(p.record.get("prefix"), wanted.prefix))
        and (wanted.account is None or (p.job is not None and p.account == wanted.account))
        and all(
            getattr(wanted, name) in (None, accounts.value(p.account, name) if p.job else "")
            for name in accounts.PROPERTIES
        )
        and (wanted.partition is None or _is_of_job(p, "partition", wanted.partition))
        and (wanted.qos is None or _is_of_job(p, "qos", wanted.qos))
        and not wanted.vouched
        and (wanted.staff or not p.record.get("is_staff"))
        and (wanted.compute is None or bool(p.record.get("is_compute")) == wanted.compute)
    )


def _is_of_job(p: Process, key: str, value: str) -> bool:
    """Whether the process is of a job whose records say this, each of them the same."""
    return p.job is not None and p.record.get(key) == value


def _matches(path: str | None, pattern: str) -> bool:
    """Whether a path fits a pattern, in which stars stand for any text."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path or ""))
