"""Processes that are killed at any moment: the record names exactly the finished imports."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from support.receiver import Receiver

from hook.sweeps import command, left, sweep, traced

SEED = 20211
PROCESSES = 200
#: At once: more than there are processors, so that they are held up anywhere.
COMPANY = 8
#: What they import, and what comes with it.
BRINGS = {
    "numpy": {"numpy"},
    "scipy": {"numpy", "scipy"},
    "pandas": {"numpy", "scipy", "pandas"},
    "matplotlib": {"matplotlib"},
    "astropy": {"astropy"},
    "astropy.io.fits": {"astropy", "astropy.io.fits"},
    "seaborn": {"seaborn"},
    "torch": {"torch"},
}
#: Says by itself, beside the hook, what has been imported: before each import, and when it is done.
PROGRAM = """
import os, sys, time
said = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(said, b"begun\\n")
for name, pause in zip(sys.argv[2::2], sys.argv[3::2]):
    time.sleep(float(pause))
    os.write(said, b"-%s\\n" % name.encode())
    __import__(name)
    os.write(said, b"+%s\\n" % name.encode())
time.sleep(60)
"""


class Victim:
    """A program that imports this and that until it is killed."""

    def __init__(self, chance: random.Random, program: Path, variables: dict[str, str]) -> None:
        self.said = program.parent / f"said-{chance.getrandbits(64):x}"
        names = chance.sample(sorted(BRINGS), len(BRINGS))
        arguments = [word for name in names for word in (name, f"{chance.uniform(0, 0.01):.4f}")]
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(self.said), *arguments], env=variables
        )
        #: seconds after its first word
        self.lifetime = chance.uniform(0, 0.09)
        self.dies_at: float | None = None

    def has_died(self) -> bool:
        """Kill it when its time has come."""
        now = time.monotonic()
        if self.dies_at is None:
            if self.said.exists() and self.said.stat().st_size:
                self.dies_at = now + self.lifetime
        elif now >= self.dies_at:
            self.process.kill()
            self.process.wait()
            return True
        return False

    def imported(self) -> tuple[set[str], set[str]]:
        """Return the packages that had been imported, and those that then were being imported."""
        words = self.said.read_text().split()
        done = [word[1:] for word in words if word.startswith("+")]
        begun = [word[1:] for word in words if word.startswith("-")]
        certain = set().union(*[BRINGS[name] for name in done])
        possible = set().union(*[BRINGS[name] for name in begun[len(done) :]])
        return certain, possible - certain


def test_two_hundred_processes_killed_at_random_name_their_imports(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    traces = tmp_path / "traces"
    traces.mkdir()
    traces.chmod(0o1777)
    for name in ("seaborn", "torch"):
        (packages / name).mkdir()
        # an import that takes its time, so that it is met in the middle
        (packages / name / "__init__.py").write_text("import time; time.sleep(0.005)\n")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    variables = traced(receiver, packages, traces)
    began = time.monotonic()
    victims: list[Victim] = []
    living: list[Victim] = []
    while len(victims) < PROCESSES or living:
        while len(victims) < PROCESSES and len(living) < COMPANY:
            victims.append(Victim(chance, program, variables))
            living.append(victims[-1])
        living = [victim for victim in living if not victim.has_died()]
        time.sleep(0.0005)
    assert receiver.records() == []
    records = []
    # the receiver's buffer holds a hundred
    with subprocess.Popen(command(traces, receiver.url), env={}) as sweeping:
        while sweeping.poll() is None:
            records += receiver.records()
            time.sleep(0.001)
    records += receiver.records()
    by_pid = {record["pid"]: record for record in records}
    assert len(by_pid) == len(records)
    in_flight = partly = nothing = 0
    for victim in victims:
        certain, possible = victim.imported()
        record = by_pid.pop(victim.process.pid, None)
        named = set(record["packages"]) if record else set()
        assert certain <= named <= certain | possible, (named, victim.said.read_text())
        if record:
            assert record["end"] == "killed"
        in_flight += bool(possible)
        partly += bool(named - certain)
        nothing += not named
    assert by_pid == {}
    # the moments were of all kinds
    assert 5 < in_flight < PROCESSES * 0.9
    assert 0 < nothing < PROCESSES * 0.9
    print(f"{in_flight} amid an import, {partly} with part of it, {nothing} before the first")
    # killed between making the file and writing to it; they could be processes about to write
    for path in left(traces):
        assert path.read_bytes() == b""
        os.utime(path, (0, 0))
    sweep(traces, receiver.url)
    assert receiver.records() == []
    assert left(traces) == []
    assert time.monotonic() - began < 40
