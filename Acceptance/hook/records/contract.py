"""The record's keys by the contract, and a check that a record keeps it."""

from __future__ import annotations

import json
import re
from typing import Any

NUMBER = (int, float)


#: The keys of the contract and the types of their values.
KEYS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("v", "pid", "ppid", "uid", "array_job_id", "array_task_id"), int),
    **dict.fromkeys(("het_group", "restart", "num_nodes", "num_tasks", "rank"), int),
    **dict.fromkeys(("part", "parts"), int),
    **dict.fromkeys(("is_compute", "is_shifter", "is_staff"), bool),
    **dict.fromkeys(("id", "event_timestamp", "host", "username", "executable", "prefix"), str),
    **dict.fromkeys(("python", "implementation", "main", "end", "container", "system"), str),
    **dict.fromkeys(("subsystem", "cluster", "job_id", "step_id", "qos", "repo"), str),
    **{"partition": str, "elapsed": NUMBER, "packages": dict, "direct": list},
}


def assert_kept(record: dict[str, Any]) -> None:
    """The record keeps the contract: its keys, their types, and what must be there."""
    for key, value in record.items():
        kind = KEYS[key]
        assert isinstance(value, kind), key
        assert isinstance(value, bool) is (kind is bool), key
    assert record["v"] == 1
    assert re.fullmatch("[0-9a-f]{32}", record["id"])
    assert all(isinstance(name, str) for name in record["packages"])
    assert all(isinstance(v, (str, type(None))) for v in record["packages"].values())
    assert set(record.get("direct", ())) <= set(record["packages"])


#: What the daemon accepts in one datagram, bytes of JSON.
MAXIMUM = 8192


def compact(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"))
