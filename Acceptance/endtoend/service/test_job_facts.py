"""Job facts: asked for seldom and in batches, by commands that count their calls.

What a real Slurm answers is tested in `slurm`; here the commands are stand-ins that speak of
very many jobs.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from support.daemon import Daemon, StartDaemon, Store, wait_until
from support.slurm_stand_in import StandIn

JOBS = 5_000
BATCH = 500


@pytest.fixture
def stand_in(folder: Path) -> StandIn:
    """Commands of the test's own."""
    return StandIn(folder)


def message(job: int) -> bytes:
    """A record of a job."""
    body = {
        "v": 1,
        "id": uuid.uuid4().hex,
        "username": "alice",
        "packages": {"numpy": "2.0"},
        "job_id": str(job),
        "cluster": "rig",
    }
    return b"<134>1 - - customs - imports - " + json.dumps(body).encode()


def is_told(daemon: Daemon, job: int) -> bool:
    """Whether Slurm has told of a job."""
    answer = daemon.customs.json("job", str(job))
    return bool(answer["source"] == "slurm" and answer["state"] == "COMPLETED")


def test_ended_jobs_are_asked_for_in_batches_and_never_one_by_one(
    store: Store, start_daemon: StartDaemon, stand_in: StandIn
) -> None:
    # nothing is asked before all have come, so that the number of questions is known
    stand_in.away.touch()
    daemon = start_daemon(store, settings=stand_in.settings)
    daemon.send((message(1 + number % JOBS) for number in range(2 * JOBS)), rate=5_000)
    daemon.settle(2 * JOBS)
    assert stand_in.count("sacct") == 0
    stand_in.away.unlink()
    before = stand_in.count("squeue")
    wait_until(
        lambda: stand_in.count("sacct") >= JOBS // BATCH and is_told(daemon, JOBS),
        lambda: f"{stand_in.count('sacct')} calls\n{daemon.log_tail()}",
    )
    told = daemon.customs.json("job", "17")
    assert (told["elapsed_seconds"], told["num_nodes"], told["name"]) == (60, 2, "j17")
    daemon.stop()
    assert stand_in.count("sacct") == JOBS // BATCH
    assert stand_in.count("squeue") - before == 1, "with no job open nothing is asked"


def test_a_daemon_asks_for_jobs_that_ended_while_it_was_away(
    store: Store, start_daemon: StartDaemon, stand_in: StandIn
) -> None:
    first = start_daemon(store)
    first.send([message(number) for number in range(1, 51)])
    first.settle(50)
    first.stop()
    second = start_daemon(store, settings=stand_in.settings)
    wait_until(lambda: is_told(second, 50), second.log_tail)
    assert stand_in.count("sacct") == 1


def test_a_slurm_that_does_not_answer_holds_up_nothing(
    sqlite_store: Store, start_daemon: StartDaemon, stand_in: StandIn
) -> None:
    stand_in.away.touch()
    daemon = start_daemon(sqlite_store, settings=stand_in.settings)
    daemon.send([message(number) for number in range(1, 101)])
    assert daemon.settle(100)["stored"] == 100
    wait_until(
        lambda: "could not read job data from Slurm" in daemon.log.read_text(), daemon.log_tail
    )
    assert "Unable to contact slurm controller" in daemon.log.read_text()
    stand_in.away.unlink()
    wait_until(lambda: is_told(daemon, 100), daemon.log_tail)


def test_ended_jobs_are_asked_for_behind_very_many_running_ones(
    sqlite_store: Store, start_daemon: StartDaemon, stand_in: StandIn
) -> None:
    running, ended = 20_000, 20
    stand_in.away.touch()
    daemon = start_daemon(sqlite_store, settings=stand_in.settings)
    daemon.send((message(1 + number) for number in range(running + ended)), rate=5_000)
    daemon.settle(running + ended)
    stand_in.runs(1, running)
    stand_in.away.unlink()
    wait_until(lambda: is_told(daemon, running + ended), daemon.log_tail)
    for job in (1, running):
        told = daemon.customs.json("job", str(job))
        assert (told["source"], told["state"], told["num_tasks"]) == ("slurm", "RUNNING", 4)
    daemon.stop()
    assert stand_in.count("sacct") == 1
