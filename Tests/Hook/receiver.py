"""A real UDP socket that the hook's datagrams arrive at, and programs run under the hook."""

from __future__ import annotations

import glob
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

HOOK = Path(__file__).resolve().parents[2] / "sitecustomize"
HEADER = re.compile(
    rb"<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]+ customs \d+ imports - (\{.*\})",
    re.DOTALL,
)
#: Variables of the surroundings that say something about a job or the hook.
FOREIGN = ("SLURM_", "CUSTOMS_", "OMPI_", "PMI_", "PMIX_", "PALS_", "PYTHON", "VIRTUAL_ENV")


class Receiver:
    """Counts and parses what arrives."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"

    def datagrams(self) -> list[bytes]:
        """Return what has arrived: on loopback all that was sent before the sender's end."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(65536))
            except BlockingIOError:
                return found

    def records(self) -> list[dict[str, Any]]:
        records = []
        for datagram in self.datagrams():
            match = HEADER.fullmatch(datagram)
            assert match, datagram
            records.append(json.loads(match.group(1)))
        return records

    def record(self) -> dict[str, Any]:
        records = self.records()
        assert len(records) == 1, records
        return records[0]


def environment(receiver: Receiver | None, *paths: Path | str, **extra: str) -> dict[str, str]:
    """Return the surroundings of a program under the hook; without a receiver, without the hook."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    search = [str(path) for path in paths]
    if receiver is not None:
        search.insert(0, str(HOOK))
        variables["CUSTOMS_SERVER"] = receiver.url
    variables["PYTHONPATH"] = os.pathsep.join(search)
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    return {**variables, **extra}


def run(
    arguments: list[str | bytes],
    variables: dict[str, str],
    executable: str = sys.executable,
    **options: Any,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [executable, *arguments],
        env=variables,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )


def interpreters() -> list[str]:
    """Return the interpreters found: this one, pyenv's, and those on PATH."""
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    names = [f"python3.{minor}" for minor in range(6, 15)] + ["pypy3"]
    found = {os.path.realpath(sys.executable)}
    found.update(os.path.realpath(p) for p in glob.glob(f"{root}/versions/*/bin/python3"))
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        if "shims" in directory:
            continue
        found.update(
            os.path.realpath(f"{directory}/{name}")
            for name in names
            if os.access(f"{directory}/{name}", os.X_OK)
        )
    return sorted(found)


def old_interpreters() -> list[str]:
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    return sorted(glob.glob(f"{root}/versions/2.7*/bin/python2.7"))
