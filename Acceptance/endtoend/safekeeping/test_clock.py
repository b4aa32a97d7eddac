"""The wall clock is set back an hour under load: no loss, no double count, no wait.

The daemon's clock alone: a library that is loaded before libc answers when it asks for the time.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import PATIENCE, Daemon, StartDaemon, Store, wait_until

HOUR = 3_600
SOURCE = Path(__file__).with_name("set_clock.c")


class Clock:
    """The clock that the daemons of a test read."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        assert compiler, "no cc (Debian: apt-get install gcc)"
        library = folder / "set_clock.so"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", str(library), str(SOURCE)],
            check=True,
            timeout=PATIENCE,
        )
        self._offset = folder / "offset"
        self._offset.write_bytes(struct.pack("q", 0))
        self.environment = {
            "LD_PRELOAD": str(library),
            "TEST_CLOCK_OFFSET": str(self._offset),
        }

    def set(self, seconds: int) -> None:
        """Sets it so far from the true time."""
        with self._offset.open("r+b") as file:
            file.write(struct.pack("q", seconds))


@pytest.fixture
def clock(folder: Path) -> Clock:
    """A clock that can be set."""
    return Clock(folder)


def last_record_age(daemon: Daemon) -> float:
    """How long ago the newest record came, by the true clock, in seconds."""
    text = daemon.customs.health()["last_record"]
    done = subprocess.run(
        ["date", "-d", text, "+%s.%N"], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return time.time() - float(done.stdout)


def test_a_clock_set_back_an_hour_loses_nothing(
    start_daemon: StartDaemon, store: Store, clock: Clock
) -> None:
    """Set back, killed, restarted, and set right again, while records come."""
    daemon = start_daemon(store, environment=clock.environment)
    ledger = Ledger()
    messages = list(load(Population(351), ledger, 20_000, twice=0.02, damaged=0.02))
    clock.set(2 * HOUR)
    daemon.send(messages[:1_000])
    daemon.settle(1_000)
    # That the daemon heeds this clock at all.
    assert last_record_age(daemon) < -HOUR

    sender = threading.Thread(target=daemon.send, args=(messages[1_000:],), kwargs={"rate": 5_000})
    sender.start()
    time.sleep(1)
    clock.set(HOUR)
    sender.join()
    health = daemon.settle(ledger.messages)
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == ledger.duplicates
    assert health["rejected"] == dict(ledger.rejected)
    assert health["kernel_dropped"] == 0

    # What came before the clock was set is remembered, over a kill too.
    daemon.kill()
    daemon.start()
    clock.set(0)
    again = [sample.datagram for sample in ledger.distinct.values()]
    daemon.send(again)
    health = daemon.settle(ledger.messages + len(again))
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["duplicate"] == ledger.duplicates + len(again)


@pytest.mark.parametrize("restart", [False, True])
def test_a_lonely_part_does_not_wait_for_the_clock(
    start_daemon: StartDaemon, sqlite_store: Store, clock: Clock, restart: bool
) -> None:
    """It waits its minute from the moment when the clock was set back."""
    daemon = start_daemon(sqlite_store, environment=clock.environment)
    sample = Population(352).sample()
    record = sample.record | {"part": 1, "parts": 2}
    daemon.send([b"<134>1 - - - - - - " + json.dumps(record).encode()])
    wait_until(lambda: daemon.customs.health()["pending"] == 1, daemon.log_tail)
    clock.set(-HOUR)
    if restart:
        daemon.kill()
        daemon.start()
    # The daemon looks at least once a second whether somebody has waited for too long. Should it
    # be late, the minute begins later; it ends before the test's patience does.
    time.sleep(2)
    assert daemon.customs.health()["pending"] == 1
    clock.set(62 - HOUR)
    wait_until(
        lambda: daemon.customs.health()["pending"] == 0,
        lambda: f"{daemon.customs.health()}\n{daemon.log_tail()}",
    )
    health = daemon.settle(1)
    assert health["stored"] + health["merged"] == 1
