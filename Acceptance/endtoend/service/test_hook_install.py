"""The hook as it is installed: configured, compiled, replaced under running jobs, and checked."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.daemon import CUSTOMS, PATIENCE, ROOT, clean_environment

SERVER = "udp://192.0.2.1:5140"
PYTHON = os.path.realpath(sys.executable)


class Site:
    """A place to install into, with a socket that records are sent to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "hook"
        self.traces = folder / "traces"
        self.traces.mkdir()
        self.traces.chmod(0o1777)
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.environment = clean_environment(folder)
        # a stand-in that is imported as fast as anything
        (folder / "numpy.py").write_text("__version__ = '1.0'\n")

    def run(
        self, *arguments: str, program: Path = CUSTOMS, umask: int = 0o022, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), "hook", *arguments],
            env=self.environment | extra,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            umask=umask,
        )

    def install(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Installs for one interpreter, whatever comes of it."""
        common = ("--python", PYTHON, "--prefix", str(self.tree), "--trace-dir", str(self.traces))
        return self.run("install", *common, *(arguments or ("--server", self.url)), **options)

    def installed(self, *arguments: str, **options: Any) -> str:
        """Installs, which must succeed; returns what is printed on standard output."""
        done = self.install(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def check(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Returns exit code, answer and standard error of a check of one interpreter."""
        common = ("--python", PYTHON, "--prefix", str(self.tree), "--format", "json")
        done = self.run("check", *common, *arguments)
        return done.returncode, json.loads(done.stdout), done.stderr

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a Python program under the tree."""
        search = f"{self.tree}:{self.folder}"
        return subprocess.run(
            [PYTHON, *arguments],
            env=self.environment | {"PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def records(self) -> int:
        """How many records have come since the last time."""
        count = 0
        while True:
            try:
                assert b'"numpy"' in self.socket.recv(65536)
                count += 1
            except BlockingIOError:
                return count

    def contents(self) -> dict[str, bytes]:
        """All files of the tree but those compiled."""
        return {str(path): path.read_bytes() for path in sorted(self.tree.rglob("*.py"))}


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    made = Site(folder)
    yield made
    made.socket.close()


def test_the_line_for_pythonpath_is_all_that_is_printed(site: Site) -> None:
    assert site.installed() == f"PYTHONPATH={site.tree}\n"
    assert site.python("-c", "import numpy").stderr == ""
    assert site.records() == 1


def test_everybody_can_read_it_whatever_the_umask(site: Site) -> None:
    site.installed("--server", site.url, umask=0o077)
    for path in [site.tree, *site.tree.rglob("*")]:
        is_open = path.is_dir() or path.name == "customs_sweep.py"
        assert path.stat().st_mode & 0o7777 == (0o755 if is_open else 0o644), path
        assert path.stat().st_uid == os.getuid()
    assert len(list(site.tree.rglob("*.pyc"))) > 10
    assert sorted(path.name for path in site.folder.iterdir()) == ["hook", "numpy.py", "traces"]


def test_a_start_compiles_nothing(site: Site) -> None:
    site.installed()
    tag = sys.implementation.cache_tag
    for flags, name in ([], tag), (["-O"], f"{tag}.opt-1"), (["-OO"], f"{tag}.opt-2"):
        compiled = site.tree / f"__pycache__/sitecustomize.{name}.pyc"
        # checked against its source it is only if one asks for that
        for more in ([], ["--check-hash-based-pycs", "always"]):
            said = site.python("-v", *flags, *more, "-c", "import numpy").stderr
            assert f"# code object from '{compiled}'" in said, said
            assert f"# wrote '{site.tree}" not in said
    before = {path: path.stat().st_mtime_ns for path in site.tree.rglob("*")}
    site.python("-c", "import numpy, customs_hook.core, customs_hook.reporters")
    assert before == {path: path.stat().st_mtime_ns for path in site.tree.rglob("*")}


def test_the_answer_as_json(site: Site) -> None:
    answer = json.loads(site.installed("--format", "json", "--server", SERVER, "udp://[::1]:1"))
    keys = ["prefix", "pythonpath", "servers", "interpreters", "files", "warnings"]
    assert list(answer) == keys
    assert answer["prefix"] == answer["pythonpath"] == str(site.tree)
    assert answer["servers"] == [SERVER, "udp://[::1]:1"]
    version = ".".join(map(str, sys.version_info[:3]))
    assert answer["interpreters"] == [
        {
            "executable": PYTHON,
            "version": version,
            "implementation": sys.implementation.name,
            "tag": sys.implementation.cache_tag,
            "compiled": True,
            "error": None,
        }
    ]
    found = [str(path.relative_to(site.tree)) for path in site.tree.rglob("*") if path.is_file()]
    assert answer["files"] == sorted(found)
    assert any("/tmp is world-writable" in warning for warning in answer["warnings"])


def test_the_same_again_is_the_same(site: Site) -> None:
    site.installed()
    first = site.contents()
    site.installed()
    assert site.contents() == first


def test_the_sites_own_settings(site: Site) -> None:
    (site.folder / "packages.txt").write_text("-*\nnumpy\n")
    (site.folder / "site.conf").write_text(f"server = {site.url}\nsystem = cedar\n")
    files = ("--packages", f"{site.folder}/packages.txt", "--config", f"{site.folder}/site.conf")
    site.installed(*files)
    assert site.python("-c", "import multiprocessing").stderr == ""
    assert site.records() == 0
    site.python("-c", "import numpy")
    assert b'"system":"cedar"' in site.socket.recv(65536)


def test_errors_of_files_come_with_their_lines_and_nothing_changes(site: Site) -> None:
    site.installed()
    before = site.contents()
    packages, config = site.folder / "packages.txt", site.folder / "site.conf"
    packages.write_text("fine\nimport os\n")
    config.write_text("system = cedar\ncolour = red\n")
    done = site.install("--server", SERVER, "--packages", str(packages), "--config", str(config))
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.splitlines()[0].startswith(f"{config}:2: there is no key 'colour'")
    assert done.stderr.splitlines()[1].startswith(f"{packages}:2: write an import name")
    assert site.contents() == before


@pytest.mark.parametrize(
    "flags", [["--server", "udp://localhost:5140"], ["--server", SERVER, "--trace-dir=x"], []]
)
def test_wrong_flags(site: Site, flags: list[str]) -> None:
    done = site.run("install", "--prefix", str(site.tree), "--python", PYTHON, *flags)
    assert (done.returncode, done.stdout) == (64, "")
    assert not site.tree.exists()


def test_what_is_not_a_hooks_is_not_touched(site: Site) -> None:
    site.tree.mkdir()
    (site.tree / "thesis.tex").write_text("years of work")
    done = site.install()
    assert (done.returncode, done.stdout) == (64, "")
    assert "neither empty nor a hook's tree" in done.stderr
    assert (site.tree / "thesis.tex").read_text() == "years of work"


def test_a_dry_run_writes_nothing(site: Site) -> None:
    assert site.installed("--server", SERVER, "--dry-run") == f"PYTHONPATH={site.tree}\n"
    assert not site.tree.exists()
    answer = json.loads(site.installed("--server", SERVER, "--dry-run", "--format", "json"))
    assert answer["interpreters"][0]["compiled"] is False
    assert "sitecustomize.py" in answer["files"]


def test_an_interpreter_that_fails_does_not_keep_the_others_from_it(site: Site) -> None:
    done = site.install("--server", site.url, "--python", "/nowhere/python3")
    assert (done.returncode, done.stdout) == (69, f"PYTHONPATH={site.tree}\n")
    assert "/nowhere/python3: No such file or directory" in done.stderr
    site.python("-c", "import numpy")
    assert site.records() == 1


def test_without_any_interpreter_nothing_is_installed(site: Site) -> None:
    done = site.run(
        *("install", "--prefix", str(site.tree), "--server", SERVER, "--python", "/bin/true")
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert not site.tree.exists()


def test_interpreters_are_found(site: Site) -> None:
    options = ("--prefix", str(site.tree), "--server", SERVER, "--format", "json")
    done = site.run("install", *options, PATH=f"{Path(PYTHON).parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    interpreters = json.loads(done.stdout)["interpreters"]
    found = [os.path.realpath(one["executable"]) for one in interpreters]
    assert PYTHON in found
    assert len(found) == len(set(found))
    compiled = [one["tag"] for one in interpreters if one["compiled"]]
    assert {path.name.split(".")[1] for path in site.tree.rglob("*.pyc")} == set(compiled)


def test_jobs_run_while_it_is_replaced(site: Site) -> None:
    """Each of many starts finds a whole hook: silent, and every record comes."""
    site.installed()
    results: list[subprocess.CompletedProcess[str]] = []
    is_done = threading.Event()

    def work() -> None:
        while not is_done.is_set():
            results.append(site.python("-c", "import numpy"))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    records = 0
    try:
        for _ in range(15):
            site.installed()
            # the socket's buffer does not hold the records of all fifteen turns
            records += site.records()
    finally:
        is_done.set()
        for worker in workers:
            worker.join()
    assert {(result.returncode, result.stdout, result.stderr) for result in results} == {
        (0, "", "")
    }
    assert records + site.records() == len(results) > 10


def test_where_directories_cannot_change_places(site: Site) -> None:
    """Some file systems lack the one step; here a library does without it for them."""
    source = site.folder / "lacking.c"
    source.write_text(
        "#include <errno.h>\n#include <stdio.h>\n"
        "long syscall(long number, ...)"
        '{ fprintf(stderr, "no call %ld", number); errno = EINVAL; return -1; }'
    )
    library = source.with_suffix(".so")
    # whoever has Swift has clang
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    site.installed()
    (site.tree / "opt-out").touch()
    old = site.tree.stat().st_ino
    done = site.install("--server", site.url, "udp://[::1]:9", LD_PRELOAD=str(library))
    assert (done.returncode, "no call" in done.stderr) == (0, True)
    assert site.tree.stat().st_ino != old
    assert (site.tree / "opt-out").exists()
    assert "udp://[::1]:9" in (site.tree / "sitecustomize.py").read_text()
    names = ["hook", "lacking.c", "lacking.so", "numpy.py", "traces"]
    assert sorted(path.name for path in site.folder.iterdir()) == names


def test_installed_by_make_it_finds_its_source(site: Site) -> None:
    subprocess.run(
        ["make", "install", "PREFIX=/usr", f"DESTDIR={site.folder}/root"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    program = site.folder / "root/usr/bin/customs"
    site.installed("--server", site.url, program=program)
    site.python("-c", "import numpy")
    assert site.records() == 1
    shutil.rmtree(site.folder / "root/usr/share/customs/sitecustomize")
    done = site.install(program=program)
    assert (done.returncode, done.stdout) == (66, "")
    assert f"{site.folder}/root/usr/share/customs/sitecustomize" in done.stderr
    site.installed("--server", site.url, "--source", str(ROOT / "sitecustomize"), program=program)


def test_a_check_of_what_works(site: Site) -> None:
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


def test_a_check_by_the_unix_socket_and_by_pythonpath(site: Site) -> None:
    site.installed()
    url = f"unixgram://{site.folder}/s"
    done = site.run("check", "--server", url, "--python", PYTHON, PYTHONPATH=f"/x:{site.tree}/")
    assert done.returncode == 0, done.stderr
    assert not (site.folder / "s").exists()
    assert site.run("check", PYTHONPATH="/nowhere").returncode == 64


def test_a_check_says_what_is_wrong(site: Site) -> None:
    site.installed()

    def problem() -> str:
        code, answer, said = site.check("--timeout", "2")
        assert code == 1
        problems = answer["problems"] + answer["interpreters"][0]["problems"]
        assert all(text in said for text in problems if "\n" not in text)
        return "\n".join(problems)

    (site.tree / "customs_hook/__pycache__" / f"exit.{sys.implementation.cache_tag}.pyc").unlink()
    assert "each start compiles customs_hook/exit.py: install again" in problem()
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
    assert "in the list of those who have opted out" in problem()


def test_the_sweep_runs_by_its_path(site: Site) -> None:
    site.installed()
    command = [str(site.tree / "customs_sweep.py"), "-v"]
    done = subprocess.run(
        command, env=site.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "sent 0, kept 0" in done.stdout


@pytest.mark.parametrize("text", ["theirs = 1\n", "raise ImportError('broken')\n"])
@pytest.mark.parametrize("options", [[], ["--prefix"]], ids=["by PYTHONPATH", "by --prefix"])
def test_a_check_names_what_is_in_front(site: Site, options: list[str], text: str) -> None:
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


def test_a_check_of_what_is_no_interpreter(site: Site) -> None:
    site.installed()
    code, answer, _ = site.check("--python", "/nowhere", "--python", "/bin/true")
    assert code == 1
    problems = [trial["problems"] for trial in answer["interpreters"]]
    missing, other = "No such file or directory", "it does not answer like a Python"
    assert problems == [[], [missing], [other]]


def test_every_interpreter_of_this_machine(site: Site) -> None:
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
