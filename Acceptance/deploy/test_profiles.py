"""The profiles of login shells put the hook in front of PYTHONPATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.installed import EXAMPLE, HOOK, adapted, need, run


@pytest.fixture(params=["dash", "bash", "ksh", "zsh"])
def login_shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    return need(name, name)


@pytest.fixture(params=["tcsh", "bsd-csh"])
def c_shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    return need(name, {"bsd-csh": "csh"}.get(name, name))


PROFILE_CASES = [
    ({}, "HOOK"),
    ({"PYTHONPATH": ""}, "HOOK"),
    ({"PYTHONPATH": "/a b:/c"}, "HOOK:/a b:/c"),
    ({"PYTHONPATH": "/a:HOOK"}, "HOOK:/a"),
    ({"PYTHONPATH": "/a:HOOK:/b c:HOOK:"}, "HOOK:/a:/b c:"),
    ({"PYTHONPATH": "HOOK"}, "HOOK"),
    ({"PYTHONPATH": "/a", "CUSTOMS_OPT_OUT": "1"}, "/a"),
    ({"PYTHONPATH": "/a", "CUSTOMS_OPT_OUT": "0"}, "HOOK:/a"),
    ({"PYTHONPATH": "/a", "CUSTOMS_OPT_OUT": ""}, "HOOK:/a"),
]


def read_profile(shell: list[str], script: str, environment: dict[str, str], hook: Path) -> str:
    given = {name: value.replace("HOOK", str(hook)) for name, value in environment.items()}
    done = run([*shell, script], given)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.replace(str(hook), "HOOK")


@pytest.mark.parametrize(("environment", "expected"), PROFILE_CASES)
def test_profile_of_bourne_shells_puts_the_hook_first_once(
    login_shell: str, hook: Path, tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    source = HOOK / "profile.d" / "customs.sh"
    file = adapted(source, tmp_path / "p.sh", {f"={EXAMPLE}": f"='{hook}'"})
    script = f". {file}; . {file}; set | grep -c ^customs_; printenv PYTHONPATH"
    after = read_profile([login_shell, "-uc"], script, environment, hook)
    assert after == f"0\n{expected}\n"


@pytest.mark.parametrize(("environment", "expected"), PROFILE_CASES)
def test_profile_of_c_shells_puts_the_hook_first_once(
    c_shell: str, hook: Path, tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    source = HOOK / "profile.d" / "customs.csh"
    file = adapted(source, tmp_path / "p.csh", {EXAMPLE: str(hook)})
    script = f"source {file}; source {file}; set | grep -c ^customs_; printenv PYTHONPATH"
    after = read_profile([c_shell, "-fc"], script, environment, hook)
    # there the other copies stay, behind
    first, colon, rest = after.partition(":")
    assert first + colon + rest.replace("HOOK:", "").replace(":HOOK", "") == f"0\n{expected}\n"


def test_profile_changes_nothing_without_the_directory(
    tmp_path: Path, login_shell: str, hook: Path
) -> None:
    script = f". {HOOK}/profile.d/customs.sh; printenv PYTHONPATH"
    if os.path.isdir(EXAMPLE):
        pytest.skip(f"{EXAMPLE} is there")
    assert read_profile([login_shell, "-uc"], script, {"PYTHONPATH": "/a"}, hook) == "/a\n"
