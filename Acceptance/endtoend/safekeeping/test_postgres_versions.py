"""Every PostgreSQL server that is here: tables are made, written, asked and tidied up.

Debian's servers are found where it keeps them; `CUSTOMS_TEST_POSTGRES` names folders of other
servers' programs, with colons between them. All other tests use
the newest of Debian's.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import StartDaemon
from support.postgres import PostgresServer, find
from support.stores import PostgresStore


def _others() -> list[Path]:
    folders = [Path(find("postgres")).parent, *Path("/usr/lib/postgresql").glob("*/bin")]
    folders += map(Path, filter(None, os.environ.get("CUSTOMS_TEST_POSTGRES", "").split(":")))
    return [folder for folder in dict.fromkeys(folders) if (folder / "initdb").exists()][1:]


@pytest.mark.skipif(not _others(), reason="there is one PostgreSQL here, and all tests use it")
@pytest.mark.parametrize("programs", _others(), ids=str)
def test_another_version_of_the_server_works(start_daemon: StartDaemon, programs: Path) -> None:
    """A version other than the one that all other tests use."""
    server = PostgresServer(programs)
    try:
        server.start()
        store = PostgresStore(server, "customs")
        daemon = start_daemon(store)
        ledger = Ledger()
        daemon.send(load(Population(991), ledger, 3_000, twice=0.01, damaged=0.01))
        health = daemon.settle(ledger.messages)
        assert health["stored"] == len(ledger.runs)
        assert health["stored"] + health["merged"] == len(ledger.distinct)
        daemon.customs.json("pack")
        top = daemon.customs.json("top", "--limit", "1000")
        assert {row["package"]: row["processes"] for row in top} == {
            name: usage.processes for name, usage in ledger.top().items()
        }
        daemon.customs.json("anonymize", "--older-than", "0d")
        daemon.customs.json("prune", "--older-than", "0d")
        server.stop()
        daemon.send(load(Population(992), ledger, 100))
        server.start()
        daemon.settle(ledger.messages)
        daemon.stop()
    finally:
        server.remove()
