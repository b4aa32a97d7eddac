"""One hostile sender at full speed delays no other, and memory stays under its bound."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from loadgen.send import connect
from support.daemon import PATIENCE, Daemon, StartDaemon, assert_balanced
from support.stores import MakeStore, SQLiteStore

from endtoend.receiving import hostile_load

#: The process's memory by decision 12 of docs/architecture.md, bytes.
BOUND = 1_280 << 20
#: For how long the hostile sender sends, seconds.
FLOOD = 1.0
#: Records of the honest sender a second.
RATE = 100
#: How late a record may be stored, seconds.
LATEST = 10.0


def resident(daemon: Daemon) -> int:
    """The largest memory that the process has had, bytes."""
    assert daemon.process
    for line in Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


class Honest(threading.Thread):
    """Sends records of jobs of its own over the unix socket, and knows when each was sent."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.sent: dict[str, float] = {}
        self._url = url

    def run(self) -> None:
        """For as long as the hostile sender."""
        with connect(self._url) as sender:
            for number in range(int(FLOOD * RATE)):
                job = f"honest{number}"
                text = {
                    "v": 1,
                    "id": f"{number + 1:032x}",
                    "job_id": job,
                    "packages": {"numpy": "1"},
                }
                sender.send(json.dumps(text).encode())
                self.sent[job] = time.monotonic()
                time.sleep(1 / RATE)


def stored_jobs(path: Path) -> set[str]:
    """The honest jobs in the store."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        rows = store.execute("SELECT job_id FROM jobs WHERE job_id LIKE 'honest%'")
        return {row[0] for row in rows}


@pytest.mark.parametrize("kind", hostile_load.KINDS)
def test_a_hostile_sender_at_full_speed_delays_no_other(
    start_daemon: StartDaemon, make_store: MakeStore, kind: str
) -> None:
    """The honest sender's records are stored within ten seconds, at the 99th percentile."""
    store = make_store("sqlite")
    assert isinstance(store, SQLiteStore)
    daemon = start_daemon(store)
    honest = Honest(daemon.unix)
    hostile = subprocess.Popen(
        [sys.executable, hostile_load.__file__, kind, str(daemon.port), str(FLOOD)],
        stdout=subprocess.PIPE,
        text=True,
    )
    honest.start()
    late: dict[str, float] = {}
    end = time.monotonic() + PATIENCE
    while honest.is_alive() or len(late) < len(honest.sent):
        now = time.monotonic()
        assert now < end, f"{len(honest.sent) - len(late)} records are not stored"
        for job in stored_jobs(store.path) - late.keys():
            late[job] = now - honest.sent.get(job, now)
        time.sleep(0.1)
    output, _ = hostile.communicate(timeout=PATIENCE)
    delays = sorted(late.values())
    worst = delays[len(delays) * 99 // 100]
    print(
        f"{kind}: {output.strip()} messages and bytes; {worst:.2f} s, {resident(daemon) >> 20} MiB"
    )
    assert worst < LATEST
    assert resident(daemon) < BOUND
    assert_balanced(daemon.customs.health())
    store.close()
