"""systemd accepts the units, finds them locked up, and makes the directory of traces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.installed import HOOK, ROOT, TRACES, adapted, need, run

SERVICES = sorted((ROOT / "etc").rglob("*.service"))
# Of ten; systemd calls what is below 4.0 "OK".
EXPOSURE = 2.0


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_may_do_little_and_takes_a_bounded_share(unit: Path, tmp_path: Path) -> None:
    analyze = need("systemd-analyze", "systemd")
    text = unit.read_text()
    lines = text.splitlines()
    for bound in ("MemoryMax=", "TasksMax="):
        [value] = [line.removeprefix(bound) for line in lines if line.startswith(bound)]
        assert value not in ("", "infinity")
    assert "LimitCORE=0" in lines
    # it looks for the program, which may not be installed here
    programs = {
        line.split()[0].partition("=")[2] for line in lines if line.startswith("ExecStart=")
    }
    changes = dict.fromkeys(programs, "/bin/true")
    changes |= {name: "/etc" for name in ("@sysconfdir@",) if name in text}
    file = adapted(unit, tmp_path / unit.name, changes)
    command = [analyze, "security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", str(file)]
    done = run(command)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr


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
