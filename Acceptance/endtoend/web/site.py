"""`customs web` on one store, and requests to it."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.daemon import CUSTOMS, PATIENCE
from support.ports import free_tcp_port


@dataclass(frozen=True)
class Page:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Site:
    """A process that serves pages."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port = port
        self.process = process
        self.log = log

    def get(self, path: str, method: str = "GET", **headers: str) -> Page:
        """Asks on a connection of its own. A header's name has _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Page(response.status, names, response.read())
        finally:
            connection.close()

    def memory(self) -> int:
        """Resident bytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        [value] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
        return int(value) * 1024


@contextmanager
def serving(store_url: str, folder: Path, *arguments: str, settings: str = "") -> Iterator[Site]:
    """Serves a store until the block ends. The process must end by itself then."""
    port = free_tcp_port()
    log = folder / f"web-{port}.log"
    configuration = folder / f"web-{port}.toml"
    configuration.write_text(settings)
    command = [str(CUSTOMS), "web", "--store", store_url, "--config", str(configuration)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--listen", f"127.0.0.1:{port}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
        )
        try:
            wait_for(port, process)
            yield Site(port, process, log)
            process.terminate()
            assert process.wait(PATIENCE) == 0, log.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until it listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "customs web has ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")
