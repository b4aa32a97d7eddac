"""Two users without an account: Mallory, who attacks, and Alice, whose trace must be swept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver

from hook.sweeps import head, text

#: Uids that no account has.
MALLORY, ALICE = 3999999001, 3999999002


needs_root = pytest.mark.skipif(
    os.getuid() != 0, reason="takes root, to play several users and to sweep after them"
)


def as_user(uid: int, action: Callable[[], object]) -> None:
    """Do something as another user; what he is not allowed to do fails here too."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.umask(0o077)
            action()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def open_to_all(path: Path) -> None:
    """Let every user enter a directory, and those above it."""
    for directory in (path, *path.parents):
        mode = directory.stat().st_mode
        if mode & 0o005 != 0o005:
            directory.chmod(mode & 0o7777 | 0o055)


def leave(traces: Path, uid: int, slot: int | str, content: bytes) -> None:
    """Leave a trace as a user's process does."""

    def write() -> None:
        directory = traces / str(uid)
        directory.mkdir(mode=0o700, exist_ok=True)
        (directory / str(slot)).write_bytes(content)

    as_user(uid, write)


def victim(traces: Path) -> dict[str, Any]:
    """Leave a good trace of Alice's."""
    record = head(uid=ALICE)
    leave(traces, ALICE, 5, text(record, "numpy 1.26.4"))
    return record


def assert_only_alices(receiver: Receiver, record: dict[str, Any]) -> None:
    sent = receiver.record()
    assert sent["id"] == record["id"]
    assert sent["uid"] == ALICE
