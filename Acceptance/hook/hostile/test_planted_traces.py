"""The sweep follows nothing that another user planted in the trace directory."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver

from hook.hostile.users import (
    ALICE,
    MALLORY,
    as_user,
    assert_only_alices,
    leave,
    needs_root,
    victim,
)
from hook.records.contract import assert_kept
from hook.sweeps import boot_time, head, sweep, text


def link(path: Path, target: str) -> None:
    path.symlink_to(target)


def sock(path: Path) -> None:
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(text(head(), "numpy"))
        # what the file system bears: 1 TiB where it can
        for size in (2**40, 2**36, 2**30):
            with contextlib.suppress(OSError):
                file.truncate(size)
                return


#: What Mallory makes of his slot number 7, and whether it can be cleared away.
PLANTS: dict[str, tuple[Callable[[Path], object], bool]] = {
    "symbolic link to a secret": (lambda path: link(path, "/etc/shadow"), True),
    "symbolic link to another's trace": (lambda path: link(path, f"../{ALICE}/5"), True),
    "symbolic link to nothing": (lambda path: link(path, "/nowhere"), True),
    "symbolic link to itself": (lambda path: link(path, "7"), True),
    "symbolic link to a device": (lambda path: link(path, "/dev/zero"), True),
    "FIFO": (os.mkfifo, True),
    "socket": (sock, True),
    "empty directory": (lambda path: path.mkdir(), True),
    "full directory": (lambda path: (path / "a" / "b").mkdir(parents=True), False),
    "sparse file": (sparse, True),
    "two million bytes in a line": (lambda path: path.write_bytes(b"x" * 2_000_000), True),
    "a file that is not to be read": (lambda path: path.touch(mode=0), False),
    "no line": (lambda path: path.write_bytes(b"{" * 32768), False),
    "zeros": (lambda path: path.write_bytes(b"\0" * 4096 + b"\n"), True),
}


@needs_root
@pytest.mark.parametrize("name", PLANTS)
def test_no_planted_file_is_followed(name: str, receiver: Receiver, traces: Path) -> None:
    action, goes = PLANTS[name]
    (traces / str(MALLORY)).mkdir(mode=0o700)
    os.chown(traces / str(MALLORY), MALLORY, MALLORY)
    path = traces / str(MALLORY) / "7"
    as_user(MALLORY, lambda: action(path))
    record = victim(traces)
    before = os.stat("/etc/shadow")
    began = time.monotonic()
    sweep(traces, receiver.url, "--running")
    assert time.monotonic() - began < 5
    assert_only_alices(receiver, record)
    assert os.path.lexists(path) is not goes
    assert os.stat("/etc/shadow") == before or os.stat("/etc/shadow").st_ino == before.st_ino


@needs_root
def test_hard_links_and_files_of_others_are_not_reported(receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    mallory = traces / str(MALLORY)
    mallory.mkdir(mode=0o700)
    os.chown(mallory, MALLORY, MALLORY)
    # he could do so where the system does not protect hard links; here root does it for him
    os.link(traces / str(ALICE) / "5", mallory / "1")
    (mallory / "2").write_bytes(text(head(uid=0), "numpy"))
    leave(traces, MALLORY, 3, text(head(), "numpy"))
    os.link(mallory / "3", mallory / "4")
    # whichever of the two directories comes first: while her file has two names it waits
    for _ in range(2):
        sweep(traces, receiver.url)
    assert_only_alices(receiver, record)
    assert sorted(path.name for path in mallory.iterdir()) == ["3", "4"]
    assert list((traces / str(ALICE)).iterdir()) == []


@needs_root
def test_a_device_node_is_removed(receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    leave(traces, MALLORY, 1, b"")
    path = traces / str(MALLORY) / "2"
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except OSError as error:
        pytest.skip(f"device nodes cannot be made here: {error}")
    os.chown(path, MALLORY, MALLORY)
    sweep(traces, receiver.url)
    assert_only_alices(receiver, record)
    assert not path.exists()


@needs_root
@pytest.mark.parametrize("kind", ["link", "file", "empty", "full", "fifo"])
def test_a_directory_taken_from_another_user_is_given_back(
    kind: str, receiver: Receiver, traces: Path
) -> None:
    outside = traces.parent / "outside"
    outside.mkdir()
    (outside / "5").write_bytes(text(head(), "numpy"))
    path = traces / str(ALICE)

    def squat() -> None:
        if kind == "link":
            path.symlink_to(outside)
        elif kind == "file":
            path.write_text("mine")
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir(mode=0o777)
        if kind == "full":
            (path / "5").write_bytes(text(head(uid=ALICE), "numpy"))

    as_user(MALLORY, squat)
    sweep(traces, receiver.url)
    assert receiver.records() == []
    assert not os.path.lexists(path)
    assert (outside / "5").exists()
    # now it is hers again
    assert_only_alices(receiver, _swept(victim(traces), traces, receiver))


def _swept(record: dict[str, Any], traces: Path, receiver: Receiver) -> dict[str, Any]:
    sweep(traces, receiver.url)
    return record


@needs_root
def test_names_that_the_hook_does_not_give_are_ignored(receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    content = text(head(), "numpy")
    strange = ["01", "+1", "-1", "1 ", "1024", "x", "1\n2", "\x1b[31m", "٣", "9" * 200, "1.0"]
    for name in strange:
        leave(traces, MALLORY, name, content)
    tops = ["00", f"0{MALLORY}", "4294967295", "99999999999", "x", "1\n2", "\x1b]0;x\x07", "٣"]
    for name in tops:
        as_user(MALLORY, lambda name=name: (traces / name).mkdir(mode=0o700))  # type: ignore[misc]
    told = sweep(traces, receiver.url)
    assert "\x1b" not in told
    assert_only_alices(receiver, record)
    assert list((traces / str(MALLORY)).iterdir()) == []
    # a directory without a user's uid as its name is left alone
    assert {path.name for path in traces.iterdir()} == {*tops, str(ALICE), str(MALLORY)}


@needs_root
def test_a_directory_that_is_open_to_others_is_not_read(receiver: Receiver, traces: Path) -> None:
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    (traces / str(MALLORY)).chmod(0o777)
    sweep(traces, receiver.url)
    assert receiver.records() == []


@needs_root
def test_a_trace_cannot_claim_a_user_or_a_host(receiver: Receiver, traces: Path) -> None:
    lie = head(uid=0, username="root", host="elsewhere", end="exit", elapsed=1e9, part=1, parts=3)
    lie.update(event_timestamp="1970-01-01T00:00:00Z", direct=["numpy"], canary={"run": "x"})
    leave(traces, MALLORY, 1, text(lie, '{"uid":0,"host":"y","id":"0","pid":1}', "numpy 1.0"))
    sweep(traces, receiver.url)
    record = receiver.record()
    assert_kept(record)
    assert (record["uid"], record["username"]) == (MALLORY, f"#{MALLORY}")
    assert record["host"] == os.uname().nodename
    assert (record["end"], record["id"], record["pid"]) == ("killed", lie["id"], lie["pid"])
    assert record["packages"] == {"numpy": "1.0"}
    assert not {"direct", "canary", "part", "parts"} & set(record)
    assert record["elapsed"] < 60
    assert not record["event_timestamp"].startswith("1970")


@needs_root
def test_a_living_process_of_another_user_does_not_hide_a_death(
    receiver: Receiver, traces: Path
) -> None:
    leave(traces, MALLORY, 1, text(head(pid=os.getpid(), started=boot_time()), "numpy"))
    sweep(traces, receiver.url, "--running")
    assert receiver.record()["end"] == "killed"
