"""Answers of a daemon over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request

from support.daemon import PATIENCE
from support.ports import free_tcp_port


class Probe:
    """`/metrics` and `/healthz` of one daemon, which is to be started with `arguments`."""

    def __init__(self) -> None:
        self._address = f"127.0.0.1:{free_tcp_port()}"
        self.arguments = ["--http", self._address]

    def metric(self, name: str) -> float:
        """A sample without labels."""
        with urllib.request.urlopen(f"http://{self._address}/metrics", timeout=PATIENCE) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"customs_{name} "):
                    return float(line.split()[1])
        raise AssertionError(f"no customs_{name}")

    def health(self) -> tuple[int, str]:
        """Status and text of `/healthz`."""
        try:
            with urllib.request.urlopen(
                f"http://{self._address}/healthz", timeout=PATIENCE
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
