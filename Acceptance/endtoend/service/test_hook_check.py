"""`customs hook check`: its findings with a good and a bad installed hook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from endtoend.service.hook_site import PYTHON, SERVER, Site


def test_a_check_of_a_working_hook_finds_no_problem(site: Site) -> None:
    site.installed()
    code, answer, said = site.check()
    assert (code, said, answer["problems"]) == (0, "", [])
    (trial,) = answer["interpreters"]
    assert (trial["record"], trial["compiled"], trial["trace"]) == ("yes", True, "made")
    assert trial["milliseconds"] >= 0
    # it was not for the site's own server, and leaves nothing
    assert site.records() == 0
    assert list(site.traces.glob("*/*")) == []
    assert list(site.folder.glob("**/customs-check-*")) == []


def test_a_check_takes_a_unix_socket_and_the_hook_of_pythonpath(site: Site) -> None:
    site.installed()
    url = f"unixgram://{site.folder}/s"
    done = site.run("check", "--server", url, "--python", PYTHON, PYTHONPATH=f"/x:{site.tree}/")
    assert done.returncode == 0, done.stderr
    assert not (site.folder / "s").exists()
    assert site.run("check", PYTHONPATH="/nowhere").returncode == 64


def test_a_check_names_each_problem(site: Site) -> None:
    site.installed()

    def problem() -> str:
        code, answer, said = site.check("--timeout", "2")
        assert code == 1
        problems = answer["problems"] + answer["interpreters"][0]["problems"]
        assert all(text in said for text in problems if "\n" not in text)
        return "\n".join(problems)

    (site.tree / "customs_hook/__pycache__" / f"report.{sys.implementation.cache_tag}.pyc").unlink()
    assert "each start compiles customs_hook/report.py: install again" in problem()
    site.installed()
    hook = site.tree / "sitecustomize.py"
    hook.write_text(hook.read_text() + "print('hello')\n")
    for compiled in (site.tree / "__pycache__").iterdir():
        compiled.unlink()
    assert "it printed on standard output: hello" in problem()
    site.installed()
    site.traces.chmod(0o755)
    assert f"{site.traces} has mode 755: chmod 1777 it" in problem()
    shutil.rmtree(site.traces)
    assert f"there is no trace directory {site.traces}" in problem()
    opt_out = site.folder / "opt-out"
    opt_out.write_text(f"{os.getuid()}\n")
    site.installed("--server", SERVER, "--trace-dir", "", "--opt-out-file", str(opt_out))
    assert "the list of those who have opted out names this user" in problem()


def test_a_check_compares_the_tree_with_what_was_installed(site: Site) -> None:
    """A file that was changed, is missing or was planted, compiled or not."""
    site.installed()
    sums = site.tree / "customs_hook/SHA256SUMS"
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", str(sums)], cwd=site.tree, check=False
    )
    assert done.returncode == 0
    compiled = f"customs_hook/__pycache__/core.{sys.implementation.cache_tag}.pyc"
    (site.tree / compiled).write_bytes((site.tree / compiled).read_bytes() + b"\0")
    (site.tree / "customs_hook/python2.py").unlink()
    (site.tree / "customs_hook/planted.py").write_text("theirs = 1\n")
    # a Python that root runs under the hook may write it
    (site.tree / "customs_hook/__pycache__/later.cpython-399.pyc").write_bytes(b"")
    code, answer, _ = site.check()
    assert code == 1
    assert answer["problems"][:-1] == [
        f"{site.tree}/{compiled} has changed since the installation",
        f"{site.tree}/customs_hook/python2.py is missing",
        f"{site.tree}/customs_hook/planted.py was not installed with the hook",
    ]
    site.installed()
    assert site.check()[0] == 0


@pytest.mark.parametrize("text", ["theirs = 1\n", "raise ImportError('broken')\n"])
@pytest.mark.parametrize("options", [[], ["--prefix"]], ids=["by PYTHONPATH", "by --prefix"])
def test_a_check_names_another_sitecustomize_in_front(
    site: Site, options: list[str], text: str
) -> None:
    """Python runs the first sitecustomize that it finds, and this one does not hand on."""
    site.installed()
    front = site.folder / "front"
    front.mkdir()
    (front / "sitecustomize.py").write_text(text)
    (front / "numpy.py").write_text("__version__ = '1.0'\n")
    place = [*options, str(site.tree)] if options else []
    command = ["check", "--python", PYTHON, *place, "--timeout", "2", "--format", "json"]
    done = site.run(*command, PYTHONPATH=f"{front}:{site.tree}")
    assert done.returncode == 1
    problems = "\n".join(json.loads(done.stdout)["interpreters"][0]["problems"])
    assert f"Python runs {front}/sitecustomize.py, which is in front of {site.tree}" in problems
    # in the right order both are run
    done = site.run(*command, PYTHONPATH=f"{site.tree}:{front}")
    assert json.loads(done.stdout)["interpreters"][0]["record"] == "yes"
    assert (done.returncode == 0) is text.startswith("theirs")


def test_a_check_puts_the_prefix_in_front(site: Site) -> None:
    site.installed()
    front = site.folder / "front"
    front.mkdir()
    (front / "sitecustomize.py").write_text("")
    command = ["check", "--python", PYTHON, "--prefix", str(site.tree)]
    assert site.run(*command, PYTHONPATH=str(front)).returncode == 0


def test_a_check_names_programs_that_are_no_interpreter(site: Site) -> None:
    site.installed()
    code, answer, _ = site.check("--python", "/nowhere", "--python", "/bin/true")
    assert code == 1
    problems = [trial["problems"] for trial in answer["interpreters"]]
    missing, other = "No such file or directory", "it does not answer like a Python"
    assert problems == [[], [missing], [other]]


@pytest.mark.long
def test_every_interpreter_of_this_machine_is_compiled_for_and_reports(site: Site) -> None:
    """All that are found are compiled for, and send a record; an old one is named and silent."""
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    place = ("--prefix", str(site.tree))
    options = ("--server", SERVER, "--trace-dir", str(site.traces), "--format", "json")
    done = site.run("install", *place, *options, PYENV_ROOT=pyenv)
    assert done.returncode == 0, done.stderr
    interpreters = json.loads(done.stdout)["interpreters"]
    assert [one for one in interpreters if not one["compiled"] or one["error"]] == []
    old = sorted(Path(pyenv).glob("versions/2.7*/bin/python2.7"))
    names = [one["executable"] for one in interpreters] + [str(path) for path in old]
    named = [word for name in names for word in ("--python", name)]
    done = site.run("check", *place, "--format", "json", *named)
    assert done.returncode == 0, done.stdout
    trials = json.loads(done.stdout)["interpreters"]
    assert [trial["record"] for trial in trials] == ["yes"] * len(interpreters) + [
        "silent" for _ in old
    ]
    assert {trial["trace"] for trial in trials} <= {"made", None}


def test_a_check_tells_of_a_list_that_cannot_be_read(site: Site) -> None:
    site.installed("--server", site.url, "--opt-out-file", str(site.folder))
    code, answer, said = site.check("--timeout", "2")
    [problem] = answer["problems"]
    assert code == 1
    assert f"{site.folder} cannot be read whole (it is not a file): nobody is recorded" in problem
    assert problem in said
