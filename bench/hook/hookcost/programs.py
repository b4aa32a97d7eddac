"""Runs one program under one hook, and checks its output, its datagrams and its files."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from hookcost.cases import Case
from hookcost.hooks import OURS, Hook
from hookcost.prepare import Venv

#: Longer than any program takes, even under valgrind; seconds.
_LIMIT = 600


class Programs:
    """Runs programs in an environment of their own, and counts their failures."""

    def __init__(self, venv: Venv, directory: Path, traces: Path) -> None:
        self.venv = venv
        self.traces = traces
        self.directory = directory
        #: Failures, and their numbers.
        self.problems: Counter[str] = Counter()
        #: Cases and hooks with a failure.
        self.unsound: set[tuple[str, str]] = set()
        self._settings: dict[str, str] = {}
        self._receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._receiver.bind(("127.0.0.1", 0))
        self._receiver.setblocking(False)
        self.port = int(self._receiver.getsockname()[1])

    def __enter__(self) -> Programs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._receiver.close()

    def set_for_all(self, settings: Mapping[str, str]) -> None:
        """Adds variables to every program's environment, so that all hooks have their cost."""
        self._settings.update(settings)

    def run(
        self,
        case: Case,
        hook: Hook,
        tool: Sequence[str] = (),
        code: str | None = None,
        seed: int = 0,
    ) -> tuple[str, int]:
        """Runs a case to its end; returns its output, and the number of its datagrams.

        ``seed``: the number of the layout of memory. It is the seed of the hashes of texts, and
        decides the length of the interpreter's path, which all modules' paths begin with.
        """
        command = [*tool, str(self._interpreter(seed)), "-c", code or case.code]
        environment = self._environment(hook, seed)
        status, output, errors = _execute(command, environment, self.directory)
        if status != 0 or errors:
            last = errors.strip().splitlines()[-1:] or [f"status {status}"]
            self.complain(case, hook, f"fails or is not silent: {last[0]}")
        datagrams = self._drain()
        self._check_datagrams(case, hook, datagrams)
        self._check_traces(case, hook)
        return output, len(datagrams)

    def complain(self, case: Case, hook: Hook, what: str) -> None:
        """Notes a failure."""
        self.problems[f"{case.name} {self.venv.kind}, {hook.name}: {what}"] += 1
        self.unsound.add((case.name, hook.name))

    def _interpreter(self, seed: int) -> Path:
        if seed == 0:
            return self.venv.python
        link = self.directory / ("venv" + 2 * seed * "x")
        if not link.is_symlink():
            link.symlink_to(self.venv.python.parents[1])
        return link / "bin/python"

    def _check_datagrams(self, case: Case, hook: Hook, datagrams: list[bytes]) -> None:
        right = hook.busy if case.is_watched else hook.idle
        if len(datagrams) not in right:
            self.complain(case, hook, f"{len(datagrams)} datagrams, not {_words(right)}")
        elif hook.name == OURS and case.is_watched and b"numpy" not in datagrams[0]:
            self.complain(case, hook, "a record without numpy")

    def _check_traces(self, case: Case, hook: Hook) -> None:
        # users' own directories may stay
        for path in self.traces.rglob("*"):
            if not path.is_dir():
                self.complain(case, hook, "a trace is left of a program that has ended")
                path.unlink()

    def _drain(self) -> list[bytes]:
        # on loopback a datagram is there before the call that sends it returns
        datagrams = []
        while True:
            try:
                datagrams.append(self._receiver.recv(65536))
            except BlockingIOError:
                return datagrams

    def _environment(self, hook: Hook, seed: int) -> dict[str, str]:
        home = str(self.directory)
        environment = {
            "HOME": home,
            "LANG": "C.UTF-8",
            "MPLBACKEND": "agg",
            "MPLCONFIGDIR": home,
            # threads start and end at any moment, and so do their system calls
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PATH": os.defpath,
            "PYTHONHASHSEED": str(seed),
            "USER": "bench",
            **self._settings,
        }
        if hook.directory is not None:
            environment["PYTHONPATH"] = str(hook.directory)
        return environment


def _execute(
    command: list[str], environment: dict[str, str], directory: Path
) -> tuple[int, str, str]:
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=_LIMIT)
    except BaseException:
        # the whole group: a killed strace lets its program go on
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode, output, errors


def _words(numbers: range) -> str:
    low, high = numbers[0], numbers[-1]
    return str(low) if low == high else f"{low} to {high}"
