"""Prepares a measurement: checks tools, finds an interpreter, and installs its packages."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "bench/hook/requirements.txt"
_PIP = ["-m", "pip", "--quiet", "--disable-pip-version-check"]


@dataclass(frozen=True)
class VenvKind:
    """A kind of virtual environment: they differ in the work of `site` at a process' start."""

    name: str
    directory: Path
    #: Its `distutils-precedence.pth` is code, which imports a module at every start.
    has_setuptools: bool


#: `python -m venv` installed setuptools before Python 3.12, and does not from then on.
KINDS = (
    VenvKind("with .pth", ROOT / ".venv-bench", True),
    VenvKind("without .pth", ROOT / ".venv-bench-bare", False),
)


@dataclass(frozen=True)
class Venv:
    """A virtual environment in which programs can be measured."""

    kind: str
    python: Path


class Unavailable(Exception):
    """A missing tool or package; the message says how to get it."""


def check_tools() -> None:
    """Raises Unavailable unless strace and valgrind are installed and allowed to work."""
    missing = [tool for tool in ("strace", "valgrind") if shutil.which(tool) is None]
    if missing:
        raise Unavailable(
            f"{' and '.join(missing)} must be installed:\n    apt-get install {' '.join(missing)}"
        )
    # containers may forbid it
    traced = subprocess.run(
        ["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False
    )
    if traced.returncode != 0:
        raise Unavailable(f"strace may not trace here: {traced.stderr.strip()}")
    if not Path("/dev/shm").is_dir():
        raise Unavailable("there is no /dev/shm, the tmpfs for the hook's traces")


def find_interpreter(wanted: str | None) -> str:
    """Returns the path of the interpreter itself, past virtual environments and pyenv's shims."""
    found = _answer(wanted or "python3.11", "getattr(sys, '_base_executable', sys.executable)")
    if found is not None:
        return found
    if wanted is not None:
        raise Unavailable(f"{wanted} is not a Python that works")
    return str(getattr(sys, "_base_executable", sys.executable))


def make_venv(interpreter: str, kind: VenvKind) -> Venv:
    """Returns the virtual environment of this kind, and makes it only if necessary."""
    version = _answer(interpreter, "sys.version")
    if version is None:
        raise Unavailable(f"{interpreter} is not a Python that works")
    text = f"{interpreter}\n{version}\n{kind}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    wanted = hashlib.sha256(text.encode()).hexdigest()
    stamp = kind.directory / "made-for"
    python = kind.directory / "bin/python"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(
            f"Making {kind.directory.name} for {interpreter}; later runs find it", file=sys.stderr
        )
        make = [interpreter, "-m", "venv", "--clear", str(kind.directory)]
        _do(make, "apt-get install python3-venv")
        advice = f"{REQUIREMENTS.relative_to(ROOT)} names what must be installable for this Python"
        _do([str(python), *_PIP, "install", "-r", str(REQUIREMENTS)], advice)
        change = ["install"] if kind.has_setuptools else ["uninstall", "--yes"]
        _do([str(python), *_PIP, *change, "setuptools"], "the kinds differ by setuptools")
        found = any(kind.directory.glob("lib/python*/site-packages/*.pth"))
        if found != kind.has_setuptools:
            raise Unavailable(f"{kind.directory.name} was to be {kind.name} file, and is not")
        stamp.write_text(wanted, encoding="utf-8")
    return Venv(kind.name, python)


def version_of(python: Path) -> tuple[int, int]:
    """Returns major and minor version."""
    major, minor = str(_answer(str(python), "'%d %d' % sys.version_info[:2]")).split()
    return int(major), int(minor)


def _answer(interpreter: str, expression: str) -> str | None:
    try:
        done = subprocess.run(
            [interpreter, "-I", "-c", f"import sys; print({expression})"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _do(command: list[str], advice: str) -> None:
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)} failed:\n{done.stderr.strip()}\n    {advice}")
