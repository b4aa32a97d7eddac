"""Commands on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from support.daemon import CUSTOMS, PATIENCE, Customs, clean_environment


def on_terminal(
    customs: Customs,
    *words: str,
    columns: int = 80,
    rows: int = 500,
    status: int = 0,
    **variables: str,
) -> str:
    """The output of a command on a terminal of this size; it ends with the status."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = clean_environment(customs.folder) | {"TERM": "xterm", **variables}
    process = subprocess.Popen(
        [str(CUSTOMS), words[0], "--store", customs.store_url, *words[1:]],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        env=environment,
    )
    os.close(follower)
    written = b""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if select.select([leader], [], [], 0.1)[0]:
            try:
                piece = os.read(leader, 65_536)
            except OSError:
                break
            if not piece:
                break
            written += piece
        elif process.poll() is not None:
            break
    os.close(leader)
    assert process.wait(PATIENCE) == status, written
    return written.decode().replace("\r\n", "\n")
