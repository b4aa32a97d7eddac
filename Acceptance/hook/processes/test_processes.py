"""Whether a process lives, by /proc: no living process may be taken for dead."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hook.sweeps import boot_time, processes_class

Processes = processes_class()

UID = 1234
TICKS = os.sysconf("SC_CLK_TCK")
KERNEL_THREAD = 0x00200000


class Proc:
    """A directory that looks like /proc, 1000 seconds after the node's start."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 1000.0
        self.add(1, uid=0, start=0)
        self.add(7, uid=0, start=0)
        (root / "self").symlink_to("7")
        self.processes = Processes(lambda: self.now, str(root))

    def add(
        self,
        pid: int,
        uid: int = UID,
        start: float = 100,
        state: str = "S",
        threads: int = 1,
        inside: str = "",
        ppid: int = 50,
        flags: int = 0,
        name: str = "python",
    ) -> None:
        directory = self.root / str(pid)
        directory.mkdir()
        zeros = "0 " * 4
        (directory / "stat").write_text(
            f"{pid} ({name}) {state} {ppid} 1 1 0 -1 {flags} {zeros}0 0 0 0 20 0 "
            f"{threads} 0 {int(start * TICKS)} 0 0\n"
        )
        (directory / "status").write_text(
            f"Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nNSpid:\t{pid}{inside}\n"
        )

    def is_alive(self, pid: int, started: float, uid: int = UID) -> bool:
        alive: bool = self.processes.is_alive(uid, pid, started)
        return alive


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


def test_a_listed_process_lives_and_a_missing_one_is_dead(proc: Proc) -> None:
    proc.add(300)
    assert proc.is_alive(300, started=101)
    assert not proc.is_alive(301, started=101)


def test_a_start_time_may_be_rounded(proc: Proc) -> None:
    proc.add(300, start=100)
    assert proc.is_alive(300, started=99.5)


def test_a_pid_used_again_is_another_process(proc: Proc) -> None:
    proc.add(300, start=500)
    assert not proc.is_alive(300, started=101)


def test_a_process_of_another_user_is_another_process(proc: Proc) -> None:
    proc.add(300, uid=UID + 1)
    assert not proc.is_alive(300, started=101)


def test_a_process_of_root_may_have_become_another_users(proc: Proc) -> None:
    proc.add(300)
    assert proc.is_alive(300, started=101, uid=0)


def test_a_zombie_is_dead_unless_threads_go_on(proc: Proc) -> None:
    proc.add(300, state="Z")
    proc.add(301, state="X")
    proc.add(302, state="Z", threads=3)
    assert not proc.is_alive(300, started=101)
    assert not proc.is_alive(301, started=101)
    assert proc.is_alive(302, started=101)


def test_a_kernel_thread_is_not_the_program(proc: Proc) -> None:
    proc.add(300, uid=0, flags=KERNEL_THREAD)
    assert not proc.is_alive(300, started=101, uid=0)


@pytest.mark.parametrize("name", ["a) Z 1 (b", "x\ny", "(((", ") ) )"])
def test_a_name_of_any_characters_is_read(name: str, proc: Proc) -> None:
    proc.add(300, name=name.replace("\n", "?"))
    assert proc.is_alive(300, started=101)


def test_a_process_in_a_container_is_found_by_its_own_number(proc: Proc) -> None:
    proc.add(300, inside="\t40\t5")
    assert proc.is_alive(5, started=101)
    assert not proc.is_alive(40, started=101)
    assert not proc.is_alive(300, started=101)
    assert not proc.is_alive(5, started=101, uid=UID + 1)


def test_a_process_that_began_after_the_listing_is_found(proc: Proc) -> None:
    assert not proc.is_alive(5, started=990)
    proc.add(300, start=1001, inside="\t5")
    proc.now = 1002.0
    assert proc.is_alive(5, started=1001)


def test_a_start_after_the_moment_of_asking_is_of_an_earlier_boot(proc: Proc) -> None:
    proc.add(300)
    assert not proc.is_alive(300, started=5000)
    # by rounding
    assert proc.is_alive(300, started=1000.01)


def test_no_process_is_dead_where_processes_are_hidden(proc: Proc) -> None:
    (proc.root / "1" / "status").unlink()
    assert proc.is_alive(301, started=101)
    # the own ones are seen all the same
    assert not proc.is_alive(301, started=101, uid=os.getuid())


def test_no_process_is_dead_without_proc(tmp_path: Path) -> None:
    processes = Processes(boot_time, str(tmp_path / "nothing"))
    assert processes.is_alive(UID, 301, 0.5)
    assert processes.is_alive(os.getuid(), 301, 0.5)


def test_an_unreadable_process_is_not_dead(proc: Proc) -> None:
    proc.add(300)
    (proc.root / "300" / "stat").write_text("nonsense")
    assert proc.is_alive(300, started=101)


def test_a_program_replaced_by_another_has_gone_on(proc: Proc) -> None:
    proc.add(300)
    gone = proc.processes.has_gone_on
    assert gone(UID, 300, 50, 101.0, 102.0)
    assert not gone(UID, 300, 50, 102.0, 102.0)
    assert not gone(UID, 300, 51, 101.0, 102.0)
    assert not gone(UID, 300, None, 101.0, 102.0)
    assert not gone(UID, 301, 50, 101.0, 102.0)
    assert not gone(UID + 1, 300, 50, 101.0, 102.0)
    assert not gone(UID, 300, 50, 101.0, 1000.0)


def test_a_replaced_program_in_a_container_is_unknown(proc: Proc) -> None:
    proc.add(300)
    proc.add(301, inside="\t300")
    assert not proc.processes.has_gone_on(UID, 300, 50, 101.0, 102.0)


def test_the_real_proc_tells_living_from_dead() -> None:
    processes = Processes(boot_time)
    assert processes.is_alive(os.getuid(), os.getpid(), boot_time())
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        started = boot_time()
        assert processes.is_alive(os.getuid(), sleeper.pid, started)
        sleeper.kill()
    assert not Processes(boot_time).is_alive(os.getuid(), sleeper.pid, started)
