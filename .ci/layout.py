"""Refuses long code files, full folders, and a README of Acceptance that misses a file."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
#: Lines of a file, by its kind.
LONGEST = {".py": 400, ".swift": 450}
FULLEST_FOLDER = 20
#: A heading of a folder, or the line of a file below it.
ENTRY = re.compile(r"^## `(?P<folder>[^`]+)`|^- `(?P<file>[^`]+)`: \S", re.MULTILINE)
#: Files that say what their folder says.
UNLISTED = {"README.md", "__init__.py"}


def tracked() -> list[PurePosixPath]:
    """Files that git tracks, or would, and that are still there."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return [PurePosixPath(name) for name in names if name and (ROOT / name).is_file()]


def listed() -> set[PurePosixPath]:
    """Files that the README of Acceptance has a line for."""
    found: set[PurePosixPath] = set()
    folder = PurePosixPath("Acceptance")
    for entry in ENTRY.finditer((ROOT / "Acceptance" / "README.md").read_text()):
        if entry["folder"]:
            folder = PurePosixPath("Acceptance") / entry["folder"]
        else:
            found.add(folder / entry["file"])
    return found


def faults() -> Iterator[str]:
    """Yields each fault with its file or folder."""
    files = tracked()
    code = [path for path in files if path.suffix in LONGEST]
    for path in code:
        lines = len((ROOT / path).read_text().splitlines())
        if lines > LONGEST[path.suffix]:
            yield f"{path}: {lines} lines; at most {LONGEST[path.suffix]}"
    for (folder, kind), count in Counter((path.parent, path.suffix) for path in code).items():
        if count > FULLEST_FOLDER:
            yield f"{folder}: {count} files {kind} side by side; at most {FULLEST_FOLDER}"
    suites = {p for p in files if p.parts[0] == "Acceptance" and p.name not in UNLISTED}
    for path in sorted(suites - listed()):
        yield f"{path}: no line in Acceptance/README.md"
    for path in sorted(listed() - suites):
        yield f"{path}: in Acceptance/README.md, but not there"


def main() -> int:
    # an unpacked archive of the sources has no list of its files
    found = list(faults()) if (ROOT / ".git").exists() else []
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
