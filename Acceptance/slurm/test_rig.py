"""The rig is the tests' own: another Slurm of this machine is left alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.daemon import clean_environment

from slurm.cluster import RIG, why_not


def in_place_of(folder: Path, *command: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command for which /etc/slurm is another folder."""
    return subprocess.run(
        [
            *("unshare", "--mount", "sh", "-c"),
            'mkdir -p /etc/slurm && mount --bind "$0" /etc/slurm && exec "$@"',
            *(str(folder), *command),
        ],
        env=clean_environment(state) | {"RIG_STATE": str(state), "RIG_PORT": "18800"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_machine_of_another_slurm_is_left_alone(kind: str, tmp_path: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    folder = tmp_path / "etc"
    folder.mkdir()
    theirs = folder / "slurm.conf"
    if kind == "file":
        theirs.write_text("ClusterName=theirs\n")
    else:
        # of a shared file system that is not there now
        theirs.symlink_to("/nonexistent/shared/slurm.conf")
    done = in_place_of(folder, str(RIG / "start.sh"), state=tmp_path / "state")
    assert done.returncode == 69
    assert "/etc/slurm/slurm.conf" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["slurm.conf"]
    if kind == "file":
        assert theirs.read_text() == "ClusterName=theirs\n"
    else:
        assert os.readlink(theirs) == "/nonexistent/shared/slurm.conf"


def test_taking_the_rig_down_cancels_nothing_of_another_cluster(tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    called = tmp_path / "called"
    (commands / "scancel").write_text(f'#!/bin/sh\necho "$SLURM_CONF" >>{called}\n')
    (commands / "scancel").chmod(0o755)
    state = tmp_path / "state"

    def stop() -> None:
        path = f"{commands}:{os.environ['PATH']}"
        environment = clean_environment(tmp_path) | {"RIG_STATE": str(state), "PATH": path}
        subprocess.run([str(RIG / "stop.sh")], env=environment, timeout=60, check=True)

    stop()
    assert not called.exists(), "there was no rig"
    (state / "conf").mkdir(parents=True)
    (state / "conf/slurm.conf").touch()
    stop()
    assert set(called.read_text().split()) == {f"{state}/conf/slurm.conf"}
