"""Says in three lines what the demo saw, or whether all of it is stored; reads JSON from stdin."""

from __future__ import annotations

import json
import sys
from typing import Any

# matrix, survey, failing and pool; plain imports nothing watched, and killed runs no exit hook.
PROGRAMS_WITH_RECORD = 4


def settled(health: dict[str, Any]) -> bool:
    """Whether every program's record has come and none waits for the store."""
    return bool(
        health["stored"] + health["merged"] >= PROGRAMS_WITH_RECORD and health["pending"] == 0
    )


def told(health: dict[str, Any], top: list[dict[str, Any]], job: dict[str, Any]) -> bool:
    """Prints the three lines; false if the answers contradict what was run."""
    usage = {row["package"]: row for row in top}
    numpy = usage.get("numpy", {"processes": 0})
    [run] = job["runs"]
    packages = ", ".join(
        f"{name} {version or ''}".strip() for name, version in sorted(run["packages"].items())
    )
    reported = health["stored"] + health["merged"]
    rejected = sum(health["rejected"].values())
    balance = "balanced" if health["balanced"] else "NOT BALANCED"
    print(f"1. {reported} processes told what they imported; {numpy['processes']} used numpy.")
    print(
        f"2. Job {job['job_id']} of account {job['account']} on {job['num_nodes']} nodes "
        f"used {packages}."
    )
    print(
        f"3. Received {health['received']}, stored {health['stored']}, merged {health['merged']}, "
        f"rejected {rejected}, {balance}; of the program that was killed nothing is known: "
        "a trace of it is not built yet."
    )
    return (
        bool(health["balanced"])
        and numpy["processes"] >= PROGRAMS_WITH_RECORD
        and "pandas" in run["packages"]
    )


def documents(text: str) -> list[Any]:
    """The JSON documents that follow each other in `text`."""
    decoder = json.JSONDecoder()
    found = []
    text = text.lstrip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


if __name__ == "__main__":
    answers = documents(sys.stdin.read())
    sys.exit(0 if (settled if sys.argv[1] == "settled" else told)(*answers) else 1)
