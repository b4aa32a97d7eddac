"""Memory allocations of the daemon: none for a message on the threads that receive."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import StartDaemon, Store
from support.streams import Streams, counted

ROWS = struct.Struct("16sQ")
COUNTER = Path(__file__).with_name("allocations.c")


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that counts allocations by thread, to be loaded before all others."""
    built = tmp_path_factory.mktemp("allocations") / "allocations.so"
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler, "no C compiler"
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-Wall", "-Werror"]
    subprocess.run([compiler, *flags, "-o", str(built), str(COUNTER)], check=True, timeout=120)
    return built


def allocations(file: Path) -> Counter[str]:
    """Allocations of each thread so far, by the threads' names."""
    found: Counter[str] = Counter()
    for name, count in ROWS.iter_unpack(file.read_bytes()):
        if count:
            found[name.rstrip(b"\0").decode()] += count
    return found


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_receiving_allocates_nothing_for_a_message(
    start_daemon: StartDaemon, sqlite_store: Store, counter: Path, folder: Path, transport: str
) -> None:
    """Twice as many records cost as many allocations: too few for one a record.

    Each datagram is a batch of its own as often as not, and each write of a stream is read by
    itself, so this holds for batches and reads too.
    """
    table = folder / "allocations"
    streams = Streams(
        start_daemon,
        sqlite_store,
        environment={"LD_PRELOAD": str(counter), "ALLOCATIONS": str(table)},
    )
    daemon = streams.daemon
    population, ledger = Population(400), Ledger()
    with streams.connect() as connection:

        def cost(records: int) -> Counter[str]:
            before = allocations(table)
            messages = load(population, ledger, records)
            if transport == "udp":
                daemon.send(messages, rate=4_000)
            else:
                for message in messages:
                    connection.sendall(counted([message]))
            daemon.settle(ledger.messages)
            return allocations(table) - before

        # Buffers grow to the size that they keep.
        warm = cost(4_000)
        assert warm["receive"] > 0, f"the threads are not told apart: {warm}"
        once, twice = cost(10_000), cost(20_000)
    print(once, twice)
    assert twice["receive"] - once["receive"] < 100, (once, twice)
