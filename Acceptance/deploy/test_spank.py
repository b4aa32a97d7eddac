"""The SPANK plugin changes a task's PYTHONPATH as the TaskProlog does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from deploy.installed import SLURM, need, run

HARNESS = Path(__file__).with_name("spank_harness.c")


@pytest.fixture(scope="session")
def spank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin, with stand-ins for what slurmstepd provides."""
    compiler = need("cc", "gcc")
    if not os.path.exists("/usr/include/slurm/spank.h"):
        pytest.skip("no slurm/spank.h: install libslurm-dev")
    directory = tmp_path_factory.mktemp("spank")
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
    plugin = directory / "spank_customs.so"
    source = str(SLURM / "spank_customs.c")
    done = run([compiler, *flags, "-fPIC", "-shared", "-o", str(plugin), source])
    assert (done.returncode, done.stderr) == (0, "")
    harness = directory / "harness"
    done = run([compiler, *flags, "-o", str(harness), str(HARNESS), source])
    assert (done.returncode, done.stderr) == (0, "")
    return harness


def task(harness: Path, hook: Path, opt_out: Path, environment: dict[str, str]) -> str | None:
    """The PYTHONPATH of a task of uid 1234 whose environment is this one, after the plugin."""
    arguments = [f"path={hook}", f"opt_out_file={opt_out}"]
    done = subprocess.run(
        [str(harness), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.removesuffix("\n") if done.stdout else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "HOOK"),
        ({"PYTHONPATH": "/a b"}, "HOOK:/a b"),
        ({"PYTHONPATH": "HOOK:/a:HOOK"}, None),
        ({"PYTHONPATH": "/a:HOOK:/b"}, "HOOK:/a:/b"),
        ({"PYTHONPATH": "/a:HOOK::HOOK"}, "HOOK:/a:"),
        ({"PYTHONPATH": "HOOK/lib:HOO"}, "HOOK:HOOK/lib:HOO"),
        ({"PYTHONPATH": ""}, None),
        ({"PYTHONPATH": "/" + "x" * 99000}, "HOOK:/" + "x" * 99000),
        ({"PYTHONPATH": "/" + "x" * 110000}, None),
        ({"CUSTOMS_OPT_OUT": "1"}, None),
        ({"CUSTOMS_OPT_OUT": "0"}, "HOOK"),
        ({"CUSTOMS_OPT_OUT": ""}, "HOOK"),
    ],
)
def test_spank_changes_the_environment_of_a_task(
    spank: Path, hook: Path, tmp_path: Path, before: dict[str, str], after: str | None
) -> None:
    given = {name: value.replace("HOOK", str(hook)) for name, value in before.items()}
    expected = after and after.replace("HOOK", str(hook))
    assert task(spank, hook, tmp_path / "none", given) == expected


@pytest.mark.parametrize(
    ("listed", "recorded"),
    [
        ("# nobody\n\n", True),
        ("1234\n", False),
        ("bob\n  1234  # with his consent\r\n", False),
        ("alice", False),
        ("12345\n123\nalicea\n", True),
        ("#alice\n", True),
    ],
)
@pytest.mark.parametrize("variable", ["USER", "LOGNAME", "SLURM_JOB_USER"])
def test_spank_heeds_the_opt_out_file(
    spank: Path, hook: Path, tmp_path: Path, listed: str, recorded: bool, variable: str
) -> None:
    opt_out = tmp_path / "opt-out"
    opt_out.write_text(listed)
    assert (task(spank, hook, opt_out, {variable: "alice"}) is not None) is recorded


def test_spank_changes_nothing_without_the_directory(
    spank: Path, hook: Path, tmp_path: Path
) -> None:
    hook.rmdir()
    assert task(spank, hook, tmp_path / "none", {}) is None
