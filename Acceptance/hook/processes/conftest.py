"""Fixtures: a trace directory as a site has it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """An empty trace directory that all users may write to."""
    directory = tmp_path / "traces"
    directory.mkdir()
    directory.chmod(0o1777)
    return directory
