"""Stores behind what is received."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from extent import part
from support.daemon import Store
from support.stores import STORES, MakeStore, opened


@pytest.fixture(params=part(STORES))
def store(request: pytest.FixtureRequest, make_store: MakeStore) -> Iterator[Store]:
    """Of one kind: the journal lies between what is received and the store.

    In a whole run, of both. Modules that are about what gets into the store have one of both kinds.
    """
    yield from opened(make_store, request.param)
