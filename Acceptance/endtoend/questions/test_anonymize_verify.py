"""`customs anonymize` is complete, and destroys nothing of others."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from support.daemon import Customs
from support.maintenance import Fill

from endtoend.questions.names import used

THEN = datetime(2025, 1, 10, tzinfo=UTC)
UNTIL = ("--older-than", "2025-06-01")


def verify(customs: Customs, name: str) -> tuple[int, list[dict[str, Any]]]:
    done = customs.run("anonymize", "--verify", name, "--format", "json")
    return done.returncode, json.loads(done.stdout)


def test_verify_says_where_a_name_still_is(fill: Fill) -> None:
    """Before in each table that has it, afterwards nowhere, not even in the file."""
    telling = {
        **{"host": "kermit1x-pc", "repo": "kermit1x_prj", "job_id": "7"},
        **{"main": "-m kermit1x.tool", "packages": {"kermit1x_tools": "1+kermit1x"}},
        **{"prefix": "/proj/kermit1x-env", "container": "kermit1x/image"},
    }
    customs = fill([used(1, "kermit1x", THEN, **telling), used(2, "kermit1xy", THEN)])
    status, traces = verify(customs, "kermit1x")
    assert status == 1
    assert {
        *("users.name", "hosts.name", "accounts.name", "programs.name", "executables.name"),
        *("packages.name", "stack_packages.version"),
        *("environments.prefix", "environments.container"),
    } <= {trace["place"] for trace in traces}
    dry = customs.json("anonymize", *UNTIL, "--dry-run")
    [program] = [each for each in dry["replaced"] if each["from"] == "-m kermit1x.tool"]
    assert program["to"].startswith("-m user-")
    assert verify(customs, "kermit1x")[0] == 1
    done = customs.json("anonymize", *UNTIL)
    assert done["paths"] == dry["paths"]
    assert verify(customs, "kermit1x") == (0, [])
    assert verify(customs, "nobody") == (0, [])


def test_anonymize_refuses_where_many_would_lose_the_name_of_one(fill: Fill) -> None:
    """Such as that of a directory in which everybody works."""
    shared = {"main": "/home/projects/run.py"}
    records = [used(number, f"kermit{number}x", THEN, **shared) for number in range(8)]
    customs = fill([*records, used(9, "projects", THEN)])
    done = customs.run("anonymize", *UNTIL)
    assert done.returncode == 64
    assert "--force" in done.stderr
    assert verify(customs, "kermit1x")[0] == 1
    assert customs.json("anonymize", *UNTIL, "--force")["users"] == 9
    assert verify(customs, "projects") == (0, [])


def test_a_liar_destroys_only_his_own_paths(fill: Fill) -> None:
    """Whatever he says that he is called."""
    honest = [
        used(
            number, f"kermit{number}x", THEN, prefix="/opt/conda/envs/ml", executable="/usr/bin/py"
        )
        for number in range(6)
    ]
    liars = [
        used(100 + number, name, THEN, prefix="/opt/conda/envs/ml", executable="/bin/py")
        for number, name in enumerate(("usr", "bin", "opt", "conda", "envs", "ml", "py"))
    ]
    customs = fill(honest + liars)
    customs.json("anonymize", *UNTIL)
    rows = {row["prefix"]: row["users"] for row in customs.json("environments")}
    assert rows["/opt/conda/envs/ml"] >= len(honest)
    assert sum(rows.values()) == len(honest) + len(liars)
