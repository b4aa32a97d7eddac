"""Sums up the demo in three lines, or says whether all of it is stored; reads JSON from stdin."""

from __future__ import annotations

import json
import sys
from typing import Any

# matrix, survey, failing, pool and its four workers, and killed, which the sweep found. plain
# imports no watched package.
PROCESSES_WITH_RECORD = 9


def settled(health: dict[str, Any]) -> bool:
    """Whether every program's record has arrived and none waits for the store."""
    return bool(
        health["stored"] + health["merged"] >= PROCESSES_WITH_RECORD and health["pending"] == 0
    )


def told(
    health: dict[str, Any], top: list[dict[str, Any]], job: dict[str, Any], killed: dict[str, Any]
) -> bool:
    """Prints the three lines; false if the answers contradict the programs that were run."""
    usage = {row["package"]: row for row in top}
    numpy = usage.get("numpy", {"processes": 0})
    [run] = job["runs"]
    [killed_run] = killed["runs"]
    reported = health["stored"] + health["merged"]
    rejected = sum(health["rejected"].values())
    balance = "balanced" if health["balanced"] else "NOT BALANCED"
    print(f"1. {reported} processes told what they imported; {numpy['processes']} used numpy.")
    print(
        f"2. Job {job['job_id']} of account {job['account']} on {job['num_nodes']} nodes "
        f"used {named(run)}; job {killed['job_id']} was {killed_run['end']} "
        f"and had used {named(killed_run)}."
    )
    print(
        f"3. Received {health['received']}, stored {health['stored']}, merged {health['merged']}, "
        f"rejected {rejected}, {balance}."
    )
    return (
        bool(health["balanced"])
        and numpy["processes"] >= PROCESSES_WITH_RECORD
        and "pandas" in run["packages"]
        and killed_run["end"] == "killed"
        and "numpy" in killed_run["packages"]
    )


def named(run: dict[str, Any]) -> str:
    """The packages of a run, with their versions."""
    packages = sorted(run["packages"].items())
    return ", ".join(f"{name} {version or ''}".strip() for name, version in packages)


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
