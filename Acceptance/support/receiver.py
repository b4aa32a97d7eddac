"""Real sockets that the hook's datagrams arrive at, and programs run under the hook."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from extent import IS_WHOLE

HOOK = Path(__file__).resolve().parents[2] / "sitecustomize"
HEADER = re.compile(
    rb"<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]+ customs \d+ "
    rb"(?:imports|canary) - (\{.*\})",
    re.DOTALL,
)
#: Variables of the surroundings that say something about a job or the hook.
FOREIGN = (
    *("SLURM", "CUSTOMS_", "OMPI_", "PMI_", "PMIX_", "PALS_", "MV2_", "FLUX_", "JSM_", "ALPS_"),
    *("PYTHON", "VIRTUAL_ENV", "SHIFTER", "APPTAINER", "SINGULARITY", "CH_", "container"),
)


class Receiver:
    """A datagram socket, and what arrives there; a unix one if a path is given."""

    def __init__(self, path: Path | None = None) -> None:
        family = socket.AF_INET if path is None else socket.AF_UNIX
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0) if path is None else str(path))
        self.socket.setblocking(False)
        if path is None:
            self.url = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"
        else:
            self.url = f"unixgram://{path}"

    def close(self) -> None:
        self.socket.close()

    def datagrams(self) -> list[bytes]:
        """Return what has arrived: on loopback all that was sent before the sender's end."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(65536))
            except BlockingIOError:
                return found

    def records(self) -> list[dict[str, Any]]:
        records = []
        for datagram in self.datagrams():
            match = HEADER.fullmatch(datagram)
            assert match, datagram
            records.append(json.loads(match.group(1)))
        return records

    def record(self) -> dict[str, Any]:
        records = self.records()
        assert len(records) == 1, records
        return records[0]


def install(directory: Path, watched: str | None = None, **site: Any) -> Path:
    """Make a site's own copy of the hook, with these values of SITE in the place of the shipped.

    By hand and not by the hook's own means: what those write is theirs to be tested.
    """
    shutil.copytree(HOOK, directory, ignore=shutil.ignore_patterns("__pycache__"))
    path = directory / "sitecustomize.py"
    text = path.read_text()
    begin, end = text.index("SITE = {"), text.index("# --- end of what the site has set")
    shipped: dict[str, Any] = {}
    exec(text[begin:end], shipped)
    assert set(site) <= set(shipped["SITE"])
    text = f"{text[:begin]}SITE = {shipped['SITE'] | site!r}\n\n{text[end:]}"
    if watched is not None:
        text = re.sub('(?s)WATCHED = """.*?"""', f"WATCHED = {watched!r}", text, count=1)
    path.write_text(text)
    return directory


def environment(receiver: Receiver | None, *paths: Path | str, **extra: str) -> dict[str, str]:
    """Return the surroundings of a program under the hook; without a receiver, without the hook."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    search = [str(path) for path in paths]
    if receiver is not None:
        search.insert(0, str(HOOK))
        variables["CUSTOMS_SERVER"] = receiver.url
    variables["PYTHONPATH"] = os.pathsep.join(search)
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    return {**variables, **extra}


def run(
    arguments: list[str | bytes],
    variables: dict[str, str],
    executable: str = sys.executable,
    **options: Any,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [executable, *arguments],
        env=variables,
        capture_output=True,
        check=False,
        **{"timeout": 60, **options},
    )


def interpreters() -> list[str]:
    """Return the CPythons from 3.6 on: this one, pyenv's, those on PATH, and those named.

    CUSTOMS_TEST_PYTHONS names others by their paths, with colons between them.
    """
    names = [f"python3.{minor}" for minor in range(6, 20)]
    named = os.environ.get("CUSTOMS_TEST_PYTHONS", "").split(os.pathsep)
    found = _found("3.*", "python3", names) | {os.path.realpath(path) for path in named if path}
    return sorted({os.path.realpath(sys.executable), *found})


def few_interpreters() -> list[str]:
    """Return the oldest and the newest of `interpreters()`, or all in a whole run.

    For tests in which those between them hardly show anything more.
    """
    if IS_WHOLE:
        return interpreters()

    def minor(path: str) -> int:
        match = re.search(r"python3\.(\d+)", os.path.basename(path))
        return int(match[1]) if match else 0

    found = sorted(interpreters(), key=minor)
    return [found[0], found[-1]]


def old_interpreters() -> list[str]:
    """Return the interpreters of Python 2.7: pyenv's, and those on PATH."""
    return sorted(_found("2.7*", "python2.7", ["python2.7"]))


def pypy() -> list[str]:
    """Return the PyPy 3 on PATH, if there is one."""
    path = shutil.which("pypy3")
    return [os.path.realpath(path)] if path else []


def _found(version: str, pyenv_name: str, names: list[str]) -> set[str]:
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    found = glob.glob(f"{root}/versions/{version}/bin/{pyenv_name}")
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        # a shim is there for versions that are not
        if "shims" not in directory:
            found += [f"{directory}/{name}" for name in names]
    return {os.path.realpath(path) for path in found if os.access(path, os.X_OK)}
