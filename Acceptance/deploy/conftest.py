"""Fixtures of the tests of deployed files: a hook's directory and the shells of Slurm's scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.installed import need


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    """A hook's directory with a space in its name."""
    directory = tmp_path / "the hook"
    directory.mkdir()
    return directory


@pytest.fixture(params=["dash", "bash"])
def sh(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    return need(name, name)
