"""One centre in several stores, by the ways in which its records may have come there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from support.centre import Centre
from support.daemon import Customs, Daemon, Store
from support.stores import MakeStore, PostgresStore, SQLiteStore


class Answering:
    """The same centre in several stores, each made when a test first asks for it."""

    def __init__(self, centre: Centre, make_store: MakeStore, folder: Path) -> None:
        self.centre = centre
        self.make_store = make_store
        self.folder = folder
        self.stores: dict[str, Store] = {}
        self.made: dict[str, Customs] = {}

    def by(self, way: str) -> Customs:
        """The command on the store that the records came into in this way."""
        if way not in self.made:
            self.made[way] = self._make(way)
        return self.made[way]

    def _make(self, way: str) -> Customs:
        home = self.folder / way
        home.mkdir()
        kind = way.split(maxsplit=1)[0]
        if way.endswith(" packed"):
            self.by(kind)
            return _packed(self.stores[kind], home)
        store = self.stores[way] = self.make_store("sqlite" if way == "import" else kind)
        if way.endswith(" late"):
            return _late(self.centre, store, home)
        make = _imported if way == "import" else _received
        return make(self.centre, store, home)


def _received(centre: Centre, store: Store, home: Path) -> Customs:
    daemon = Daemon(home, store, settings="[merge]\nbatch_records = 400\n")
    messages = list(centre.messages())
    try:
        daemon.start()
        daemon.send(messages)
        health = daemon.settle(len(messages))
        daemon.stop()
    finally:
        daemon.abandon()
    assert not health["rejected"]
    assert health["duplicate"] > 10
    return daemon.customs


def _packed(store: Store, home: Path) -> Customs:
    """A copy of a store, with its days packed."""
    if isinstance(store, SQLiteStore):
        copy = home / "customs.sqlite"
        with closing(sqlite3.connect(store.path)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        url = f"sqlite://{copy}"
    else:
        assert isinstance(store, PostgresStore)
        url = store.server.create_database(f"{store.database}_packed", "-T", store.database)
    customs = Customs(url, home)
    assert customs.json("pack")["days"] > 50
    assert customs.json("pack") == {"days": 0, "changing": 0}
    return customs


def _imported(centre: Centre, store: Store, home: Path) -> Customs:
    archive = home / "records.jsonl"
    archive.write_text(centre.lines())
    customs = Customs(store.url, home)
    assert customs.json("import", str(archive))["received"] == len(centre.records)
    return customs


def _late(centre: Centre, store: Store, home: Path) -> Customs:
    """Half of the records come when their days have been packed, and some know more of jobs."""
    archive = home / "records.jsonl"
    customs = Customs(store.url, home)
    lines = centre.lines().splitlines(keepends=True)
    for half in (lines[::2], lines[1::2]):
        archive.write_text("".join(half))
        assert customs.json("import", str(archive))["received"] == len(half)
        if half[0] == lines[0]:
            assert customs.json("pack")["days"] > 50
    return customs
