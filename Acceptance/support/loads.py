"""Long loads of different records, made in little time."""

from __future__ import annotations

import random

from loadgen.ledger import Ledger, load
from loadgen.records import Population

#: Records that are drawn from the population; drawing one costs 40 microseconds.
DRAWN = 20_000


def long_load(seed: int, count: int) -> tuple[Ledger, list[bytes], list[str]]:
    """`count` different records: their ledger, their messages and their ids, in one order.

    A few are drawn, and the others repeat them under ids of their own: other processes of the same
    runs. Drawing 600,000 records took longer than the test that sends them.
    """
    ledger = Ledger()
    messages = list(load(Population(seed), ledger, min(count, DRAWN)))
    ids, samples = list(ledger.distinct), list(ledger.distinct.values())
    draw = random.Random(f"other ids than {seed} draws")
    for number in range(len(messages), count):
        place = number % DRAWN
        ids.append(f"{draw.getrandbits(128):032x}")
        messages.append(messages[place].replace(ids[place].encode(), ids[-1].encode()))
        ledger.distinct[ids[-1]] = samples[place]
    return ledger, messages, ids
