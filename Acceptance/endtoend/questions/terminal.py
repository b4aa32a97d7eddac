"""Commands on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unicodedata

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


def plain(text: str) -> str:
    """Without what steers the terminal."""
    return re.sub(r"\x1b\[[0-9;]*[mK]|\r", "", text)


def width_of(text: str) -> int:
    """The columns of a text: wide letters take two, combining ones none."""
    width = 0
    for cluster in re.findall(r".[\u0300-\u036f\ufe0f]*(?:\u200d.\ufe0f?)*", text):
        wide = unicodedata.east_asian_width(cluster[0]) in "WF" or "\ufe0f" in cluster
        width += 2 if wide else 1
    return width
