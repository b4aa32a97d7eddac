"""Stores with one centre's records, and pages on them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.centre import Centre
from support.daemon import Customs
from support.maintenance import vouch
from support.postgres import PostgresServer
from support.stores import STORES, PostgresStore, SQLiteStore

from endtoend.web.site import Site, serving

CENTRE = Centre(77, records=600)

# Starts pages on a kind of store, with arguments and settings; each once.
Serve = Callable[..., Site]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder for the tests of a module."""
    with tempfile.TemporaryDirectory(prefix="customs-web-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def stores(home: Path, postgres_server: PostgresServer) -> dict[str, Customs]:
    """The command on each kind of store, with the same records in all."""
    made: dict[str, Customs] = {}
    archive = home / "records.jsonl"
    archive.write_text(CENTRE.lines())
    for kind in STORES:
        folder = home / kind
        folder.mkdir()
        store = (
            SQLiteStore(folder)
            if kind == "sqlite"
            else PostgresStore(postgres_server, f"web_{abs(hash(home)) % 10**9}")
        )
        made[kind] = Customs(store.url, folder)
        made[kind].json("import", str(archive))
        # of what comes without a proof nothing is published
        vouch(store)
    made["sqlite"].json("pack")
    return made


@pytest.fixture(scope="module")
def serve(home: Path, stores: dict[str, Customs]) -> Iterator[Serve]:
    """Pages on a kind of store."""
    sites: dict[tuple[str, ...], Site] = {}
    with ExitStack() as stack:

        def start(kind: str, *arguments: str, settings: str = "") -> Site:
            key = (kind, settings, *arguments)
            if key not in sites:
                url = stores[kind].store_url
                sites[key] = stack.enter_context(serving(url, home, *arguments, settings=settings))
            return sites[key]

        yield start
