"""Fixtures: a place to install the hook into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from endtoend.service.hook_site import Site


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    made = Site(folder)
    yield made
    made.socket.close()
