"""Reporters of the packages found. The modules that they need are imported with this one."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import pickle
import sys
import uuid
from abc import ABC, abstractmethod
from typing import Any


class Reporter(ABC):
    """Reports the packages that were found."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    @abstractmethod
    def __call__(self, imports: list[str]) -> None:
        """Reports these names."""


class JSONFileReporter(Reporter):
    """Writes the names to a file of its own."""

    def __call__(self, imports: list[str]) -> None:
        with open(f"usage-{uuid.uuid4().hex}.json", "w", encoding="utf-8") as stream:
            json.dump(imports, stream)


class PickleReporter(Reporter):
    """The same, for Python only."""

    def __call__(self, imports: list[str]) -> None:
        with open(f"usage-{uuid.uuid4().hex}.pickle", "wb") as stream:
            pickle.dump(imports, stream)


class SyslogReporter(Reporter):
    """Sends a message for each name, with data on the process."""

    def __call__(self, imports: list[str]) -> None:
        logger = logging.getLogger("usagewatch")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(logging.handlers.SysLogHandler(address=self.arguments))
        place = _place()
        for name in imports:
            logger.info("usagewatch: %s", json.dumps({"package": name, **place}))


def _place() -> dict[str, object]:
    variables = ("USER", "SLURM_JOB_ID", "SLURM_JOB_NUM_NODES", "SLURM_JOB_ACCOUNT")
    known: dict[str, object] = {name: os.environ.get(name) for name in variables}
    known.update(executable=sys.executable, main=sys.argv[0], hostname=os.uname().nodename)
    return known
