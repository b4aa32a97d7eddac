"""Which hosts are heard of, and which should be."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.centre import Centre
from support.daemon import CUSTOMS, PATIENCE, StartDaemon, Store, clean_environment, wait_until

NODES = 1_000
LOST = "nid0417"


def test_one_of_a_thousand_nodes_without_the_hook_is_named(
    start_daemon: StartDaemon, store: Store, folder: Path
) -> None:
    """By a list of nodes, from a file, from standard input and from sinfo itself."""
    template = next(r for r in Centre(1, records=50).records if "parts" not in r)
    names = [f"nid{number:04}" for number in range(NODES)]
    daemon = start_daemon(store)
    records = [
        template
        | {"id": f"{number:032x}", "host": f"{name}.example.org"}
        | {"event_timestamp": datetime.now(UTC).isoformat()}
        for number, name in enumerate(names)
        if name != LOST
    ]
    daemon.send([json.dumps(record).encode() for record in records])
    daemon.settle(len(records))
    customs = daemon.customs
    wait_until(lambda: len(customs.json("hosts")) == NODES - 1, lambda: "hosts are not counted")

    listed = folder / "nodes"
    listed.write_text("# all of them\n" + "\n".join(names[:500]) + "\n" + " ".join(names[500:]))
    lost = [
        {
            **{"host": LOST, "first_seen": None, "last_seen": None, "silent_days": None},
            **{"days": 0, "records": 0, "records_per_day": None},
        }
    ]
    assert customs.json("hosts", "--nodes", str(listed), "--silent", "1") == lost
    assert len(customs.json("hosts", "--nodes", str(listed))) == NODES
    assert _hosts(store, listed.read_text(), "--nodes", "-", "--silent", "1") == (0, lost, "")

    # A fake, because no Slurm here has a thousand nodes: it prints what the real one prints.
    sinfo = folder / "sinfo"
    sinfo.write_text(f"#!/bin/sh\ngrep -v '#' {listed} | tr ' ' '\\n'\n")
    sinfo.chmod(0o755)
    assert _hosts(store, "", "--sinfo", "--silent", "1", path=folder) == (0, lost, "")
    sinfo.write_text("#!/bin/sh\necho 'slurm_load_partitions: Unable to contact' >&2; exit 1\n")
    status, _, why = _hosts(store, "", "--sinfo", path=folder)
    assert status == 69
    assert "Unable to contact" in why

    assert customs.run("hosts", "--nodes", str(folder / "none")).returncode == 66
    assert customs.run("hosts", "--nodes", str(listed), "--sinfo").returncode == 64
    assert customs.run("hosts", "--system", "cori").returncode == 64


def _hosts(
    store: Store, text: str, *arguments: str, path: Path | None = None
) -> tuple[int, Any, str]:
    """The status, the answer and the messages of the command with a text as its input."""
    environment = clean_environment(Path("/tmp"))
    if path:
        environment |= {"PATH": f"{path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [CUSTOMS, "hosts", "--store", store.url, "--format", "json", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or "null"), done.stderr
