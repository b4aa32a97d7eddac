"""File systems so small that a test can fill them."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import PATIENCE


class SmallDisk:
    """A mounted file system of a known size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, leave: int = 0) -> None:
        """Takes all the room that is left but for some bytes."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(65_536))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            ballast.truncate(max(0, ballast.tell() - leave))

    def empty(self) -> None:
        """Gives the room back."""
        self._ballast.unlink()


@contextmanager
def small_disk(size: str) -> Iterator[SmallDisk]:
    """Mounts one in memory; a test that needs it is skipped where that is not allowed."""
    folder = Path(tempfile.mkdtemp(prefix="customs-disk-", dir="/tmp"))
    mount = shutil.which("mount", path="/usr/bin:/bin")
    try:
        done = subprocess.run(
            [str(mount), "-t", "tmpfs", "-o", f"size={size},mode=755", "customs-test", str(folder)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"only root can mount a small file system: {done.stderr.strip()}")
        try:
            yield SmallDisk(folder)
        finally:
            # lazily: a process with an open file there must not keep the next tests from running
            subprocess.run(["umount", "-l", str(folder)], check=True, timeout=PATIENCE)
    finally:
        os.rmdir(folder)
