"""`--version` names one version, and the commit that both commands were built from."""

from __future__ import annotations

import re
import subprocess

from support.daemon import CUSTOMS, CUSTOMSD

VERSION = re.compile(r"(customsd?) (\d+\.\d+\.\d+(?: \([0-9a-f]{12}(?:-dirty)?\))?)\n")


def test_both_commands_name_one_version_and_their_commit() -> None:
    """The commit is missing only where the sources were no clone."""
    told = {}
    for command in (CUSTOMS, CUSTOMSD):
        answer = subprocess.run(
            [str(command), "--version"], capture_output=True, text=True, check=True
        )
        found = VERSION.fullmatch(answer.stdout)
        assert found, answer.stdout
        told[found[1]] = found[2]
    assert sorted(told) == ["customs", "customsd"]
    assert len(set(told.values())) == 1
