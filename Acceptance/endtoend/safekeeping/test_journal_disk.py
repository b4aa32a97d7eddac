"""The journal's disk is full: refusals are counted, and receiving resumes by itself."""

from __future__ import annotations

import socket

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import StartDaemon, Store, wait_until
from support.ports import free_tcp_port
from support.small_disk import small_disk
from support.streams import counted, unread

PATIENCE_OF_A_LINK = 30.0


def test_refusals_of_a_full_disk_are_counted_and_end_with_it(
    start_daemon: StartDaemon, store: Store
) -> None:
    """Somebody else fills the disk while the store is away, and tidies up again.

    Datagrams are refused and each is counted; a stream's sender waits, and loses nothing.
    """
    with small_disk("24m") as disk:
        tcp = free_tcp_port()
        daemon = start_daemon(
            store,
            state=disk.folder / "state",
            arguments=["--listen", f"tcp://127.0.0.1:{tcp}"],
            settings="[log]\nrejects_per_minute = 100000\n",
        )
        ledger = Ledger()
        before = list(load(Population(341), ledger, 2_000, twice=0.01))
        daemon.send(before)
        daemon.settle(ledger.messages)
        store.interrupt()
        disk.fill()

        refused = Ledger()
        datagrams = list(load(Population(342), refused, 3_000))
        daemon.send(datagrams, rate=5_000)
        wait_until(lambda: daemon.queued_bytes() == 0, daemon.log_tail)
        with socket.create_connection(("127.0.0.1", tcp), PATIENCE_OF_A_LINK) as stream:
            streamed = list(load(Population(343), ledger, 200))
            stream.sendall(counted(streamed))
            wait_until(lambda: "until the journal has room" in daemon.log_tail(), daemon.log_tail)
            disk.empty()
            # the daemon notices by itself that there is room
            wait_until(lambda: unread(stream) == 0, daemon.log_tail)
        store.resume()
        after = list(load(Population(344), ledger, 1_000))
        daemon.send(after)

        health = daemon.settle(ledger.messages + 3_000)
        assert health["received"] == ledger.messages + 3_000
        # what the store had gave way, and left room for fewer than came
        refusals = health["rejected"]["journal_full"]
        kept = 3_000 - refusals
        print(f"{store.name}: {kept} datagrams kept, {refusals} refused")
        assert health["rejected"] == {"journal_full": refusals}
        assert 0 < refusals <= 3_000
        assert health["stored"] + health["merged"] == len(ledger.distinct) + kept
        assert health["duplicate"] == ledger.duplicates
        assert health["kernel_dropped"] == 0
        daemon.stop()


@pytest.mark.parametrize("segment_bytes", [67_108_864, 1_048_576])
def test_stored_segments_give_way_on_a_disk_below_the_bound(
    start_daemon: StartDaemon, sqlite_store: Store, segment_bytes: int
) -> None:
    """The disk is smaller than `max_bytes`; segments whose records are stored are deleted."""
    with small_disk("4m") as disk:
        daemon = start_daemon(
            sqlite_store,
            state=disk.folder / "state",
            settings=f"[journal]\nsegment_bytes = {segment_bytes}\n",
        )
        # Each turn fits the disk, all together do not.
        ledger, population, refused = Ledger(), Population(345), 0
        for turn in range(1, 7):
            daemon.send(load(population, ledger, 2_000), rate=5_000)
            health = daemon.settle(turn * 2_000)
            assert health["rejected"].keys() <= {"journal_full"}
            before, refused = refused, sum(health["rejected"].values())
            # If the disk has no room for a second segment, a burst may be refused in part while the
            # store does not have all of the first; but it is never refused whole.
            assert refused - before < 2_000, health
        print(f"{segment_bytes} bytes a segment: {refused} of {6 * 2_000} refused")
        assert health["received"] == 6 * 2_000
        assert health["stored"] + health["merged"] == 6 * 2_000 - refused
        if segment_bytes < 4 << 20:
            assert refused == 0
        daemon.stop()
