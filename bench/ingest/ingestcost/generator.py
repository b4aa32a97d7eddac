"""The programs in C that send, only receive, and only store."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "bench/ingest/generator"
BUILT = ROOT / ".build-bench"
WORKLOADS = ("unique", "steps", "realistic")
SEED = 1


class Unavailable(Exception):
    """A missing tool or package."""


def build() -> None:
    """Compiles them."""
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
    asked = ["pkg-config", "--cflags", "--libs", "libpq"]
    libpq = shlex.split(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    (BUILT / "bin").mkdir(parents=True, exist_ok=True)
    for name, sources, libraries in (
        ("send", ["send.c", "workload.c"], ["-lm"]),
        ("receive", ["receive.c"], []),
        ("loop", ["loop.c"], [*libpq, "-pthread"]),
        ("copy", ["copy.c", "workload.c"], [*libpq, "-lm"]),
        ("slowsync.so", ["slowsync.c"], ["-shared", "-fPIC"]),
    ):
        command = ["cc", *flags, "-o", str(program(name)), *sources, *libraries]
        done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"{name} cannot be compiled: {done.stderr}")


def program(name: str) -> Path:
    return BUILT / "bin" / name


@dataclass(frozen=True)
class Sent:
    """The sender's own report."""

    records: int
    seconds: float
    cpu_seconds: float


def sender(workload: str, records: int, rate: float, to: str) -> subprocess.Popen[str]:
    """Starts to send; `sent` waits for its end."""
    return subprocess.Popen(
        [str(program("send")), workload, str(SEED), str(records), str(rate), to],
        stdout=subprocess.PIPE,
        text=True,
    )


def sent(process: subprocess.Popen[str]) -> Sent:
    output, _ = process.communicate(timeout=900)
    if process.returncode:
        raise RuntimeError(f"the sender failed with {process.returncode}")
    said = json.loads(output)
    return Sent(said["sent"], said["seconds"], said["cpu_seconds"])


def send(workload: str, records: int, rate: float, to: str) -> Sent:
    return sent(sender(workload, records, rate, to))
