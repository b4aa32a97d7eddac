"""A program run with and without the hook, whose output must not differ."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.receiver import (
    Receiver,
    environment,
    run,
)


def same_with_and_without(
    arguments: list[str | bytes],
    receiver: Receiver,
    packages: Path,
    executable: str = sys.executable,
    **extra: str,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with and without the hook; its output and its exit code must be the same."""
    bare = run(arguments, environment(None, packages, **extra), executable)
    hooked = run(arguments, environment(receiver, packages, **extra), executable)
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        bare.returncode,
        bare.stdout,
        bare.stderr,
    )
    return hooked
