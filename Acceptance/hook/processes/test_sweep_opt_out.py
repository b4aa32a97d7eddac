"""The sweep reports no user whom the site's list of users who have opted out names, or may."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from support.receiver import Receiver

from hook.sweeps import head, left, plant, sweep, text


@pytest.mark.parametrize("entry", ["uid", "name", "claimed name", "none"])
def test_the_sweep_reads_the_list(
    entry: str, receiver: Receiver, traces: Path, tmp_path: Path
) -> None:
    names = {"uid": str(os.getuid()), "claimed name": "alice", "none": "bob"}
    names["name"] = pwd.getpwuid(os.getuid()).pw_name
    listing = tmp_path / "opt-out"
    listing.write_text(f"{names[entry]}\n")
    plant(traces, 1, text(head(username="alice"), "numpy"))
    sweep(traces, receiver.url, "--opt-out-file", str(listing))
    assert len(receiver.records()) == (entry == "none")
    assert left(traces) == []


def test_a_sweep_without_a_whole_list_sends_nothing_and_keeps_all(
    receiver: Receiver, traces: Path, tmp_path: Path
) -> None:
    plant(traces, 1, text(head(), "numpy"))
    said = sweep(traces, receiver.url, "--opt-out-file", str(tmp_path))
    assert "cannot be used (it is not a file): nothing is sent" in said
    assert (receiver.records(), len(left(traces))) == ([], 1)
