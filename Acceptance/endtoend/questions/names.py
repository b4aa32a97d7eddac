"""Records of users with telling names, and the bytes of a store to look for them."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from support.centre import Record
from support.daemon import PATIENCE, Store, clean_environment
from support.postgres import find
from support.stores import PostgresStore, SQLiteStore


def contents_of(store: Store) -> bytes:
    if isinstance(store, SQLiteStore):
        return b"".join(path.read_bytes() for path in store.path.parent.glob("*sqlite*"))
    assert isinstance(store, PostgresStore)
    return subprocess.run(
        [find("pg_dump"), "--data-only", "-d", store.url],
        env=clean_environment(Path("/tmp")),
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    ).stdout


def used(number: int, name: str, when: datetime, **more: Any) -> Record:
    """A record of somebody's."""
    record: Record = {
        "v": 1,
        "id": f"{number:032x}",
        "event_timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "username": name,
        "main": f"/home/{name}/run.py",
        "executable": f"/home/{name}/bin/python",
        "packages": {"numpy": "2.0"},
    }
    return record | more
