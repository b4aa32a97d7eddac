"""The hooks that are compared: each a directory for PYTHONPATH, made for one run."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from hookcost.prepare import ROOT

OURS = "ours"
BASE = "none"
HOOKS = {
    BASE: "no PYTHONPATH",
    "floor": "PYTHONPATH names an empty directory",
    "minimal": "sends one fixed datagram at every exit",
    "published": "the design of the SciPy 2021 paper",
    OURS: "sitecustomize/ of this repository",
}
_SOURCES = ROOT / "bench/hook"
_COMMAND = ROOT / ".build/release/customs"


@dataclass(frozen=True)
class Hook:
    """A hook that is ready to be measured."""

    name: str
    directory: Path | None
    #: The right numbers of datagrams from a program that imports no watched package ...
    idle: range = range(1)
    #: ... and from one that imports some.
    busy: range = range(1)
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """The place of the hooks, and their settings."""

    python: Path
    directory: Path
    port: int
    traces: Path


def make_hook(name: str, site: Site) -> Hook:
    """Makes one of HOOKS."""
    if name == BASE:
        return Hook(name, None)
    directory = site.directory / name
    if name == OURS:
        return _ours(site, directory)
    if name == "floor":
        directory.mkdir()
        return Hook(name, directory)
    _copy(_SOURCES / name, directory)
    start = directory / "sitecustomize.py"
    text = start.read_text(encoding="utf-8").replace("PORT = 0\n", f"PORT = {site.port}\n")
    start.write_text(text, encoding="utf-8")
    _compile(site, directory)
    one = range(1, 2)
    return Hook(name, directory, one, one) if name == "minimal" else _published(directory)


def has_installer() -> bool:
    """Does this repository's `customs` install hooks?"""
    if not _COMMAND.exists():
        return False
    # for an unknown command it prints the general help, with success
    asked = subprocess.run(
        [_COMMAND, "hook", "install", "--help"], capture_output=True, text=True, check=False
    )
    return asked.returncode == 0 and "--trace-dir" in asked.stdout


def _published(directory: Path) -> Hook:
    # one for each package; the stack draws in an unknown number of them
    return Hook("published", directory, idle=range(1), busy=range(1, 50))


def _ours(site: Site, directory: Path) -> Hook:
    server = f"udp://127.0.0.1:{site.port}"
    one = range(1, 2)
    if has_installer():
        options = {
            "--prefix": directory,
            "--server": server,
            "--trace-dir": site.traces,
            "--python": site.python,
        }
        words = [str(word) for option in options.items() for word in option]
        subprocess.run(
            [str(_COMMAND), "hook", "install", *words],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return Hook(OURS, _tree(directory), busy=one)
    _copy(ROOT / "sitecustomize", directory)
    _compile(site, directory)
    settings = {"CUSTOMS_SERVER": server, "CUSTOMS_TRACE_DIR": str(site.traces)}
    return Hook(OURS, directory, busy=one, environment=settings)


def _tree(prefix: Path) -> Path:
    """Returns the directory that the installer has made for PYTHONPATH."""
    return min(prefix.rglob("sitecustomize.py")).parent


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))


def _compile(site: Site, directory: Path) -> None:
    # as on a site, where users cannot write the .pyc files and the source does not change
    mode = ["--invalidation-mode", "unchecked-hash"]
    subprocess.run(
        [site.python, "-I", "-m", "compileall", "-q", *mode, directory],
        check=True,
        stdout=subprocess.DEVNULL,
    )
