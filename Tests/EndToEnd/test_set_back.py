"""PostgreSQL crashes before what it committed is on its disk: the journal gives it once more."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from daemon import PATIENCE, StartDaemon, wait_until
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from postgres import PostgresServer
from stores import PostgresStore

SET_BACK = "lost what it had"


def processes(server: PostgresServer) -> list[int]:
    """The server's process and its children."""
    assert server.process is not None
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def runs(pid: int) -> bool:
    """Whether it has not ended, be it unreaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def crash(server: PostgresServer) -> None:
    """SIGKILL to all of it, and a new start: what lay in its buffers is gone."""
    assert server.process is not None
    pids = processes(server)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    server.process.wait(PATIENCE)
    server.process = None
    wait_until(lambda: not any(map(runs, pids)), lambda: f"of {pids} some still run")
    server.start()


def test_store_that_is_set_back(start_daemon: StartDaemon) -> None:
    """Commits do not wait for the disk; the server's writer is stopped, so they stay off it."""
    server = PostgresServer()
    try:
        server.start()
        daemon = start_daemon(PostgresStore(server, "customs"))
        ledger = Ledger()
        crashes = 0
        while SET_BACK not in daemon.log.read_text():
            # Once a second something waits for the disk, and takes with it what was there before.
            assert crashes < 20, f"not set back by {crashes} crashes:\n{daemon.log_tail()}"
            messages = list(load(Population(600 + crashes), ledger, 4_000))
            sender = threading.Thread(target=daemon.send, args=(messages,), kwargs={"rate": 4_000})
            sender.start()
            writer = server.execute(
                "postgres", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
            )
            os.kill(int(writer[0][0]), signal.SIGSTOP)
            time.sleep(0.75)
            crash(server)
            crashes += 1
            sender.join()
            health = daemon.settle(ledger.messages)
        assert health["stored"] + health["merged"] == ledger.messages
        assert health["stored"] == len(ledger.runs)
        assert health["duplicate"] == 0
        assert health["rejected"] == {}
        rows = {
            row["package"]: row["processes"]
            for row in daemon.customs.json("top", "--limit", "1000")
        }
        assert rows == {name: usage.processes for name, usage in ledger.top().items()}
        daemon.stop()
    finally:
        server.remove()
