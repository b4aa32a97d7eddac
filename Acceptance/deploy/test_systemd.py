"""systemd accepts the units of the sweep, and makes the directory of traces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.installed import HOOK, TRACES, need, run


@pytest.mark.parametrize("unit", sorted((HOOK / "systemd").iterdir()), ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit: Path) -> None:
    analyze = need("systemd-analyze", "systemd")
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("no /usr/bin/python3: install python3")
    done = run([analyze, "verify", str(unit)])
    assert done.returncode == 0, done.stderr
    # what it says of other units is not ours
    assert unit.name not in done.stderr


def test_tmpfiles_makes_the_trace_directory(tmp_path: Path) -> None:
    tmpfiles = need("systemd-tmpfiles", "systemd")
    if os.geteuid() != 0:
        pytest.skip("only root makes directories of root's")
    (tmp_path / "run").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (tmp_path / "etc" / "group").write_text("root:x:0:\n")
    configuration = HOOK / "tmpfiles.d" / "customs-hook.conf"
    for _ in range(2):
        done = run([tmpfiles, f"--root={tmp_path}", "--create", str(configuration)])
        assert (done.returncode, done.stderr) == (0, "")
    made = (tmp_path / TRACES[1:]).stat()
    assert oct(made.st_mode) == "0o41777"
    assert made.st_uid == 0
    assert oct((tmp_path / "run" / "customs").stat().st_mode) == "0o40755"
