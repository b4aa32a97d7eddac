"""An attacker with linear programs computes nothing that public answers leave out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy.optimize import linprog
from support.daemon import Customs
from support.maintenance import vouch
from support.reference.publication import amount
from support.stores import MakeStore

# what a user did: package, version, month, place
Cell = tuple[str, str, str, str]


class Attack:
    """What is known of the number of users of each cell: each did one thing, in one job."""

    def __init__(self, cells: list[Cell]) -> None:
        self.cells = cells
        self.rows: list[list[float]] = []
        self.bounds: list[float] = []

    def learn(self, chosen: Callable[[Cell], bool], least: int, most: int) -> None:
        """The number of users of the chosen cells."""
        row = [float(chosen(cell)) for cell in self.cells]
        self.rows += [row, [-value for value in row]]
        self.bounds += [most, -least]

    def range_of(self, chosen: Callable[[Cell], bool]) -> tuple[float, float]:
        """What the number of users of the chosen cells may be."""
        row = numpy.array([float(chosen(cell)) for cell in self.cells])
        ends = []
        for sign in (1, -1):
            solved = linprog(sign * row, A_ub=self.rows, b_ub=self.bounds, method="highs")
            assert solved.status in (0, 3), solved.message
            ends.append(sign * solved.fun if solved.status == 0 else float("inf"))
        return ends[0], ends[1]


def test_the_attack_finds_what_exact_numbers_would_tell() -> None:
    attack = Attack([("a", "1", "", ""), ("a", "2", "", "")])
    attack.learn(lambda cell: True, 7, 7)
    attack.learn(lambda cell: cell[1] == "1", 6, 6)
    assert attack.range_of(lambda cell: cell[1] == "2") == (1, 1)


def ceiling(shown: int) -> int:
    """The largest number that is shown like this."""
    return next(n for n in range(shown, 2 * shown + 10) if amount(n + 1) != shown)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_suppressed_can_be_computed(
    make_store: MakeStore, tmp_path: Path, seed: int
) -> None:
    """From all public answers about packages together."""
    draw = random.Random(seed)
    now = datetime.now(UTC).replace(day=15)
    months = [(now - timedelta(days=30 * back)).strftime("%Y-%m") for back in (3, 2, 1)]
    truth: dict[Cell, int] = {}
    for package in ("alpha", "beta"):
        for version in ("1", "2", "3"):
            for month in months:
                for place in ("compute", "login"):
                    rare = version == "3" or month == months[2] or place == "login"
                    count = draw.choice((0, 0, 0, 1) if rare else (2, 5, 9, 60))
                    truth[package, version, month, place] = count
    records: list[dict[str, Any]] = []
    for (package, version, month, place), count in truth.items():
        for _ in range(count):
            number = len(records) + 1
            records.append(
                {
                    **{"v": 1, "id": f"{number:032x}", "username": f"u{number}"},
                    **{"job_id": str(number), "packages": {package: version}},
                    **{"event_timestamp": f"{month}-10T12:00:00Z", "num_nodes": 1},
                    "is_compute": place == "compute",
                }
            )
    store = make_store("sqlite")
    archive = tmp_path / "records.jsonl"
    archive.write_text("".join(json.dumps(record) + "\n" for record in records))
    customs = Customs(store.url, tmp_path)
    customs.json("import", str(archive))
    vouch(store)

    attack = Attack(list(truth))
    told: list[Callable[[Cell], bool]] = []

    def learn(row: dict[str, Any], chosen: Callable[[Cell], bool]) -> None:
        attack.learn(chosen, row["users"], row["users"] + 4)
        # each user had one job
        if row.get("jobs") is not None:
            attack.learn(chosen, row["jobs"], ceiling(row["jobs"]))
        told.append(chosen)

    def having(**wanted: str) -> Callable[[Cell], bool]:
        names = ("package", "version", "month", "place")
        return lambda cell: all(cell[names.index(key)] == wanted[key] for key in wanted)

    for row in customs.json("top", "--public"):
        learn(row, having(package=row["package"]))
    for place in ("compute", "login"):
        for row in customs.json("top", "--public", f"--{place}"):
            learn(row, having(package=row["package"], place=place))
    for package in ("alpha", "beta"):
        for row in customs.json("versions", package, "--public"):
            learn(row, having(package=package, version=row["version"]))
        for row in customs.json("trend", package, "--public"):
            learn(row, having(package=package, month=row["month"]))
    for month in months:
        period = ("--since", f"{month}-01", "--until", f"{month}-20")
        for row in customs.json("top", "--public", *period):
            learn(row, having(package=row["package"], month=month))
    assert told

    suppressed = 0
    for package in ("alpha", "beta"):
        for key, values in (
            *(("version", ["1", "2", "3"]), ("month", months)),
            ("place", ["compute", "login"]),
        ):
            for value in values:
                chosen = having(package=package, **{key: value})
                users = sum(count for cell, count in truth.items() if chosen(cell))
                if not 0 < users < 5:
                    continue
                suppressed += 1
                least, most = attack.range_of(chosen)
                assert most - least >= 4, (package, key, value, users, least, most)
    assert suppressed
    store.close()
