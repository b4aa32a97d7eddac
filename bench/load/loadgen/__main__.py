"""python -m loadgen --server udp://127.0.0.1:5140 --records 100000 --rate 10000"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from loadgen.ledger import Ledger, load
from loadgen.records import Population
from loadgen.send import connect, send


def main() -> None:
    """Sends one load and prints the expected counts."""
    parser = argparse.ArgumentParser(
        prog="loadgen", description="Sends usage records to customsd at a steady rate."
    )
    parser.add_argument(
        "--server", default="udp://127.0.0.1:5140", help="udp://HOST:PORT or unixgram:///PATH"
    )
    parser.add_argument("--records", type=int, default=100_000, help="distinct valid records")
    parser.add_argument("--rate", type=float, default=10_000, help="messages a second")
    parser.add_argument(
        "--twice", type=float, default=0.0, metavar="SHARE", help="records sent a second time"
    )
    parser.add_argument(
        "--damaged", type=float, default=0.0, metavar="SHARE", help="messages that must be rejected"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ledger", type=Path, help="write ids and expected counts to this file")
    options = parser.parse_args()

    ledger = Ledger()
    population = Population(options.seed)
    # Made beforehand, so that the rate is the socket's and not the encoder's.
    messages = list(
        load(population, ledger, options.records, twice=options.twice, damaged=options.damaged)
    )
    with connect(options.server) as sender:
        start = time.monotonic()
        sent = send(sender, messages, options.rate)
        seconds = time.monotonic() - start
    if options.ledger:
        ledger.write(options.ledger)
    print(
        json.dumps(
            {
                "sent": sent,
                "seconds": round(seconds, 3),
                "distinct": len(ledger.distinct),
                "runs": len(ledger.runs),
                "duplicate": ledger.duplicates,
                "rejected": dict(sorted(ledger.rejected.items())),
            }
        )
    )


if __name__ == "__main__":
    main()
