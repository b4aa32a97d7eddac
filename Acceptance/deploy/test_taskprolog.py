"""Slurm's TaskProlog puts the hook in front of a task's PYTHONPATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.installed import EXAMPLE, SLURM, adapted, run


@pytest.fixture
def taskprolog(hook: Path, tmp_path: Path) -> Path:
    line = f"hook_dir={EXAMPLE}"
    return adapted(
        SLURM / "taskprolog.sh", tmp_path / "taskprolog.sh", {line: f"hook_dir='{hook}'"}
    )


def prologue(sh: str, script: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment after Slurm has taken what the script prints."""
    done = run([sh, "-u", str(script)], environment)
    assert (done.returncode, done.stderr) == (0, "")
    after = dict(environment)
    for line in done.stdout.splitlines():
        word, _, assignment = line.partition(" ")
        name, equals, value = assignment.partition("=")
        assert (word, name, equals) == ("export", "PYTHONPATH", "=")
        after[name] = value
    return after


@pytest.mark.parametrize("before", [None, "/a", "/a b:/c", "/a:", "/a:$HOME:`id`:*"])
def test_taskprolog_puts_the_hook_in_front_once(
    sh: str, taskprolog: Path, hook: Path, before: str | None
) -> None:
    environment = {} if before is None else {"PYTHONPATH": before}
    once = prologue(sh, taskprolog, environment)
    assert once["PYTHONPATH"] == str(hook) + ("" if before is None else ":" + before)
    assert run([sh, str(taskprolog)], once).stdout == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", "{}"),
        ("{}:/a:{}", "{}:/a:{}"),
        ("/a:{}", "{}:/a"),
        ("/a:{}:/b c", "{}:/a:/b c"),
        ("/a:{}:{}:/b:{}", "{}:/a:/b"),
        (":/a:{}:*", "{}::/a:*"),
    ],
)
def test_taskprolog_puts_the_hook_first_wherever_it_stands(
    sh: str, taskprolog: Path, hook: Path, before: str, after: str
) -> None:
    """A module that was loaded since the profile has put its own in front."""
    environment = {"PYTHONPATH": before.replace("{}", str(hook))}
    expected = {"PYTHONPATH": after.replace("{}", str(hook))}
    assert prologue(sh, taskprolog, environment) == expected


def test_taskprolog_does_not_take_a_longer_name_for_the_hook(
    sh: str, taskprolog: Path, hook: Path
) -> None:
    after = prologue(sh, taskprolog, {"PYTHONPATH": f"{hook}/lib"})
    assert after["PYTHONPATH"] == f"{hook}:{hook}/lib"


@pytest.mark.parametrize(
    ("value", "added"), [("1", False), ("yes", False), ("0", True), ("", True)]
)
def test_taskprolog_heeds_the_opt_out(sh: str, taskprolog: Path, value: str, added: bool) -> None:
    after = prologue(sh, taskprolog, {"CUSTOMS_OPT_OUT": value})
    assert ("PYTHONPATH" in after) is added


@pytest.mark.parametrize("before", ["", "/a\n/b"])
def test_taskprolog_keeps_an_empty_path_and_a_path_of_two_lines(
    sh: str, taskprolog: Path, before: str
) -> None:
    assert run([sh, str(taskprolog)], {"PYTHONPATH": before}).stdout == ""


def test_taskprolog_changes_nothing_without_the_directory(
    sh: str, taskprolog: Path, hook: Path
) -> None:
    hook.rmdir()
    assert prologue(sh, taskprolog, {"PYTHONPATH": "/a"}) == {"PYTHONPATH": "/a"}


@pytest.mark.parametrize("target", ["/dev/full", "closed"])
def test_taskprolog_whose_output_goes_nowhere_ends_well(
    sh: str, taskprolog: Path, target: str
) -> None:
    redirection = ">&-" if target == "closed" else f">{target}"
    done = run([sh, "-c", f'{sh} "$1" {redirection}', "sh", str(taskprolog)])
    assert (done.returncode, done.stderr) == (0, "")
