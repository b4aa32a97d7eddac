"""Root installs and checks hooks, and runs canaries: no code of another user runs on the way.

The user has planted a file for every module of the standard library in the directory where root
stands, in his home, which root may have kept as HOME, and in a directory on PYTHONPATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.daemon import CUSTOMS, PATIENCE
from support.receiver import interpreters, old_interpreters

from endtoend.service.hook_site import PYTHON, Site

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="takes root, whose code it is about")
MALLORY = 20001

#: Modules of older Pythons, and those that Python loads if they are there.
OTHER_MODULES = (
    *("imp", "distutils", "asyncore", "StringIO", "cStringIO", "exceptions", "__builtin__"),
    *("sitecustomize", "usercustomize", "customs_hook", "numpy", "__main__", "__hello__"),
)
#: Says that it has run, by what needs no import from a file.
TRAP = (
    "import posix\n"
    "f = posix.open({proof!r}, posix.O_CREAT | posix.O_WRONLY | posix.O_APPEND, 0o666)\n"
    "posix.write(f, (__name__ + chr(10)).encode('ascii'))\n"
    "posix.close(f)\n"
    "raise ImportError('gone')\n"
)


@dataclass
class Trap:
    directory: Path
    home: Path
    proof: Path

    def has_caught(self) -> set[str]:
        """Return the names of the modules that have run since the last time."""
        names = set(self.proof.read_text().split()) if self.proof.exists() else set()
        self.proof.unlink(missing_ok=True)
        return names

    @property
    def environment(self) -> dict[str, str]:
        """What a root that came by ``sudo -E`` has of the user."""
        own = str(self.directory)
        return {
            **{"HOME": str(self.home), "PYTHONPATH": own, "PYTHONHOME": own},
            **{"PYTHONSTARTUP": f"{own}/os.py", "PYTHONUSERBASE": str(self.home / ".local")},
            **{"PYTHONINSPECT": "1", "PATH": f".::bin:{os.environ['PATH']}"},
        }


@pytest.fixture
def trap(site: Site) -> Iterator[Trap]:
    names = sorted({*sys.stdlib_module_names, *OTHER_MODULES})
    proof = site.folder / "proof"
    home = site.folder / "home"
    directory = site.folder / "trap"
    # the interpreters' own directories of packages below a home
    versions = [f"python3.{minor}" for minor in range(6, 20)] + ["python2.7"]
    places = [home / f".local/lib/{version}/site-packages" for version in versions]
    for place in (directory, *places):
        place.mkdir(parents=True)
        for name in names if place == directory else ("usercustomize", "sitecustomize", "os"):
            (place / f"{name}.py").write_text(TRAP.format(proof=str(proof)))
    for name in ("python3", "python2.7"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho {name} >>{proof}\nexit 1\n")
        program.chmod(0o755)
    for path in (home, *home.rglob("*"), directory, *directory.iterdir()):
        os.chown(path, MALLORY, MALLORY)
    found = Trap(directory, home, proof)
    # without a precaution the trap works
    subprocess.run([PYTHON, "-c", "import string"], cwd=directory, check=False)
    assert "string" in found.has_caught()
    yield found


def run(trap: Trap, site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where root stands in the user's directory, with the user's environment."""
    return subprocess.run(
        [str(CUSTOMS), *arguments],
        cwd=trap.directory,
        env=site.environment | trap.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@needs_root
def test_an_installation_runs_nothing_of_the_directory_where_root_stands(
    site: Site, trap: Trap
) -> None:
    pythons = [f"--python={python}" for python in (*interpreters(), *old_interpreters())]
    common = ("hook", "install", f"--prefix={site.tree}", f"--server={site.url}")
    for more in (["--dry-run"], ["--dry-run", "--python=python3"], pythons):
        done = run(trap, site, *common, *more)
        assert (done.returncode, trap.has_caught()) == (0, set()), done.stderr
    # and what a relative path names is found from where root stands
    (trap.directory / "packages.txt").write_text("numpy\n-*\n")
    done = run(trap, site, *common, f"--python={PYTHON}", "--packages=packages.txt")
    assert (done.returncode, trap.has_caught()) == (0, set()), done.stderr


@needs_root
def test_a_check_runs_nothing_of_the_directory_where_root_stands(site: Site, trap: Trap) -> None:
    site.installed()
    for python in (PYTHON, *interpreters()[:2], *old_interpreters()[:1]):
        done = run(trap, site, "hook", "check", f"--prefix={site.tree}", f"--python={python}")
        assert trap.has_caught() == set(), python
        # the user's entry of PYTHONPATH is left out, and said to be
        assert f"users other than root can write to {trap.directory}" in done.stderr
        if python == PYTHON:
            assert done.returncode == 0, done.stderr


@needs_root
def test_canaries_run_nothing_of_the_directory_where_root_stands(site: Site, trap: Trap) -> None:
    site.installed()
    store = f"--store=sqlite://{site.folder}/store.sqlite"
    common = ("canary", "run", store, f"--prefix={site.tree}", f"--python={PYTHON}")
    done = run(trap, site, *common, "--processes=3", "--wait=0", f"--server={site.url}")
    assert trap.has_caught() == set(), done.stderr
    assert "process 1" not in done.stderr, done.stderr
