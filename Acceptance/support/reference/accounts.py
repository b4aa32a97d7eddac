"""What accounts belong to, and the file that a site would write of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

UNMAPPED = "(unmapped)"

# Looks like another name, and is none.
APART = unicodedata.normalize("NFD", "Größe")

# Of the accounts of `support.centre`: some are missing, and one has a value less.
CHARGED: dict[str, dict[str, str]] = {
    "m1": {"project": 'Dark, dark "matter"', "pi": "Rubin, Vera", "field": "astronomy"},
    "m4": {"project": "Galaxies", "pi": "Rubin, Vera", "field": "astronomy"},
    "m5": {"project": "Catalysts", "pi": "Curie", "field": "chemistry"},
    "m6": {"project": "Pulsars", "pi": "Größe", "field": "astronomy"},
    "m7": {"project": "Catalysts", "pi": APART},
    unicodedata.normalize("NFC", "mü"): {"project": "=1+1", "pi": "Curie", "field": "chemistry"},
    "never used": {"project": "Old", "pi": "Nobody", "field": "history"},
}
PROPERTIES = ("project", "pi", "field")


def value(account: str, name: str) -> str | None:
    """What the account of a job belongs to; none without an account."""
    if not account:
        return None
    return CHARGED.get(account, {}).get(name, UNMAPPED)


def lists(accounts: Iterable[str]) -> dict[str, list[str]]:
    """What some accounts belong to."""
    known = {account for account in accounts if account}
    return {f"{name}s": sorted({value(a, name) or "" for a in known}) for name in PROPERTIES}


@cache
def folder() -> TemporaryDirectory[str]:
    """Removed when the tests end."""
    return TemporaryDirectory(prefix="customs-accounts-", dir="/tmp")


@cache
def file() -> str:
    """The path of the file, as a spreadsheet may write it."""

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    lines = ["field,Account,pi,Title,project"]
    for account, known in CHARGED.items():
        cells = [known.get("field", ""), account, known["pi"], "", known["project"]]
        lines.append(",".join(quoted(cell) if cell else "" for cell in cells))
    path = Path(folder().name) / "accounts.csv"
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return str(path)
