"""Slurm's Prolog, and PAM, make a user's directory for traces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.installed import SLURM, adapted, run

UID = 3999999003


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "traces").mkdir(mode=0o755)
    (tmp_path / "hook.env").write_text(f'CUSTOMS_TRACE_DIR="{tmp_path}/traces"\n')
    change = {"settings=/etc/customs/hook.env": f"settings='{tmp_path}/hook.env'"}
    return adapted(SLURM / "prolog.sh", tmp_path / "prolog.sh", change)


def names(script: Path, **environment: str) -> list[str]:
    """Run the script; return the names in the trace directory."""
    done = run(["sh", "-u", str(script)], {"PATH": os.defpath, **environment})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return sorted(path.name for path in (script.parent / "traces").iterdir())


@pytest.mark.skipif(os.getuid() != 0, reason="takes root, who makes the directories")
def test_a_job_and_a_login_make_the_users_directory(script: Path) -> None:
    assert names(script, SLURM_JOB_UID=str(UID)) == [str(UID)]
    status = (script.parent / "traces" / str(UID)).stat()
    assert (status.st_uid, oct(status.st_mode)) == (UID, "0o40700")
    # again, and for a session's end
    assert names(script, SLURM_JOB_UID=str(UID)) == [str(UID)]
    assert names(script, PAM_TYPE="close_session", PAM_USER="root") == [str(UID)]
    assert names(script, PAM_TYPE="open_session", PAM_USER="root") == ["0", str(UID)]


@pytest.mark.parametrize("uid", ["", "../x", "1 2", "-1", "x"])
def test_what_is_no_uid_makes_nothing(uid: str, script: Path) -> None:
    assert names(script, SLURM_JOB_UID=uid) == []
    assert names(script, PAM_TYPE="open_session", PAM_USER="no-such-user", SLURM_JOB_UID="1") == []


@pytest.mark.skipif(os.getuid() != 0, reason="takes root, who makes the directories")
def test_a_directory_that_is_there_keeps_its_owner(script: Path) -> None:
    taken = script.parent / "traces" / str(UID)
    taken.symlink_to("/etc")
    before = os.stat("/etc")
    names(script, SLURM_JOB_UID=str(UID))
    assert os.stat("/etc").st_uid == before.st_uid
    assert taken.is_symlink()


def test_without_a_trace_directory_nothing_happens(script: Path) -> None:
    (script.parent / "traces").rmdir()
    done = run(["sh", "-u", str(script)], {"PATH": os.defpath, "SLURM_JOB_UID": "5"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
