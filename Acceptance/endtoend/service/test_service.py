"""customsd as a service: readiness, sockets from systemd, signals, its state directory."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from loadgen.send import connect, send
from support.daemon import (
    CUSTOMSD,
    DIE_WITH_PARENT,
    PATIENCE,
    ROOT,
    Customs,
    Daemon,
    StartDaemon,
    Store,
    assert_balanced,
    clean_environment,
    run_to_its_end,
    wait_until,
)
from support.ports import free_udp_port


def test_an_idle_daemon_ends_with_0_and_removes_its_socket(daemon: Daemon) -> None:
    """SIGTERM."""
    daemon.stop()
    assert not (daemon.folder / "records.sock").exists()


def test_the_journal_can_be_read_by_its_owner_alone(daemon: Daemon) -> None:
    """And what lies beside it, whatever the umask."""
    daemon.send([next(Population(60).samples(1)).datagram])
    daemon.settle(1)
    files = [path for path in daemon.state.rglob("*") if path.is_file()]
    assert any(path.suffix == ".journal" for path in files)
    # a store here has the mode that the umask gives
    own = [path for path in files if "customs.sqlite" not in path.name]
    assert [path.name for path in own if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigint_ends_the_daemon_as_sigterm_does(
    start_daemon: StartDaemon, sqlite_store: Store, number: signal.Signals
) -> None:
    """Ctrl-C is as good as SIGTERM."""
    daemon = start_daemon(sqlite_store)
    assert daemon.process
    daemon.process.send_signal(number)
    assert daemon.process.wait(PATIENCE) == 0
    daemon.process = None


def test_a_reload_loses_nothing_and_survives_a_bad_configuration(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """SIGHUP."""
    daemon = start_daemon(sqlite_store)
    assert daemon.process
    ledger = Ledger()
    population = Population(62)
    for settings in ('[log]\nlevel = "debug"\n', "stoer = 1\n", ""):
        daemon.settings.write_text(settings)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.send(load(population, ledger, 200))
        health = daemon.settle(len(ledger.distinct))
        assert health["stored"] + health["merged"] == len(ledger.distinct)
    wait_until(lambda: "stoer" in daemon.log_tail(), daemon.log_tail)


def test_systemd_is_told_ready_once_the_daemon_receives(
    start_daemon: StartDaemon, sqlite_store: Store, folder: Path
) -> None:
    """READY=1, and not before."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        address = folder / "notify"
        notify.bind(str(address))
        notify.settimeout(PATIENCE)
        daemon = start_daemon(sqlite_store, environment={"NOTIFY_SOCKET": str(address)})
        told = notify.recv(4_096).decode().splitlines()
        while "READY=1" not in told:
            told += notify.recv(4_096).decode().splitlines()
        daemon.send(load(Population(63), Ledger(), 1))
        daemon.settle(1)
        daemon.stop()
        while "STOPPING=1" not in told:
            told += notify.recv(4_096).decode().splitlines()


def test_datagrams_sent_before_the_start_are_received(folder: Path, store: Store) -> None:
    """Sockets from systemd-socket-activate."""
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("systemd-socket-activate is not installed (Debian: apt-get install systemd)")
    port = free_udp_port()
    unix = folder / "records.sock"
    customs = Customs(store.url, folder)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(
                    *DIE_WITH_PARENT,
                    activate,
                    "--datagram",
                    "-l",
                    f"127.0.0.1:{port}",
                    "-l",
                    str(unix),
                ),
                *(str(CUSTOMSD), "--store", store.url, "--state-dir", str(folder / "journal")),
            ],
            env=clean_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(unix.exists, log.read_text)
        ledger = Ledger()
        population = Population(64)
        # The first datagram is what starts the daemon.
        with connect(f"udp://127.0.0.1:{port}") as sender:
            send(sender, load(population, ledger, 50), rate=10_000)
        wait_until(lambda: "ready" in log.read_text(), log.read_text)
        with connect(f"unixgram://{unix}") as sender:
            send(sender, load(population, ledger, 50), rate=10_000)

        def all_stored() -> bool:
            health = customs.health_if_any() or {"received": 0, "pending": 0}
            return bool(health["received"] == 100 and health["pending"] == 0)

        wait_until(all_stored, lambda: f"{customs.health_if_any()}\n{log.read_text()}")
        health = customs.health()
        assert_balanced(health)
        assert health["stored"] + health["merged"] == 100
        process.terminate()
        assert process.wait(PATIENCE) == 0, log.read_text()
        # systemd's sockets are systemd's to remove.
        assert unix.exists()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)


def test_systemd_accepts_the_units(folder: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "no systemd-analyze (Debian: apt-get install systemd)"
    names = (
        "customsd.service",
        "customsd.socket",
        "customs-keep.service",
        "customs-keep.timer",
        "customs-web.service",
    )
    for name in names:
        unit = (ROOT / "etc/systemd" / name).read_text()
        # Programs that are there stand for the installed ones.
        (folder / name).write_text(
            unit.replace("@bindir@", str(CUSTOMSD.parent)).replace("@sysconfdir@", "/etc")
        )
    done = subprocess.run(
        [
            analyze,
            "verify",
            "--man=no",
            *(str(folder / name) for name in names),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "customs" in line]
    assert done.returncode == 0, done
    assert not complaints, done


def test_two_daemons_do_not_share_a_state_directory(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """A second daemon on the same journal refuses to start; the first goes on."""
    first = start_daemon(sqlite_store)
    done = run_to_its_end(
        [
            *(str(CUSTOMSD), "--config", str(first.settings), "--store", sqlite_store.url),
            *("--state-dir", str(first.state), "--listen", f"udp://127.0.0.1:{free_udp_port()}"),
        ],
        first.folder,
    )
    assert done.returncode != 0
    assert done.stderr
    first.send(load(Population(65), Ledger(), 10))
    first.settle(10)


def test_one_of_two_copies_of_a_state_directory_is_refused(
    start_daemon: StartDaemon, store: Store, folder: Path
) -> None:
    """A cloned machine: one daemon goes on, the other is refused and loses nothing."""
    first = start_daemon(store)
    first.send(load(Population(66), Ledger(), 100))
    first.settle(100)
    (folder / "copy").mkdir()
    second = Daemon(folder / "copy", store)
    shutil.copytree(first.state, second.state)
    ledger = Ledger()
    mine = list(load(Population(67), ledger, 50))
    try:
        second.start()
        # as many to each: by its numbers alone a position could be either's
        second.send(load(Population(68), Ledger(), 50))
        second.settle(150)
        first.send(mine)
        for _ in range(3):
            wait_until(lambda: not first.is_alive, first.log_tail)
            assert first.process
            assert first.process.returncode == 70, first.log_tail()
            assert "another daemon has written here" in first.log_tail()
            with contextlib.suppress(AssertionError):
                first.start()
        wait_until(lambda: not first.is_alive, first.log_tail)
        first.process = None
        assert ledger.distinct.keys() <= set(first.journalled_ids())
        second.send(load(Population(69), Ledger(), 30))
        health = second.settle(180)
        assert health["received"] == health["stored"] + health["merged"] == 180
        second.stop()
        second.start()
        second.stop()
    finally:
        second.abandon()
