"""Traces as the hook leaves them, and the sweep run on them as a site runs it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from support.receiver import HOOK, Receiver, environment

SWEEP = HOOK / "customs_sweep.py"
#: No process has this number: it is more than the kernel gives (PID_MAX_LIMIT).
NOBODY = 4194305

_numbers = itertools.count(1)


def processes_class() -> Any:
    """Return the sweep's ``Processes``, from the hook's own directory."""
    if str(HOOK) not in sys.path:
        sys.path.append(str(HOOK))
    from customs_hook.sweeper.processes import Processes

    return Processes


def traced(receiver: Receiver, packages: Path, traces: Path, **extra: str) -> dict[str, str]:
    """Return the surroundings of a program that leaves its trace in ``traces``."""
    return environment(receiver, packages, CUSTOMS_TRACE_DIR=str(traces), **extra)


def command(
    traces: Path, server: str, *options: str, executable: str = sys.executable
) -> list[str]:
    flags = ["-I", "-S", "-B", str(SWEEP), "--trace-dir", str(traces), "--server", server]
    return [executable, *flags, *options]


def sweep(traces: Path, server: str, *options: str, executable: str = sys.executable) -> str:
    """Sweep, and return what it says."""
    arguments = command(traces, server, "-v", *options, executable=executable)
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=60, check=False, env={}
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def own(traces: Path) -> Path:
    """Return the directory of the user that runs the tests."""
    directory = traces / str(os.getuid())
    if not directory.exists():
        directory.mkdir(mode=0o700)
    return directory


def left(traces: Path) -> list[Path]:
    return sorted(path for path in own(traces).iterdir())


def boot_time() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def head(**changes: Any) -> dict[str, Any]:
    """Return the first line of a trace whose process is gone."""
    record = {
        **{"v": 1, "id": f"{next(_numbers):032x}", "host": "n1", "pid": NOBODY, "ppid": 1},
        **{"uid": os.getuid(), "username": "alice", "executable": "/usr/bin/python3"},
        **{"prefix": "/usr", "python": "3.11.7", "implementation": "cpython", "main": "/x.py"},
        **{"is_compute": False, "started": round(boot_time() - 5, 2)},
    }
    record.update(changes)
    return record


def text(record: dict[str, Any], *lines: str) -> bytes:
    """Return a trace's bytes."""
    first = json.dumps(record, separators=(",", ":"))
    return "".join(f"{line}\n" for line in (first, *lines)).encode("ascii")


def plant(traces: Path, slot: int | str, content: bytes) -> Path:
    path = own(traces) / str(slot)
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def until(condition: Any, seconds: float = 20) -> None:
    """Wait for something that another process does."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)
