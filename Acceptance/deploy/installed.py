"""Files of `etc/` as a site installs them, and programs run with a given environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "etc" / "hook"
SLURM = ROOT / "etc" / "slurm"
EXAMPLE = "/opt/customs/hook"
TRACES = "/run/customs/traces"
SERVER = "udp://192.0.2.1:5140"


def run(
    command: list[str], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it with this environment and no other."""
    full = {"PATH": os.environ["PATH"], **(environment or {})}
    return subprocess.run(
        command,
        env=full,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def need(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"no {program}: install {package}")
    return path


def adapted(source: Path, target: Path, changes: dict[str, str]) -> Path:
    """The file as a site installs it."""
    text = source.read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    target.write_text(text)
    target.chmod(0o755)
    return target
