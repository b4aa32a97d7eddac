"""Random and mutated bytes through every input crash nothing, and are accounted for.

By default 30 MB go through each input; CUSTOMS_FUZZ_MB=300 sends more.
"""

from __future__ import annotations

import gzip
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from loadgen.damage import mutate
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import Daemon, assert_balanced

MEGABYTES = int(os.environ.get("CUSTOMS_FUZZ_MB", "30"))

# Characters that would let a message forge log lines or drive a terminal.
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


def _hostile(seed: int, size: int) -> Iterator[bytes]:
    """Some `size` bytes of messages: mutated records, and now and then nothing but noise."""
    draw = random.Random(seed)
    messages = [sample.datagram for sample in Population(seed).samples(2_000)]
    made = 0
    while made < size:
        if draw.random() < 0.2:
            message = draw.randbytes(draw.choice((0, 1, 16, 200, 1_400, 8_192, 20_000)))
        else:
            message = mutate(draw.choice(messages), draw.choice(messages), draw)
        made += len(message)
        yield message


def _still_sound(daemon: Daemon, messages: int) -> None:
    """It receives and stores as ever."""
    ledger = Ledger()
    daemon.send(load(Population(99), ledger, 100), rate=1_000)
    health = daemon.settle(messages + 100)
    assert health["received"] == messages + 100
    assert health["kernel_dropped"] == 0
    known = {
        row["package"] for row in daemon.customs.json("top", "--limit", "100000", "--include-staff")
    }
    assert known >= ledger.top(include_staff=True).keys()


@pytest.mark.parametrize("transport", ["udp", "unix"])
def test_hostile_datagrams_are_all_accounted_for(daemon: Daemon, transport: str) -> None:
    """Random and mutated bytes go through the sockets."""
    assert daemon.process
    process = daemon.process.pid
    # Slower than the daemon can take it: every single one must be accounted for.
    sent = daemon.send(
        _hostile(51, MEGABYTES * 1_000_000), rate=8_000, url=getattr(daemon, transport)
    )
    _still_sound(daemon, sent)
    assert daemon.process.pid == process
    # What the log shows of rejected messages is made harmless, and bounded.
    log = daemon.log.read_text()
    assert not UNSAFE.search(log), UNSAFE.search(log)
    assert len(log) < 1_000_000
    health = daemon.customs.health()
    assert sum(health["rejected"].values()) > sent // 10
    assert health["stored"] > 0
    daemon.stop()


def test_a_hostile_archive_is_all_accounted_for(daemon: Daemon, folder: Path) -> None:
    """It goes through `customs import`, beside a daemon that goes on."""
    archive = folder / "hostile.log"
    with archive.open("wb") as file:
        for message in _hostile(52, MEGABYTES * 1_000_000):
            file.write(message + b"\n")
    counters = daemon.customs.json("import", str(archive))
    assert_balanced(counters)
    assert sum(counters["rejected"].values()) > 0
    assert counters["stored"] > 0
    assert_balanced(daemon.customs.health())
    daemon.stop()


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_damaged_compressed_archive_is_refused_or_cut_short(
    daemon: Daemon, folder: Path, suffix: str
) -> None:
    """No damage of the compression crashes the import."""
    draw = random.Random(53)
    plain = b"".join(sample.datagram + b"\n" for sample in Population(53).samples(500))
    # As `zstd` itself writes it: without a checksum some damage yields other text.
    zstd = zstandard.ZstdCompressor(write_checksum=True)
    whole = gzip.compress(plain) if suffix == "gz" else zstd.compress(plain)
    for number in range(30):
        damaged = bytearray(whole)
        if number % 3 == 0:
            del damaged[draw.randrange(len(damaged)) :]
        else:
            for _ in range(number):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        archive = folder / f"damaged{number}.log.{suffix}"
        archive.write_bytes(damaged)
        done = daemon.customs.run("import", "--format", "json", str(archive))
        # That the input is no good is an answer; death by a signal is not.
        assert 0 <= done.returncode < 128, (number, done.returncode, done.stderr[-2_000:])
        assert done.returncode == 0 or done.stderr
    health = daemon.customs.health()
    assert_balanced(health)
    assert health["stored"] + health["merged"] <= 500
    daemon.stop()
