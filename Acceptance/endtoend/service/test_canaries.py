"""Canaries: the measured loss and its certainty; canaries never count as usage."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.daemon import PATIENCE, ROOT, Daemon, StartDaemon, Store, wait_until
from support.ports import free_udp_port
from support.slurm_stand_in import StandIn

HOOK = ROOT / "sitecustomize"
# Names that say what came of a run, which outsiders rely on.
STATUS_KEYS = {
    *("run", "submitted", "expected", "received", "lost", "loss", "loss_upper_95", "state"),
}


@contextmanager
def relay(target: int, *, drop_each: int) -> Iterator[str]:
    """A link on which every `drop_each`th datagram is lost, and none if that is 0."""
    port = free_udp_port()
    inlet = socket.socket(type=socket.SOCK_DGRAM)
    inlet.bind(("127.0.0.1", port))
    ended = threading.Event()

    def forward() -> None:
        count = 0
        with socket.socket(type=socket.SOCK_DGRAM) as outlet:
            while True:
                datagram = inlet.recv(65_536)
                if ended.is_set():
                    return
                count += 1
                if not drop_each or count % drop_each:
                    outlet.sendto(datagram, ("127.0.0.1", target))

    thread = threading.Thread(target=forward)
    thread.start()
    try:
        yield f"udp://127.0.0.1:{port}"
    finally:
        ended.set()
        with socket.socket(type=socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", port))
        thread.join()
        inlet.close()


def run(daemon: Daemon, *arguments: str) -> dict[str, object]:
    """Sends out a run of canaries; what came of it."""
    (line,) = daemon.customs.json(
        *("canary run", "--prefix", str(HOOK), "--python", sys.executable, *arguments)
    )
    assert isinstance(line, dict)
    return line


def test_a_link_without_loss_gets_a_low_upper_bound(
    store: Store, start_daemon: StartDaemon
) -> None:
    daemon = start_daemon(store)
    line = run(daemon, "--server", daemon.udp, "--processes", "40")
    assert line.keys() >= STATUS_KEYS
    assert (line["state"], line["expected"], line["received"]) == ("complete", 40, 40)
    assert (line["lost"], line["loss"]) == (0, 0.0)
    upper = line["loss_upper_95"]
    assert isinstance(upper, float)
    assert abs(upper - (1 - 0.05 ** (1 / 40))) < 1e-9
    assert daemon.customs.json("canary status") == [line]
    assert daemon.customs.health()["canary_loss"] == 0.0
    # canaries are records, and no usage
    assert daemon.settle(40)["stored"] == 40
    assert daemon.customs.json("top") == []


@pytest.mark.long
def test_a_link_that_loses_two_in_a_hundred_is_found(
    sqlite_store: Store, start_daemon: StartDaemon
) -> None:
    daemon = start_daemon(sqlite_store)
    with relay(daemon.port, drop_each=50) as link:
        line = run(daemon, "--server", link, "--processes", "100", "--wait", "5")
    assert (line["state"], line["received"], line["lost"]) == ("overdue", 98, 2)
    assert line["loss"] == 0.02
    (told,) = daemon.customs.json("canary status")
    assert told["loss_lower_95"] < 0.02 < told["loss_upper_95"]
    assert daemon.customs.health()["canary_loss"] == 0.02
    assert daemon.customs.json("canary status", "--by", "path") == [
        {
            **{"partition": None, "node": None, "transport": "udp", "runs": 1},
            **{key: told[key] for key in ("expected", "received", "waiting", "lost", "loss")},
            **{key: told[key] for key in ("loss_upper_95", "loss_lower_95")},
        }
    ]


def test_a_canary_that_could_not_run_is_no_loss(
    sqlite_store: Store, start_daemon: StartDaemon
) -> None:
    daemon = start_daemon(sqlite_store)
    done = daemon.customs.run(
        *("canary run", "--prefix", str(HOOK), "--python", "/nonexistent/python3")
    )
    assert done.returncode == 69
    assert "/nonexistent/python3" in done.stderr
    (line,) = daemon.customs.json("canary status")
    assert (line["state"], line["lost"], line["loss"]) == ("failed", 0, None)
    assert daemon.customs.health()["canary_loss"] is None


def test_the_daemon_runs_canary_batches_by_itself(
    sqlite_store: Store, start_daemon: StartDaemon
) -> None:
    port = free_udp_port()
    settings = (
        f'[canary]\nmode = "local"\nper_day = 86400\nprocesses = 3\nwait_s = 60\nhook = "{HOOK}"\n'
        f'python = "{sys.executable}"\nservers = ["udp://127.0.0.1:{port}"]\n'
    )
    daemon = start_daemon(
        sqlite_store, settings=settings, arguments=["--listen", f"udp://127.0.0.1:{port}"]
    )

    def complete() -> int:
        runs = daemon.customs.json("canary status")
        return sum(line["state"] == "complete" and line["received"] == 3 for line in runs)

    wait_until(lambda: complete() >= 3, daemon.log_tail)
    assert daemon.customs.json("top") == []
    assert daemon.customs.health()["canary_loss"] == 0.0


def status(daemon: Daemon) -> list[tuple[str, int, int, str]]:
    """The batches that the store knows, with what was expected and received of each."""
    names = ("run", "expected", "received", "state")
    return [tuple(line[name] for name in names) for line in daemon.customs.json("canary status")]


def batch_elsewhere(daemon: Daemon) -> tuple[list[tuple[str, int, int, str]], list[bytes]]:
    """A batch of two whose records do not reach the daemon; its status, and the records."""
    with socket.socket(type=socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.settimeout(PATIENCE)
        server = f"udp://127.0.0.1:{elsewhere.getsockname()[1]}"
        # what has not come in no time is lost, unless it comes later
        done = daemon.customs.run(
            *("canary run", "--prefix", str(HOOK), "--python", sys.executable, "--server", server),
            *("--processes", "2", "--wait", "0"),
        )
        assert done.returncode == 75, done.stderr
        return status(daemon), [elsewhere.recv(65_536) for _ in range(2)]


def canary(batch: str, sequence: int, of: int) -> bytes:
    record = {
        **{"v": 1, "id": os.urandom(16).hex(), "packages": {"os": None}},
        "canary": {"run": batch, "seq": sequence, "of": of},
    }
    return b"<134>1 - - customs - canary - " + json.dumps(record).encode()


@pytest.mark.parametrize("transport", ["udp", "unix"])
def test_no_sender_can_make_up_a_canary(
    store: Store, start_daemon: StartDaemon, transport: str
) -> None:
    """Neither a batch, nor a record of a batch, though all but the code is known."""
    daemon = start_daemon(store)
    url = getattr(daemon, transport)
    before, records = batch_elsewhere(daemon)
    named = re.compile(rb'"run": ?"([^"]*)", ?"seq": ?(\d+)')
    marks = [(found[1].decode(), int(found[2])) for found in map(named.search, records) if found]
    assert [sequence for _, sequence in marks] == [1, 2]
    [batch] = {name.rpartition(".")[0] for name, _ in marks}
    assert before == [(batch, 2, 0, "overdue")]
    forged = [
        *(canary(batch, sequence, 2) for sequence in (1, 2)),
        *(canary(f"{batch}.{'0' * 32}", sequence, 2) for sequence in (1, 2)),
        # the code of another process, or of a batch of another size
        *(canary(name, 3 - sequence, 2) for name, sequence in marks),
        *(canary(name, sequence, sequence + 2) for name, sequence in marks),
        *(canary("20261121t120000z-0000beef", sequence, 4) for sequence in (1, 2, 4)),
    ]
    daemon.send(forged, url=url)
    health = daemon.settle(len(forged))
    assert health["rejected"] == {"unproven_canary": len(forged)}
    assert health["stored"] == 0
    assert status(daemon) == before
    assert daemon.customs.health()["canary_loss"] == 1.0
    # the real ones count, once each, however often they are sent and under which identity
    other = re.sub(rb'"id": ?"[0-9a-f]{32}"', b'"id": "%032x"' % 7, records[0])
    daemon.send([*records, records[0], other], url=url)
    health = daemon.settle(len(forged) + 4)
    assert health["stored"] + health["duplicate"] == 4
    assert status(daemon) == [(batch, 2, 2, "complete")]
    assert daemon.customs.json("top") == []


def metrics(port: int) -> dict[str, float]:
    """The samples of `/metrics`, by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in samples}


def test_every_figure_of_the_alert_rules_is_exported(
    sqlite_store: Store, start_daemon: StartDaemon
) -> None:
    port = free_udp_port()
    settings = (
        f'[canary]\nmode = "local"\nper_day = 86400\nprocesses = 1\nhook = "{HOOK}"\n'
        f'python = "{sys.executable}"\nservers = ["udp://127.0.0.1:{port}"]\n'
        f'partitions = ["cpu"]\nnodes = ["n1"]\n'
    )
    arguments = ["--listen", f"udp://127.0.0.1:{port}", "--http", f"127.0.0.1:{port}"]
    daemon = start_daemon(sqlite_store, settings=settings, arguments=arguments)
    complete = 'customs_canary_runs{state="complete"}'
    wait_until(lambda: metrics(port).get(complete, 0) > 0, daemon.log_tail)
    rules = (ROOT / "etc/prometheus/customs.rules.yml").read_text()
    named = re.findall(r"customs_[a-z0-9_]+(?:\{[^}]*\})?", rules)
    assert len(named) > 5
    assert set(named) <= metrics(port).keys()
    # what ran on this machine was on no partition and no node of Slurm's
    runs = daemon.customs.json("canary status")
    assert {(line["partition"], line["node"]) for line in runs} == {(None, None)}


def test_canary_status_goes_on_while_slurm_is_away(
    sqlite_store: Store, start_daemon: StartDaemon, folder: Path
) -> None:
    stand_in = StandIn(folder)
    stand_in.away.touch()
    stand_in.ends_as("FAILED")
    port = free_udp_port()
    settings = stand_in.settings + stand_in.canary + 'mode = "sbatch"\n'
    daemon = start_daemon(
        sqlite_store, settings=settings, arguments=["--http", f"127.0.0.1:{port}"]
    )
    submitted, failed = (
        f'customs_canary_runs{{state="{state}"}}' for state in ("submitted", "failed")
    )
    wait_until(lambda: metrics(port).get(submitted, 0) >= 2, daemon.log_tail)
    assert "Problem talking to the database" in daemon.log.read_text()
    stand_in.away.unlink()
    wait_until(lambda: metrics(port)[failed] >= 2, daemon.log_tail)
    assert daemon.customs.health()["canary_loss"] is None


def test_a_daemon_without_canaries_watches_a_batch_sent_by_hand(
    store: Store, start_daemon: StartDaemon, folder: Path
) -> None:
    stand_in = StandIn(folder)
    stand_in.ends_as("FAILED")
    daemon = start_daemon(store, settings=f"[slurm]\n{stand_in.commands}{stand_in.canary}")
    (line,) = daemon.customs.json(
        *("canary run", "--config", str(daemon.settings), "--mode", "sbatch", "--wait", "0")
    )
    assert (line["state"], line["slurm_job"]) == ("submitted", "1")

    def state() -> str:
        (told,) = daemon.customs.json("canary status")
        return str(told["state"])

    wait_until(lambda: state() == "failed", daemon.log_tail)
    daemon.stop()
    assert stand_in.count("sacct") == 1
