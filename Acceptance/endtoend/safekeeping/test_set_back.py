"""PostgreSQL crashes before its commits are on disk: the journal delivers them again."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import PATIENCE, StartDaemon, wait_until
from support.postgres import PostgresServer
from support.stores import PostgresStore

SET_BACK = "the store has lost data"


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


def hold_log(server: PostgresServer) -> None:
    """Stops the process that writes the server's log to its disk in the background."""
    writer = server.execute(
        "postgres", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
    )
    os.kill(int(writer[0][0]), signal.SIGSTOP)


def test_a_store_that_lost_commits_gets_them_again(start_daemon: StartDaemon) -> None:
    """Commits do not wait for the disk, and the server's writer is stopped."""
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
            hold_log(server)
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


@pytest.mark.parametrize("ends", [False, True], ids=["goes-on", "ends"])
def test_a_quiet_store_that_lost_its_last_batch_gets_it_again(
    start_daemon: StartDaemon, ends: bool
) -> None:
    """No further record follows that could show the loss."""
    server = PostgresServer()
    try:
        server.start()
        daemon = start_daemon(
            PostgresStore(server, "customs"), settings="[merge]\nbatch_delay_ms = 50\n"
        )
        ledger = Ledger()

        def tally() -> int:
            return int(server.execute("customs", "SELECT tally FROM customs.sources")[0][0])

        for crashes in range(20):
            hold_log(server)
            # a heartbeat, which waits for the disk, may follow the first commit; then none is due
            for half in range(2):
                daemon.send(load(Population(700 + 2 * crashes + half), ledger, 100))
                wait_until(lambda: tally() == ledger.messages, daemon.log_tail)
            crash(server)
            if ends:
                daemon.stop()
                health = daemon.customs.health()
            else:
                health = daemon.settle(ledger.messages)
            assert health["stored"] + health["merged"] == ledger.messages, health
            assert health["stored"] == len(ledger.runs)
            if SET_BACK in daemon.log.read_text():
                return
            if ends:
                daemon.start()
        pytest.fail(f"not set back by {crashes + 1} crashes:\n{daemon.log_tail()}")
    finally:
        server.remove()


def test_commits_wait_for_a_standby_that_is_named_later(start_daemon: StartDaemon) -> None:
    """All commits wait from then on, not those of heartbeats alone."""
    server = PostgresServer()
    try:
        server.start()
        daemon = start_daemon(PostgresStore(server, "customs"))
        ledger = Ledger()
        daemon.send(load(Population(800), ledger, 100))
        daemon.settle(ledger.messages)
        # no such standby comes: who waits for it waits until he is told not to
        server.execute("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'absent'")
        server.execute("postgres", "SELECT pg_reload_conf()")
        seen: set[str] = set()
        seeds = itertools.count(801)

        def commit_waits() -> bool:
            daemon.send(load(Population(next(seeds)), ledger, 10))
            rows = server.execute(
                "postgres",
                "SELECT query, pg_cancel_backend(pid) FROM pg_stat_activity"
                " WHERE wait_event = 'SyncRep'",
            )
            seen.update(" ".join(row[0].split()) for row in rows)
            return "COMMIT" in seen

        wait_until(commit_waits, lambda: f"what waited: {sorted(seen)}\n{daemon.log_tail()}")
        server.execute("postgres", "ALTER SYSTEM RESET synchronous_standby_names")
        server.execute("postgres", "SELECT pg_reload_conf()")
        daemon.settle(ledger.messages)
        daemon.stop()
    finally:
        server.remove()
