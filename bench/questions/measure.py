"""How long each question takes, the start of the command included.

python3 bench/questions/measure.py STORE-URL [CUSTOMS-BINARY]
"""

from __future__ import annotations

import subprocess
import sys
import time

QUESTIONS = (
    *(["top"], ["top", "--by", "node-hours"], ["top", "--direct"], ["package", "package1"]),
    *(["user", "user7"], ["jobsizes"], ["correlate", "--package", "package3"], ["environments"]),
    *(["stacks", "--limit", "20"], ["trend", "package1", "package5"], ["versions", "package1"]),
    *(["python"], ["ended"], ["who", "package9"], ["job", "1000500"]),
)
PERIODS = {"30 days": ["--since", "30d"], "year": []}
TIMES = 5


def main() -> None:
    """Prints a table: the least and the middle of five times, milliseconds."""
    url = sys.argv[1]
    customs = sys.argv[2] if len(sys.argv) > 2 else ".build/release/customs"
    print(f"{'':32}" + "".join(f"{period + ': least':>18}{'middle':>10}" for period in PERIODS))
    for question in QUESTIONS:
        line = f"{' '.join(question):32}"
        for options in PERIODS.values():
            command = [customs, question[0], "--store", url, "--format", "json", *question[1:]]
            times = sorted(_milliseconds([*command, *options]) for _ in range(TIMES))
            line += f"{times[0]:18.0f}{times[len(times) // 2]:10.0f}"
        print(line, flush=True)


def _milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1_000


if __name__ == "__main__":
    main()
