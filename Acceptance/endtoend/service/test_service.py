"""customsd as a service: configuration, readiness, sockets from systemd, signals."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from loadgen.send import connect, send
from support.certificates import Authority
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
    check_configuration,
    clean_environment,
    wait_until,
)
from support.ports import free_udp_port

DEFAULTS = ROOT / "etc/customsd.toml"


# Configuration


def test_the_installed_configuration_is_valid(folder: Path) -> None:
    """As it is installed."""
    done = check_configuration(folder, DEFAULTS.read_text())
    assert done.returncode == 0, done


def test_every_key_of_the_default_configuration_is_known(
    folder: Path, authority: Authority
) -> None:
    """With each commented key switched on; of keys that occur twice, the first."""
    own = authority.issue("default")
    seen: set[str] = set()
    lines = []
    for line in DEFAULTS.read_text().splitlines():
        if match := re.match(r"#([a-z_]+) = ", line):
            lines.append(line if match[1] in seen else line[1:])
            seen.add(match[1])
        else:
            lines.append(line)
    assert len(seen) >= 12
    text = "\n".join(lines) + "\n"
    for name, file in (
        ("server.pem", own.certificate),
        ("server.key", own.key),
        ("relays.pem", authority.own.certificate),
    ):
        text = text.replace(f"/etc/customs/tls/{name}", str(file))
    done = check_configuration(folder, text)
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    ("text", "line", "named"),
    [
        ("# a comment\n\n[journal]\nmax_bites = 1\n", 4, "max_bites"),
        ('store = "sqlite:///tmp/x.sqlite"\nstoer = 1\n', 2, "stoer"),
        ("[jurnal]\nmax_bytes = 1\n", 1, "jurnal"),
        ('\n\n[log]\nlevel = "loud"\n', 4, "level"),
        ('[merge]\nbatch_records = "many"\n', 2, "batch_records"),
        ("listen = [\n", None, ""),
        ("\n[streams]\nmax_connections = 0\n", 3, "max_connections"),
        ('listen = ["pigeon://127.0.0.1:7"]\n', 1, "pigeon"),
        # what another part of the program understands
        ('\n\nlisten = ["udp://127.0.0.1:70000"]\n', 3, "70000"),
        ('\nhttp = "localhost"\n', 2, "HOST:PORT"),
        ('\nhttp = "http://localhost:8080"\n', 2, "HOST:PORT"),
        ('\nhttp = "localhost:99999"\n', 2, "HOST:PORT"),
        ('\nhttp = "::1:8080"\n', 2, "HOST:PORT"),
        ('\nhttp = "a b:8080"\n', 2, "HOST:PORT"),
        ('\nstore = "mysql://db/customs"\n', 2, "mysql"),
        ('\nstore = "postgres://db/customs?nonsense=1"\n', 2, "nonsense"),
        ('\nstore = "dbname=customs nonsense=1"\n', 2, "nonsense"),
        ('\n\nstore = "sqlite:///nonexistent/customs/c.sqlite"\n', 3, "/nonexistent/customs"),
        ('[tls]\ncertificate = "/nonexistent/c.pem"\nkey = "/nonexistent/k.pem"\n', None, "c.pem"),
    ],
)
def test_a_bad_configuration_is_refused_with_key_and_line(
    folder: Path, text: str, line: int | None, named: str
) -> None:
    """EX_CONFIG."""
    done = check_configuration(folder, text)
    assert done.returncode == 78, done
    assert named in done.stderr
    if line is not None:
        assert re.search(rf"(line |:){line}\b", done.stderr), done.stderr


def test_check_opens_nothing(folder: Path, sqlite_store: Store) -> None:
    """No file is made and no address is bound."""
    port = free_udp_port()
    with socket.socket(type=socket.SOCK_DGRAM) as occupied:
        occupied.bind(("127.0.0.1", port))
        done = check_configuration(
            folder,
            f'listen = ["udp://127.0.0.1:{port}"]\n'
            f'store = "{sqlite_store.url}"\nstate_dir = "{folder}/nowhere"\n',
        )
    assert done.returncode == 0, done
    assert not (folder / "nowhere").exists()
    assert not Path(sqlite_store.url.removeprefix("sqlite://")).exists()


@pytest.mark.parametrize(
    "text",
    [
        *('http = "localhost:8080"', 'http = ":8080"', 'http = "[::1]:8080"', 'http = "a-b.c:1"'),
        *('store = "postgres:///customs?sslmode=require"', 'store = "host=db dbname=customs"'),
        'store = "sqlite://relative.sqlite"',
    ],
)
def test_every_form_of_a_value_is_accepted(folder: Path, text: str) -> None:
    done = check_configuration(folder, text + "\n")
    assert (done.returncode, done.stderr) == (0, "")


def test_check_reads_the_files_of_tls(folder: Path, authority: Authority) -> None:
    """A key of another certificate, and a file that is no key."""
    one, other = (authority.issue(name) for name in ("one", "other"))
    (folder / "noise.pem").write_text("noise\n")

    def check(certificate: Path, key: Path, more: str = "") -> tuple[int, str]:
        done = check_configuration(
            folder, f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n{more}'
        )
        return done.returncode, done.stderr

    assert check(one.certificate, one.key) == (0, "")
    for certificate, key, more in (
        (one.certificate, other.key, ""),
        (one.certificate, folder / "noise.pem", ""),
        (folder / "noise.pem", one.key, ""),
        (one.certificate, one.key, f'client_ca = "{folder}/missing.pem"\n'),
    ):
        status, errors = check(certificate, key, more)
        assert status == 78
        assert ".pem" in errors


def test_password_is_never_shown(folder: Path) -> None:
    """Neither by the check nor by a daemon that cannot connect."""
    settings = 'store = "postgres://customs:s3cr3t@127.0.0.1:1/customs"\n'
    done = check_configuration(folder, settings + "stoer = 1\n")
    assert done.returncode == 78
    assert "s3cr3t" not in done.stdout + done.stderr
    asked = Customs("postgres://customs:s3cr3t@127.0.0.1:1/customs", folder).run("top")
    assert asked.returncode == 69
    assert "s3cr3t" not in asked.stdout + asked.stderr


def test_a_bad_configuration_stops_the_start(folder: Path) -> None:
    """Without `--check` too."""
    file = folder / "bad.toml"
    file.write_text("stoer = 1\n")
    done = subprocess.run(
        [str(CUSTOMSD), "--config", str(file)],
        env=clean_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 78


def test_flags_win_over_environment_over_file(
    start_daemon: StartDaemon, sqlite_store: Store, folder: Path
) -> None:
    """The daemon's own flags are good; the environment and the file name stores that cannot be."""
    daemon = start_daemon(
        sqlite_store,
        settings='store = "sqlite:///nonexistent/file.sqlite"\n',
        environment={"CUSTOMS_STORE": "sqlite:///nonexistent/environment.sqlite"},
    )
    daemon.send(load(Population(61), Ledger(), 10))
    daemon.settle(10)


# Signals


def test_an_idle_daemon_ends_with_0_and_removes_its_socket(daemon: Daemon) -> None:
    """SIGTERM."""
    daemon.stop()
    assert not (daemon.folder / "records.sock").exists()


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


# systemd


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
    names = ("customsd.service", "customsd.socket", "customs-keep.service", "customs-keep.timer")
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
    done = subprocess.run(
        [
            *(str(CUSTOMSD), "--config", str(first.settings), "--store", sqlite_store.url),
            *("--state-dir", str(first.state), "--listen", f"udp://127.0.0.1:{free_udp_port()}"),
        ],
        env=clean_environment(first.folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
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
