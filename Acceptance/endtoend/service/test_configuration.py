"""The daemon's configuration: which is valid, what is wrong with another, and which wins."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.certificates import Authority
from support.daemon import (
    CUSTOMSD,
    PATIENCE,
    ROOT,
    Customs,
    StartDaemon,
    Store,
    check_configuration,
    clean_environment,
)
from support.ports import free_udp_port

DEFAULTS = ROOT / "etc/customsd.toml"


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
