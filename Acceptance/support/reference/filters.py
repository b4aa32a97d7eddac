"""Which usage counts, as the options of a question select it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from support.reference.processes import Process


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
    # The records of the reference come by transports that vouch for no one.
    vouched: bool = False
    # The smallest number of people of a group in the answer.
    public: int = 0

    def options(self) -> list[str]:
        """The command line's words for it."""
        words: list[str] = []
        for name in ("since", "until", "system", "account"):
            value = getattr(self, name)
            if value is not None:
                words += [f"--{name}", str(value)]
        words += ["--include-staff"] * self.staff + ["--direct"] * self.direct
        words += ["--vouched"] * self.vouched
        if self.compute is not None:
            words.append("--compute" if self.compute else "--login")
        if self.public:
            words += ["--public", "--min-users", str(self.public)]
        return words


def fits(p: Process, wanted: Filter) -> bool:
    """Whether a filter leaves it."""
    return (
        (wanted.since is None or p.day >= wanted.since)
        and (wanted.until is None or p.day <= wanted.until)
        and (wanted.system is None or p.record.get("system") == wanted.system)
        and (wanted.account is None or (p.job is not None and p.account == wanted.account))
        and not wanted.vouched
        and (wanted.staff or not p.record.get("is_staff"))
        and (wanted.compute is None or bool(p.record.get("is_compute")) == wanted.compute)
    )
