"""A place to install the hook into, with a socket that records are sent to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.daemon import CUSTOMS, PATIENCE, clean_environment

SERVER = "udp://192.0.2.1:5140"
PYTHON = os.path.realpath(sys.executable)


class Site:
    """A place to install into, with a socket that records are sent to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "hook"
        self.traces = folder / "traces"
        self.traces.mkdir()
        self.traces.chmod(0o1777)
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.environment = clean_environment(folder)
        # a stand-in that is imported as fast as anything
        (folder / "numpy.py").write_text("__version__ = '1.0'\n")

    def run(
        self, *arguments: str, program: Path = CUSTOMS, umask: int = 0o022, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), "hook", *arguments],
            env=self.environment | extra,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            umask=umask,
        )

    def install(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Installs for one interpreter, whatever comes of it."""
        common = ("--python", PYTHON, "--prefix", str(self.tree), "--trace-dir", str(self.traces))
        return self.run("install", *common, *(arguments or ("--server", self.url)), **options)

    def installed(self, *arguments: str, **options: Any) -> str:
        """Installs, which must succeed; returns what is printed on standard output."""
        done = self.install(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def check(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Returns exit code, answer and standard error of a check of one interpreter."""
        common = ("--python", PYTHON, "--prefix", str(self.tree), "--format", "json")
        done = self.run("check", *common, *arguments)
        return done.returncode, json.loads(done.stdout), done.stderr

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a Python program under the tree."""
        search = f"{self.tree}:{self.folder}"
        return subprocess.run(
            [PYTHON, *arguments],
            env=self.environment | {"PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def records(self) -> int:
        """How many records have come since the last time."""
        count = 0
        while True:
            try:
                assert b'"numpy"' in self.socket.recv(65536)
                count += 1
            except BlockingIOError:
                return count

    def contents(self) -> dict[str, bytes]:
        """All files of the tree but those compiled."""
        return {str(path): path.read_bytes() for path in sorted(self.tree.rglob("*.py"))}
