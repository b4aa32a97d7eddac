"""All files of `etc/hook` and `etc/slurm`: the same places, and no fault in a shell script."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from deploy.installed import EXAMPLE, HOOK, ROOT, SERVER, SLURM, TRACES, run

SHELL_FILES = [
    SLURM / "taskprolog.sh",
    SLURM / "epilog.sh",
    SLURM / "prolog.sh",
    HOOK / "profile.d" / "customs.sh",
    HOOK / "containers" / "ch-run-customs",
]


def test_every_file_names_the_same_places() -> None:
    files = [path for top in (HOOK, SLURM) for path in top.rglob("*") if path.is_file()]
    assert len(files) > 15
    for path in files:
        text = path.read_text()
        for found in re.findall(r"/opt/customs[\w/.-]*", text):
            assert found.rstrip(".").startswith(EXAMPLE), (path, found)
        for found in re.findall(r"/run/customs/[\w/-]+", text):
            assert found == TRACES, (path, found)
        for found in re.findall(r"\budp://[\w.:]+", text):
            assert found == SERVER, (path, found)


@pytest.mark.parametrize("path", SHELL_FILES, ids=lambda path: path.name)
def test_shellcheck_has_no_objection(path: Path) -> None:
    shellcheck = shutil.which("shellcheck") or str(ROOT / ".venv-test" / "bin" / "shellcheck")
    if not os.path.exists(shellcheck):
        pytest.skip("no shellcheck: install shellcheck")
    done = run([shellcheck, str(path)])
    assert done.returncode == 0, done.stdout
