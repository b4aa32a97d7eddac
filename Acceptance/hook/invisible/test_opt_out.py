"""Users opt out by a variable, by their program, or by the site's file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.receiver import (
    Receiver,
    environment,
    install,
    interpreters,
    run,
)

from hook.hostile.users import needs_root, open_to_all
from hook.sweeps import left, sweep, traced


@pytest.mark.parametrize("value", ["1", "yes"])
def test_a_variable_opts_out(value: str, receiver: Receiver, packages: Path) -> None:
    variables = environment(receiver, packages, CUSTOMS_OPT_OUT=value)
    run(["-c", "import numpy"], variables)
    assert receiver.datagrams() == []


def test_a_program_opts_out_itself(receiver: Receiver, packages: Path) -> None:
    code = "import numpy, os; os.environ['CUSTOMS_OPT_OUT'] = '1'"
    run(["-c", code], environment(receiver, packages))
    assert receiver.datagrams() == []


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_variable_does_not_opt_out(value: str, receiver: Receiver, packages: Path) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, CUSTOMS_OPT_OUT=value))
    assert len(receiver.datagrams()) == 1


@pytest.mark.parametrize(
    ("line", "sends"),
    [
        ("alice", 0),
        ("  alice  # by mail", 0),
        (str(os.getuid()), 0),
        ("# alice", 1),
        ("bob", 1),
        ("alic", 1),
        ("", 1),
    ],
)
def test_the_sites_file_opts_out(
    line: str, sends: int, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "opt-out"
    listing.write_text(f"# who is left out\n{line}\n")
    tree = install(tmp_path / "hook", servers=(receiver.url,), opt_out_file=str(listing))
    run(["-c", "import numpy"], environment(None, tree, packages, USER="alice"))
    assert len(receiver.datagrams()) == sends


#: What stands in the place of the list, and can name anybody.
UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a directory": lambda path: path.mkdir(),
    "a FIFO": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("/nowhere/opt-out"),
    "a link to itself": lambda path: path.symlink_to(path),
    "too long": lambda path: path.write_bytes(b"bob\n" * 300_000),
    "a device": lambda path: path.symlink_to("/dev/null"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_list_that_cannot_be_read_whole_leaves_everybody_out(
    kind: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "opt-out"
    UNREADABLE[kind](listing)
    tree = install(tmp_path / "hook", servers=(receiver.url,), opt_out_file=str(listing))
    done = run(["-c", "import numpy"], environment(None, tree, packages, USER="alice"))
    assert (done.returncode, done.stderr, receiver.datagrams()) == (0, b"", [])


@needs_root
@pytest.mark.parametrize("closed", ["the list", "its directory"])
def test_a_list_that_the_user_may_not_read_leaves_him_out(
    closed: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    open_to_all(packages)
    (tmp_path / "site").mkdir()
    listing = tmp_path / "site" / "opt-out"
    listing.write_text("bob\n")
    tree = install(tmp_path / "hook", servers=(receiver.url,), opt_out_file=str(listing))
    variables = environment(None, tree, packages, USER="alice")
    python = "/usr/bin/python3"
    for mode, user, sends in ((0o755, 65534, 1), (0o700, 65534, 0), (0o700, 0, 1)):
        (listing if closed == "the list" else listing.parent).chmod(mode)
        run(["-c", "import numpy"], variables, executable=python, user=user)
        assert len(receiver.datagrams()) == sends


@pytest.mark.parametrize(("end", "sends"), [("ali", 0), ("al", 0), ("bo", 1), ("ali # x", 1)])
def test_a_last_line_without_an_end_may_be_a_longer_name(
    end: str, sends: int, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "opt-out"
    listing.write_text(f"carol\n{end}")
    tree = install(tmp_path / "hook", servers=(receiver.url,), opt_out_file=str(listing))
    run(["-c", "import numpy"], environment(None, tree, packages, USER="alice"))
    assert len(receiver.datagrams()) == sends


def test_a_long_list_is_read_to_its_end(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    listing = tmp_path / "opt-out"
    listing.write_text("somebody\n" * 50_000 + "alice\n")
    tree = install(tmp_path / "hook", servers=(receiver.url,), opt_out_file=str(listing))
    run(["-c", "import numpy"], environment(None, tree, packages, USER="alice"))
    assert receiver.datagrams() == []


#: Ways in which a program opts out before it is killed.
KILLED = {
    "before": "import os; os.environ['CUSTOMS_OPT_OUT'] = '1'; import numpy",
    "after": "import numpy, os; os.environ['CUSTOMS_OPT_OUT'] = 'yes'",
    "among others": "import numpy, os; os.environ.update(A='1', CUSTOMS_OPT_OUT='1')",
    "by default": "import numpy, os; os.environ.setdefault('CUSTOMS_OPT_OUT', '1'); import scipy",
    "in bytes": "import numpy, os; os.environb[b'CUSTOMS_OPT_OUT'] = b'1'",
    "for a while": "import numpy, os; e = os.environ; e['CUSTOMS_OPT_OUT'] = '1'\n"
    "del e['CUSTOMS_OPT_OUT']; import scipy",
}


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("way", KILLED)
def test_a_program_that_opts_out_and_is_killed_is_not_reported(
    way: str, executable: str, receiver: Receiver, packages: Path, traces: Path
) -> None:
    code = f"{KILLED[way]}\nimport os; os.kill(os.getpid(), 9)"
    done = run(["-c", code], traced(receiver, packages, traces), executable)
    assert (done.returncode, done.stderr, left(traces)) == (-9, b"", [])
    sweep(traces, receiver.url)
    assert receiver.records() == []


def test_only_that_variable_and_value_and_process_opt_out(
    receiver: Receiver, packages: Path, traces: Path
) -> None:
    code = (
        "import numpy, os, copy\n"
        "other = copy.deepcopy(os.environ)\n"
        "os.environ['CUSTOMS_OPT_OUT'] = '0'; os.environ['OTHER'] = '1'\n"
        "assert os.environb[b'OTHER'] == b'1' and dict(os.environ)['OTHER'] == '1'\n"
        "assert os.popen('echo $OTHER').read() == '1\\n'\n"
        "child = os.fork()\n"
        "if child == 0: os.environ['CUSTOMS_OPT_OUT'] = '1'; os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "os.kill(os.getpid(), 9)"
    )
    done = run(["-c", code], traced(receiver, packages, traces))
    assert (done.returncode, done.stderr) == (-9, b"")
    sweep(traces, receiver.url)
    assert receiver.record()["end"] == "killed"


@pytest.mark.parametrize("executable", interpreters())
def test_a_profile_shows_nothing_of_the_watch_over_the_environment(
    executable: str, receiver: Receiver, packages: Path, traces: Path
) -> None:
    code = (
        "import numpy, os, cProfile, pstats, io\n"
        "p = cProfile.Profile(); p.enable(); os.environ['A'] = '1'; p.disable()\n"
        "assert not [k for k in pstats.Stats(p).stats if 'customs' in str(k)]\n"
        "assert type(os.environ._data) is dict and os.environ._data is os.environb._data"
    )
    done = run(["-c", code], traced(receiver, packages, traces), executable)
    assert (done.returncode, done.stderr) == (0, b"")
