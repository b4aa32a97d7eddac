"""Fixtures: a trace directory that every user can reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def traces() -> Iterator[Path]:
    """A trace directory that every user can reach."""
    top = Path(tempfile.mkdtemp(prefix="customs-hostile-"))
    top.chmod(0o755)
    directory = top / "traces"
    directory.mkdir()
    directory.chmod(0o1777)
    yield directory
    shutil.rmtree(top)
