"""Slurm's Epilog runs the sweep, with bounds, and never fails."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from pathlib import Path

import pytest

from deploy.installed import EXAMPLE, ROOT, SERVER, SLURM, TRACES, adapted, need, run

SWEEP = """
import json, os, sys
with open({out!r}, "w") as file:
    json.dump([sys.argv[1:], sorted(os.environ), sys.flags.isolated, sys.flags.no_site], file)
{then}
"""


class Epilog:
    """The epilog with a stand-in for the sweep."""

    def __init__(self, directory: Path, seconds: int = 20) -> None:
        self.hook = directory / "the hook"
        self.hook.mkdir(exist_ok=True)
        self.out = directory / "out.json"
        self.settings = directory / "hook.env"
        self.script = adapted(
            SLURM / "epilog.sh",
            directory / "epilog.sh",
            {
                f"hook_dir={EXAMPLE}": f"hook_dir='{self.hook}'",
                "settings=/etc/customs/hook.env": f"settings='{self.settings}'",
                "seconds=20": f"seconds={seconds}",
            },
        )
        self.sweep()

    def sweep(self, then: str = "") -> None:
        text = SWEEP.format(out=str(self.out), then=then)
        (self.hook / "customs_sweep.py").write_text(text)

    def silent(self, sh: str, environment: dict[str, str] | None = None) -> float:
        began = time.monotonic()
        done = run([sh, "-u", str(self.script)], environment)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return time.monotonic() - began

    def seen(self) -> list[object]:
        answer: list[object] = json.loads(self.out.read_text())
        return answer


@pytest.fixture
def epilog(tmp_path: Path) -> Epilog:
    return Epilog(tmp_path)


def test_epilog_runs_the_sweep(sh: str, epilog: Epilog) -> None:
    epilog.silent(sh)
    assert epilog.seen()[0] == ["--trace-dir", TRACES, "--server", SERVER]


def test_epilog_takes_nothing_from_the_environment(sh: str, epilog: Epilog, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "python3").chmod(0o755)
    hostile = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "PYTHONPATH": str(tmp_path),
        "PYTHONSTARTUP": "x",
        "PYTHONHOME": "/nowhere",
        "CUSTOMS_SERVER": "udp://203.0.113.1:1",
        "CUSTOMS_OPT_OUT": "1",
        "IFS": "/",
        "SPANK_X": "1",
    }
    epilog.silent(sh, hostile)
    assert epilog.seen() == [
        ["--trace-dir", TRACES, "--server", SERVER],
        ["LC_ALL", "PATH"],
        1,
        1,
    ]
    assert not (tmp_path / "ran").exists()


def test_epilog_reads_its_settings(sh: str, epilog: Epilog) -> None:
    epilog.settings.write_text(
        '# a comment\nCUSTOMS_TRACE_DIR="/run/two words"\nnonsense (\n"\n'
        "PATH=/nowhere\nCUSTOMS_PYTHON=\nCUSTOMS_SERVER=unixgram:///run/a=b"
    )
    epilog.silent(sh)
    assert epilog.seen()[0] == ["--trace-dir", "/run/two words", "--server", "unixgram:///run/a=b"]


@pytest.mark.parametrize(
    "then", ["sys.exit(3)", "raise RuntimeError", "os.kill(os.getpid(), 9)", "print('x' * 100000)"]
)
def test_epilog_ends_well_whatever_the_sweep_does(sh: str, epilog: Epilog, then: str) -> None:
    epilog.sweep(then)
    epilog.silent(sh)
    assert epilog.out.exists()


def test_epilog_reports_a_killed_process(sh: str, epilog: Epilog, tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("takes root, as the epilog does")
    shutil.copytree(ROOT / "sitecustomize", epilog.hook, dirs_exist_ok=True)
    traces = tmp_path / "traces"
    (traces / "0").mkdir(parents=True)
    traces.chmod(0o1777)
    (traces / "0").chmod(0o700)
    # a number that no process can have
    head = {"v": 1, "id": "0" * 32, "pid": 4194305, "started": 0.5}
    (traces / "0" / "1").write_text(json.dumps(head) + "\nnumpy 1.26.4\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        epilog.settings.write_text(
            f"CUSTOMS_TRACE_DIR={traces}\n"
            f"CUSTOMS_SERVER=udp://127.0.0.1:{server.getsockname()[1]}\n"
        )
        epilog.silent(sh)
        datagram = server.recv(65536)
    record = json.loads(datagram[datagram.index(b"{") :])
    assert (record["end"], record["packages"]) == ("killed", {"numpy": "1.26.4"})
    assert list((traces / "0").iterdir()) == []


@pytest.mark.parametrize("missing", ["sweep", "hook", "python", "settings is a folder"])
def test_epilog_ends_well_whatever_is_missing(sh: str, epilog: Epilog, missing: str) -> None:
    if missing == "python":
        epilog.settings.write_text("CUSTOMS_PYTHON=/nowhere/python3\n")
    elif missing == "settings is a folder":
        epilog.settings.mkdir()
    else:
        shutil.rmtree(epilog.hook)
        if missing == "sweep":
            epilog.hook.mkdir()
    epilog.silent(sh)


@pytest.mark.parametrize(
    "then",
    [
        "import time; time.sleep(60)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
        "import subprocess; subprocess.run(['sleep', '60'])",
    ],
    ids=["hangs", "ignores SIGTERM", "has a child that hangs"],
)
def test_epilog_ends_a_sweep_that_takes_too_long(tmp_path: Path, then: str) -> None:
    epilog = Epilog(tmp_path, seconds=1)
    epilog.sweep(then)
    assert epilog.silent(need("sh", "dash")) < 10


def test_epilog_check_shows_command_and_output_of_the_sweep(epilog: Epilog) -> None:
    epilog.sweep("print('swept 3'); sys.exit(4)")
    done = run([need("sh", "dash"), str(epilog.script), "--check"])
    assert done.returncode == 4
    assert "customs_sweep.py --trace-dir" in done.stdout
    assert "swept 3" in done.stdout
