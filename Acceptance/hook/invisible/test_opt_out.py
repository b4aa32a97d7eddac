"""Users opt out by a variable, by their program, or by the site's file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.receiver import (
    Receiver,
    environment,
    install,
    run,
)


@pytest.mark.parametrize("value", ["1", "yes"])
def test_a_variable_opts_out(value: str, receiver: Receiver, packages: Path) -> None:
    variables = environment(receiver, packages, CUSTOMS_OPT_OUT=value)
    run(["-c", "import numpy"], variables)
    assert receiver.datagrams() == []


def test_a_program_opts_out_itself(receiver: Receiver, packages: Path) -> None:
    code = "import numpy, os; os.environ['CUSTOMS_OPT_OUT'] = '1'"
    run(["-c", code], environment(receiver, packages))
    assert receiver.datagrams() == []


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_variable_does_not_opt_out(value: str, receiver: Receiver, packages: Path) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, CUSTOMS_OPT_OUT=value))
    assert len(receiver.datagrams()) == 1


@pytest.mark.parametrize(
    ("line", "sends"),
    [
        ("alice", 0),
        ("  alice  # by mail", 0),
        (str(os.getuid()), 0),
        ("# alice", 1),
        ("bob", 1),
        ("alic", 1),
        ("", 1),
    ],
)
def test_the_sites_file_opts_out(
    line: str, sends: int, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "opt-out"
    listing.write_text(f"# who is left out\n{line}\n")
    tree = install(tmp_path / "hook", servers=(receiver.url,), opt_out_file=str(listing))
    run(["-c", "import numpy"], environment(None, tree, packages, USER="alice"))
    assert len(receiver.datagrams()) == sends
