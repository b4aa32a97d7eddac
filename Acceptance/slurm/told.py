"""Records that tests send for jobs, and the expected answers."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable

from slurm.cluster import Job

WaitForJob = Callable[..., Job]


def is_of_slurm(state: str) -> Callable[[Job], bool]:
    """Whether Slurm has said that a job came to this."""
    return lambda job: job["source"] == "slurm" and job["state"] == state


def record(job: str, **fields: object) -> bytes:
    """A message with a record of a job."""
    body = {
        "v": 1,
        "id": uuid.uuid4().hex,
        "username": "alice",
        "packages": {"numpy": "1.26.4"},
        "job_id": job,
        "cluster": "rig",
        **fields,
    }
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<134>1 {stamp} node01 customs 4711 imports - {json.dumps(body)}".encode()


def utc(time: str) -> str:
    """A time of sacct's as it stands in answers."""
    return f"{time}Z"
