"""The system calls that the hook adds to a program: they repeat exactly, and must not rise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.receiver import Receiver, install

STRACE = shutil.which("strace")


def calls(command: list[str], variables: dict[str, str], report: Path) -> int:
    """Return how many system calls a program makes, from start to end."""
    assert STRACE
    subprocess.run([STRACE, "-f", "-qq", "-o", str(report), *command], env=variables, check=True)
    lines = report.read_text(errors="replace").splitlines()
    return sum("(" in line and "resumed>" not in line for line in lines)


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the budgets are for Python 3.11")
@pytest.mark.parametrize("has_pth", [True, False], ids=["with .pth", "without .pth"])
@pytest.mark.parametrize(("code", "most"), [("pass", 22), ("import ctypes, numpy", 55)])
def test_the_hook_adds_no_more_system_calls_than_allowed(
    code: str, most: int, has_pth: bool, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir(mode=0o1777)
    tree = install(tmp_path / "hook", servers=(receiver.url,), trace_dir=str(traces))
    python = str(tmp_path / "environment" / "bin" / "python")
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", tmp_path / "environment"], check=True)
    library = next((tmp_path / "environment" / "lib").glob("python*/site-packages"))
    if has_pth:
        # as setuptools' one, it runs a line at each start
        (library / "of_setuptools.py").write_text("")
        (library / "of_setuptools.pth").write_text("import os; import of_setuptools\n")
    shutil.copytree(packages / "numpy", library / "numpy")
    build = str(tree / "customs_hook" / "install" / "build.py")
    subprocess.run([python, "-I", "-S", "-B", build, str(tree), str(tree)], check=True)
    variables = {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONHASHSEED": "0"}
    subprocess.run([python, "-c", code], env=variables, check=True)
    plain = calls([python, "-c", code], variables, tmp_path / "report")
    variables["PYTHONPATH"] = str(tree)
    assert calls([python, "-c", code], variables, tmp_path / "report") - plain <= most
