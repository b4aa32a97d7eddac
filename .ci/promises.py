"""Refuses a promise of docs/threat-model.md that names no test, or a test that does not exist."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "docs/threat-model.md"
#: The heading above the tables of promises, and the one below them.
FIRST, LAST = "## Boundaries and promises", "## What is not a vulnerability"
#: `folder/test_file.py::test_name` below Acceptance/, or `Tests/XTests/File.swift::title`; a test
#: without a title has its name there.
TEST = re.compile(r"`([^`:]+\.(?:py|swift))::([^`]+)`")


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Yields faults of the tables of promises with the number of their line."""
    is_promise = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            is_promise = line == FIRST
        if not is_promise or not line.startswith("|") or line.startswith(("| promise", "|---")):
            continue
        tests = TEST.findall(line)
        if not tests:
            yield number, "a promise without a test"
        for file, name in tests:
            if not has(file, name):
                yield number, f"there is no test {file}::{name}"


def has(file: str, name: str) -> bool:
    """Whether a file of tests has a test of this name."""
    path = ROOT / file if file.startswith("Tests/") else ROOT / "Acceptance" / file
    if not path.exists():
        return False
    text = path.read_text()
    if path.suffix == ".swift":
        return f'"{name}"' in text or f"@Test func {name}(" in text
    return f"def {name}(" in text


def main() -> int:
    """Prints faults; 1 if there is one."""
    text = MODEL.read_text()
    if FIRST not in text or LAST not in text:
        print(f"{MODEL}: lacks '{FIRST}' or '{LAST}'", file=sys.stderr)
        return 1
    found = [f"{MODEL.relative_to(ROOT)}:{number}: {what}" for number, what in faults(text)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
