"""The hook's folder: who runs which file, and that users' programs run nothing of the others."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.receiver import HOOK

PACKAGE = HOOK / "customs_hook"
#: Folders with nothing that runs in users' programs.
OTHERS = ("sweeper", "install")
#: The longest file, lines, and the most files side by side.
LONGEST, MOST = 400, 20


def files() -> list[Path]:
    return sorted(path for path in HOOK.rglob("*.py") if "__pycache__" not in path.parts)


def in_process() -> list[Path]:
    """Return the files of the package but those of the sweep and of the installation."""
    inside = [path for path in files() if PACKAGE in path.parents]
    return [path for path in inside if path.relative_to(PACKAGE).parts[0] not in OTHERS]


def loaded(path: Path) -> Iterator[str]:
    """Return the names of the modules that a file imports, or has ``unit`` load."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        # a name for unit()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f"customs_hook.{node.value}"


@pytest.mark.parametrize("path", in_process(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_runs_in_a_process_loads_nothing_of_sweep_and_installation(path: Path) -> None:
    foreign = tuple(f"customs_hook.{folder}" for folder in OTHERS)
    assert [name for name in loaded(path) if name.startswith(foreign)] == []


def test_the_table_names_each_file_once() -> None:
    text = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text())) or ""
    named = re.findall(r"^([a-z0-9_/]+\.py) ", text, re.MULTILINE)
    markers = [f"{path.name}/__init__.py" for path in PACKAGE.iterdir() if path.is_dir()]
    there = [str(path.relative_to(PACKAGE)) for path in files() if PACKAGE in path.parents]
    assert sorted(named) == sorted(set(there) - set(markers))


def test_files_are_short_and_folders_small() -> None:
    lines = {str(path.relative_to(HOOK)): len(path.read_text().splitlines()) for path in files()}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
    folders = Counter(path.parent for path in files())
    assert {str(folder): count for folder, count in folders.items() if count > MOST} == {}
