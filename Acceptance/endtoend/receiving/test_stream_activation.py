"""Stream sockets that systemd holds: the first connection starts the daemon."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import (
    CUSTOMSD,
    DIE_WITH_PARENT,
    PATIENCE,
    Customs,
    Store,
    clean_environment,
    wait_until,
)
from support.ports import free_tcp_port
from support.streams import (
    counted,
)


@pytest.mark.parametrize("name", ["tcp", "tls"])
def test_the_first_connection_starts_the_daemon(
    folder: Path,
    store: Store,
    authority: Authority,
    server_certificate: Certificate,
    name: str,
) -> None:
    """The first connection starts the daemon; a socket named `tls` speaks TLS."""
    activate = shutil.which("systemd-socket-activate")
    assert activate, "no systemd-socket-activate (Debian: apt-get install systemd)"
    port = free_tcp_port()
    customs = Customs(store.url, folder)
    log = folder / "log"
    settings = folder / "customsd.toml"
    settings.write_text(
        f'[tls]\ncertificate = "{server_certificate.certificate}"\n'
        f'key = "{server_certificate.key}"\n'
    )
    messages = [sample.datagram for sample in Population(241).samples(100)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(*DIE_WITH_PARENT, activate, f"--fdname={name}", "-l", f"127.0.0.1:{port}"),
                *(str(CUSTOMSD), "--config", str(settings), "--store", store.url),
                *("--state-dir", str(folder / "journal")),
            ],
            env=clean_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: "Listening" in log.read_text(), log.read_text)
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
            if name == "tls":
                with authority.client().wrap_socket(plain, server_hostname="localhost") as secure:
                    secure.sendall(counted(messages))
                    secure.unwrap()
            else:
                plain.sendall(counted(messages))

        def all_stored() -> bool:
            health = customs.health_if_any() or {"received": 0, "pending": 0}
            return bool(health["received"] == 100 and health["pending"] == 0)

        wait_until(all_stored, lambda: f"{customs.health_if_any()}\n{log.read_text()}")
        assert f"{name}://127.0.0.1:{port}" in log.read_text()
        process.terminate()
        assert process.wait(PATIENCE) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)
