"""Records over TCP: framing, bad messages, and many connections."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import random
import socket
import threading
from collections.abc import Sequence

import pytest
from extent import pairs
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import (
    StartDaemon,
    Store,
)
from support.stores import STORES
from support.streams import (
    Streams,
    closed_by_peer,
    counted,
    lines,
    nulls,
)


def both(messages: Sequence[bytes]) -> bytes:
    """Frames that end with NUL and with a line feed behind it."""
    return b"".join(nulls([message]) + b"\n" for message in messages)


@pytest.mark.parametrize(
    ("store", "framing"),
    pairs(STORES, ["counted", "lines", "nulls", "mixed"]),
    indirect=["store"],
)
@pytest.mark.parametrize("cut", ["whole", "pieces"])
def test_each_message_counts_once_however_it_is_framed_and_cut(
    start_daemon: StartDaemon, store: Store, framing: str, cut: str
) -> None:
    """Every message once, however it is framed and however the stream is cut."""
    streams = Streams(start_daemon, store)
    ledger = Ledger()
    reasons = ["bad_json", "missing_key", "no_record", "unknown_version"]
    messages = list(load(Population(201), ledger, 2_000, twice=0.02, damaged=0.02, reasons=reasons))
    draw = random.Random(202)
    if framing == "mixed":
        framings = (counted, lines, nulls, lambda some: lines(some) + b"\0", both)
        stream = b"".join(draw.choice(framings)([message]) for message in messages)
    else:
        stream = {"counted": counted, "lines": lines, "nulls": nulls}[framing](messages)
    with streams.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        place = 0
        while place < len(stream):
            piece = len(stream) if cut == "whole" else draw.choice((1, 3, 700, 5_000))
            connection.sendall(stream[place : place + piece])
            place += piece
    health = streams.daemon.settle(ledger.messages)
    assert health["received"] == ledger.messages
    assert health["stored"] + health["merged"] == len(ledger.distinct)
    assert health["stored"] == len(ledger.runs)
    assert health["duplicate"] == ledger.duplicates
    assert health["rejected"] == dict(ledger.rejected)
    rejected = sum(ledger.rejected.values())
    assert streams.metric('accepted_total{transport="tcp"}') == ledger.messages - rejected
    assert streams.metric('transport_rejected_total{transport="tcp"}') == rejected


def test_messages_of_pythons_own_handler_arrive_at_once(
    start_daemon: StartDaemon, store: Store
) -> None:
    """logging.handlers.SysLogHandler over TCP ends each message with NUL, and none waits."""
    streams = Streams(start_daemon, store)
    handler = logging.handlers.SysLogHandler(
        ("127.0.0.1", streams.tcp), socktype=socket.SOCK_STREAM
    )
    logger = logging.Logger("records")
    logger.addHandler(handler)
    samples = list(Population(219).samples(40))
    with contextlib.closing(handler):
        for one in samples:
            logger.info(json.dumps(one.record))
        # while the connection stands
        health = streams.daemon.settle(40)
    assert health["stored"] + health["merged"] == 40
    assert health["rejected"] == {}


def test_bad_messages_are_counted_by_reason(start_daemon: StartDaemon, store: Store) -> None:
    """Each under a reason of its own, and what is good beside it is stored."""
    streams = Streams(start_daemon, store)
    good = [sample.datagram for sample in Population(203).samples(7)]
    long = b"<134>1 - - customs - - - {" + b" " * 20_000 + b"}"
    streams.send(counted([good[0], long, good[1]]))
    streams.send(lines([good[2], long, good[3]]))
    # The beginning of the next message is unknown, so the connection ends.
    with streams.connect() as connection:
        connection.sendall(lines([good[4]]) + b"123456789012 {}\n" + lines([good[5]]))
        assert closed_by_peer(connection)
    streams.send(counted([good[5]])[:-20])
    # The last line's line feed may be missing; if more is missing it is no record.
    streams.send(lines([good[5]])[:-1])
    streams.send(lines([good[6]])[:-20])
    health = streams.daemon.settle(11)
    assert health["received"] == 11
    assert health["stored"] + health["merged"] == 6
    assert health["rejected"] == {"too_long": 2, "bad_frame": 1, "cut_off": 2}


def test_messages_of_many_connections_count_once(start_daemon: StartDaemon, store: Store) -> None:
    """Each message counts once, on whichever connection; a silent one delays no other."""
    streams = Streams(start_daemon, store)
    ledger = Ledger()
    messages = list(load(Population(204), ledger, 12_000))
    with streams.connect() as silent:
        silent.sendall(b"100 <134>")

        def send(part: int) -> None:
            with streams.connect() as connection:
                for start in range(part, len(messages), 30 * 40):
                    connection.sendall(counted(messages[start : start + 30 * 40 : 30]))

        senders = [threading.Thread(target=send, args=(part,)) for part in range(30)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        health = streams.daemon.settle(12_000)
        assert streams.metric("connections") == 1
    assert health["stored"] + health["merged"] == 12_000
    health = streams.daemon.settle(12_001)
    assert health["rejected"] == {"cut_off": 1}
