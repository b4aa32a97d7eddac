"""Kinds of environments, by the built-in rules."""

from __future__ import annotations

import re

from support.reference.processes import Process


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
