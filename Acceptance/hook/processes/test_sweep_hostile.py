"""The sweep in a trace directory where another user has planted what he could think of."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver

from hook.records.test_record import assert_kept
from hook.sweeps import boot_time, head, plant, sweep, text

#: Uids that no account has.
MALLORY, ALICE = 3999999001, 3999999002
#: Locks its standard input, says so, and sits there.
HOLD = "import fcntl, time; fcntl.flock(0, fcntl.LOCK_EX); print(flush=True); time.sleep(60)"
SEED = 4711

needs_root = pytest.mark.skipif(
    os.getuid() != 0, reason="takes root, to play several users and to sweep after them"
)


@pytest.fixture
def traces() -> Iterator[Path]:
    """A trace directory that every user can reach."""
    top = Path(tempfile.mkdtemp(prefix="customs-hostile-"))
    top.chmod(0o755)
    directory = top / "traces"
    directory.mkdir()
    directory.chmod(0o1777)
    yield directory
    shutil.rmtree(top)


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
def test_what_is_planted_is_not_followed(name: str, receiver: Receiver, traces: Path) -> None:
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
def test_hard_links_and_files_of_others(receiver: Receiver, traces: Path) -> None:
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
def test_device_nodes(receiver: Receiver, traces: Path) -> None:
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
def test_another_users_name_is_taken(kind: str, receiver: Receiver, traces: Path) -> None:
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
def test_names_that_the_hook_does_not_give(receiver: Receiver, traces: Path) -> None:
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
def test_a_directory_that_is_open_to_others(receiver: Receiver, traces: Path) -> None:
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    (traces / str(MALLORY)).chmod(0o777)
    sweep(traces, receiver.url)
    assert receiver.records() == []


@needs_root
def test_whose_and_where_it_was_is_not_the_traces_to_say(receiver: Receiver, traces: Path) -> None:
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
def test_a_living_process_of_another_user_is_nobodys_alibi(
    receiver: Receiver, traces: Path
) -> None:
    leave(traces, MALLORY, 1, text(head(pid=os.getpid(), started=boot_time()), "numpy"))
    sweep(traces, receiver.url, "--running")
    assert receiver.record()["end"] == "killed"


@needs_root
def test_a_file_that_is_locked_holds_up_nobody(receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    with (traces / str(MALLORY) / "1").open("rb") as file:
        holder = subprocess.Popen([sys.executable, "-c", HOLD], stdin=file, stdout=subprocess.PIPE)
        assert holder.stdout
        assert holder.stdout.readline() == b"\n"
        sweep(traces, receiver.url)
        holder.kill()
        holder.communicate()
    assert_only_alices(receiver, record)


@needs_root
def test_a_file_that_grows(receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    grow = (
        "import os, sys, time\n"
        "end = time.monotonic() + 3\n"
        "file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)\n"
        "while time.monotonic() < end: os.write(file, b'x' * 1000); time.sleep(0.001)\n"
    )
    path = traces / str(MALLORY) / "1"
    with subprocess.Popen([sys.executable, "-c", grow, str(path)]) as grower:
        time.sleep(0.1)
        sweep(traces, receiver.url)
        grower.kill()
    found = {sent["uid"] for sent in receiver.records() if sent["id"] == record["id"]}
    assert found == {ALICE}


@needs_root
@pytest.mark.parametrize("where", ["a user's directory", "the trace directory"])
def test_floods_of_names(where: str, receiver: Receiver, traces: Path) -> None:
    record = victim(traces)
    leave(traces, MALLORY, 1, text(head(), "numpy"))
    inside = where == "a user's directory"

    def flood() -> None:
        for number in range(30000):
            path = traces / str(MALLORY) / f"x{number}" if inside else traces / f"{10**6 + number}"
            os.close(os.open(path, os.O_CREAT))

    as_user(MALLORY, flood)
    began = time.monotonic()
    sweep(traces, receiver.url)
    assert time.monotonic() - began < 10
    # his own goes too, though it is one name of very many
    assert {sent["uid"] for sent in receiver.records()} == {ALICE, MALLORY}
    assert record["id"]


@needs_root
def test_many_users_and_all_slots_in_bounded_time(receiver: Receiver, traces: Path) -> None:
    leave(traces, MALLORY, 0, b"")
    slots = [text(head(), *["n" * 100] * 200) for _ in range(1024)]

    def fill() -> None:
        for slot, content in enumerate(slots):
            (traces / str(MALLORY) / str(slot)).write_bytes(content)

    as_user(MALLORY, fill)
    began = time.monotonic()
    sweep(traces, receiver.url, "--max-seconds", "1")
    assert time.monotonic() - began < 2


@needs_root
def test_a_trace_that_is_swapped_while_it_is_swept(receiver: Receiver, traces: Path) -> None:
    """Mallory puts a link to a secret in the place of his trace and back, as fast as he can."""
    secret = traces.parent / "secret"
    secret.write_bytes(text(head(username="secret"), "pandas"))
    secret.chmod(0o600)
    leave(traces, MALLORY, 1, b"")
    swap = (
        "import os, sys\n"
        "os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2])); os.chdir(sys.argv[1])\n"
        "os.umask(0o77)\n"
        "while True:\n"
        "    for make in (lambda: os.symlink('../../secret', 't'), lambda: open('t', 'x'),\n"
        "                 lambda: os.link('1', 't'), lambda: os.mkdir('t')):\n"
        "        try: make(); os.rename('t', '1')\n"
        "        except OSError: pass\n"
        "        for end in (os.unlink, os.rmdir):\n"
        "            for name in ('t', '1'):\n"
        "                try: end(name)\n"
        "                except OSError: pass\n"
    )
    arguments = [sys.executable, "-c", swap, str(traces / str(MALLORY)), str(MALLORY)]
    record = victim(traces)
    with subprocess.Popen(arguments) as swapper:
        for _ in range(15):
            sweep(traces, receiver.url)
        assert swapper.poll() is None
        swapper.kill()
    assert_only_alices(receiver, record)
    assert secret.exists()


# --- malformed traces: these need no root


def variants(chance: random.Random) -> Iterator[bytes]:
    """Traces that no hook writes."""
    values: list[Any] = [None, True, False, 0, -1, 2**70, 1.5, -0.0, "", "x", "\x1b[2J", "\ud800"]
    values += ["y" * 20000, [], [1], {}, {"a": {}}, "\0", "\n", "9" * 12]
    good = text(head(), "numpy 1.26.4", '{"main":"/y.py"}', "scipy 1.11.1")
    for _ in range(150):
        record = head()
        for key in chance.sample(sorted(record), chance.randint(1, 4)):
            record[key] = chance.choice(values)
        record[chance.choice(["job_id", "rank", "is_staff", "qos", "zzz"])] = chance.choice(values)
        yield text(record, "numpy 1.26.4")
    for _ in range(150):
        mutated = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        yield bytes(mutated)
    for _ in range(50):
        yield good[: chance.randrange(len(good))]
        yield bytes(chance.randrange(256) for _ in range(chance.randint(1, 300)))
    for line in ("[" * 15000, "[]", "1", "null", '"x"', "NaN", '{"v":1}', '{"v":1e999}', "{}"):
        yield f"{line}\nnumpy 1\n".encode()
    first = json.dumps(head()).encode()
    for number in (b"9" * 30000, b"1e400", b"-Infinity", b"0x1"):
        yield first[:-1] + b',"rank":' + number + b"}\nnumpy 1\n"
    yield b"\xef\xbb\xbf" + good
    yield good.replace(b"\n", b"\r\n")
    yield b"\n" + good
    yield good + good


def test_malformed_traces(receiver: Receiver, traces: Path) -> None:
    for slot, content in enumerate(variants(random.Random(SEED))):
        path = plant(traces, slot, content)
        os.utime(path, (0, 0))
    good = head()
    plant(traces, 1023, text(good, "numpy 1.26.4"))
    began = time.monotonic()
    seen = 0
    while list((traces / str(os.getuid())).iterdir()) and time.monotonic() - began < 20:
        # one file at most is a process's own that lives; all else is dead, and goes
        sweep(traces, receiver.url)
        for record in receiver.records():
            assert_kept(record)
            assert record["uid"] == os.getuid()
            assert record["host"] == os.uname().nodename
            assert record["end"] == "killed"
            assert record["packages"]
            assert all(name.replace(".", "").isidentifier() for name in record["packages"])
            assert all(v is None or v.isprintable() for v in record["packages"].values())
            assert 0 < record["pid"] < 10**9
            seen += record["id"] == good["id"]
    assert seen == 1
    rest = list((traces / str(os.getuid())).iterdir())
    # pids that the mutations made are perhaps those of living processes
    assert len(rest) < 5, rest


def test_names_of_packages(receiver: Receiver, traces: Path) -> None:
    lines = ["numpy 1.26.4", "\x1b[31mred 1", "a/b 1", "-x 1", "1x 1", "a..b 1", ".a 1", " a 1"]
    lines += ["n" * 128 + " 1", "good.name", "scipy 1 2", "pandas \x1b[2J", "h5py " + "1" * 65, ""]
    lines += ["numba ", "a\tb 1", "x;y 1", "__import__('os') 1", "{", "{}"]
    plant(traces, 1, text(head(), *lines))
    sweep(traces, receiver.url)
    assert receiver.record()["packages"] == {
        **{"numpy": "1.26.4", "good.name": None, "scipy": None, "pandas": None},
        **{"h5py": None, "numba": None},
    }
