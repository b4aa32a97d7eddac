"""Comparison and order of versions by PEP 440."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version


def pep440(version: str | None) -> Version | None:
    """None for what is no version."""
    try:
        return Version(version or "")
    except InvalidVersion:
        return None


def is_older(version: str | None, than: str) -> bool:
    """A version that cannot be compared is not older."""
    known = pep440(version)
    return known is not None and known < Version(than)


def is_among(version: str | None, conditions: str) -> bool:
    """Whether a version fits; a version alone stands for all that begin with it."""
    known = pep440(version)
    if conditions[0].isdigit():
        conditions = f"=={conditions}.*"
    return known is not None and SpecifierSet(conditions).contains(known, prereleases=True)


def oldest_first(versions: set[str]) -> list[str]:
    """Versions in their order; those that cannot be compared come first."""
    known = [version for version in versions if pep440(version)]
    known.sort(key=lambda version: pep440(version) or Version("0"))
    return sorted(version for version in versions if not pep440(version)) + known
