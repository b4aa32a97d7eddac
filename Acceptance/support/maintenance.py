"""Types and records that tests of maintenance share: filling, packing, and old names."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from datetime import date

from support.centre import Record
from support.daemon import Customs, Store
from support.reference.questions import Reference
from support.stores import PostgresStore, SQLiteStore

#: Imports records into a store and packs its days.
Fill = Callable[[list[Record]], Customs]
#: Packs the days of a store, or leaves them live.
Pack = Callable[[Customs], None]


def since(records: list[Record], day: date) -> list[Record]:
    """Records of a day and later."""
    return [p.record for p in Reference(records).all if p.day >= day]


def renamed(records: list[Record]) -> list[Record]:
    """Records with user names that occur nowhere else, in paths too."""
    text = re.sub(r"\buser(\d+)\b", r"kermit\1x", json.dumps(records))
    changed: list[Record] = json.loads(text)
    return changed


def vouch(store: Store) -> None:
    """Makes all usage look as if it had come by a socket whose peer the kernel names."""
    statements = (
        *("UPDATE {}runs SET flags = flags | 4", "DELETE FROM {}packed_parts"),
        "DELETE FROM {}packed_days",
    )
    if isinstance(store, SQLiteStore):
        connection = sqlite3.connect(store.path, timeout=60)
        for statement in statements:
            connection.execute(statement.format(""))
        connection.commit()
        connection.close()
    elif isinstance(store, PostgresStore):
        for statement in statements:
            store.execute(statement.format("customs."))
