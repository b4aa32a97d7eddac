"""Malformed traces give good records or none; these tests need no root."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.receiver import Receiver

from hook.records.contract import assert_kept
from hook.sweeps import head, plant, sweep, text

SEED = 4711


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


def test_malformed_traces_give_good_records_or_none(receiver: Receiver, traces: Path) -> None:
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


def test_only_names_of_packages_are_reported(receiver: Receiver, traces: Path) -> None:
    lines = ["numpy 1.26.4", "\x1b[31mred 1", "a/b 1", "-x 1", "1x 1", "a..b 1", ".a 1", " a 1"]
    lines += ["n" * 128 + " 1", "good.name", "scipy 1 2", "pandas \x1b[2J", "h5py " + "1" * 65, ""]
    lines += ["numba ", "a\tb 1", "x;y 1", "__import__('os') 1", "{", "{}"]
    plant(traces, 1, text(head(), *lines))
    sweep(traces, receiver.url)
    assert receiver.record()["packages"] == {
        **{"numpy": "1.26.4", "good.name": None, "scipy": None, "pandas": None},
        **{"h5py": None, "numba": None},
    }
