"""The sitecustomize that ours hides goes on working."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.receiver import HOOK, Receiver, environment, interpreters, old_interpreters, pypy, run


def site(tmp_path: Path, text: str, name: str = "sitecustomize.py") -> Path:
    path = tmp_path / "site" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return tmp_path / "site"


@pytest.mark.parametrize("executable", interpreters() + old_interpreters())
def test_it_runs_as_without_the_hook(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    theirs = site(tmp_path, "import sys\nsys.their_name = __name__\nsys.their_file = __file__\n")
    code = (
        "import sys, sitecustomize, os\n"
        "print(sys.their_name, os.path.basename(os.path.dirname(sys.their_file)))\n"
        "print(sitecustomize is sys.modules['sitecustomize'],\n"
        "      sitecustomize.__file__ == sys.their_file)\n"
    )
    bare = run(["-c", code], environment(None, theirs, packages), executable)
    hooked = run(["-c", code], environment(receiver, theirs, packages), executable)
    assert (hooked.stdout, hooked.stderr) == (bare.stdout, bare.stderr)
    assert b"sitecustomize" in hooked.stdout and b"site" in hooked.stdout


def test_the_hook_still_reports(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    theirs = site(tmp_path, "")
    run(["-c", "import numpy"], environment(receiver, theirs, packages))
    assert list(receiver.record()["packages"]) == ["numpy"]


def test_easybuilds_sitecustomize_adds_its_paths(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    theirs = site(
        tmp_path,
        "import os, site, sys\n"
        "for path in os.environ['EBPYTHONPREFIXES'].split(':'): site.addsitedir(path)\n",
    )
    (packages / "healpy.py").write_text("__version__ = '1.16'\n")
    variables = environment(receiver, theirs, EBPYTHONPREFIXES=str(packages))
    result = run(["-c", "import healpy; print(healpy.__version__)"], variables)
    assert (result.stdout, result.stderr) == (b"1.16\n", b"")
    assert receiver.record()["packages"] == {"healpy": "1.16"}


def test_a_package_of_that_name_runs_too(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    theirs = site(tmp_path, "import sys\nsys.theirs = 1\n", "sitecustomize/__init__.py")
    result = run(["-c", "import sys; print(sys.theirs)"], environment(receiver, theirs, packages))
    assert (result.stdout, result.stderr) == (b"1\n", b"")


@pytest.mark.parametrize(
    "text", ["1 / 0", "import no_such_module", "raise ImportError(name='sitecustomize')", "syntax("]
)
def test_its_errors_are_printed_as_without_the_hook(
    text: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    theirs = site(tmp_path, text + "\n")
    code = "import numpy, sys; print('sitecustomize' in sys.modules)"
    bare = run(["-c", code], environment(None, theirs, packages))
    hooked = run(["-c", code], environment(receiver, theirs, packages))
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        bare.returncode,
        bare.stdout,
        bare.stderr,
    )
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("executable", interpreters())
def test_it_may_use_the_published_interface(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    out = tmp_path / "names"
    theirs = site(
        tmp_path,
        "from customs_hook.core import register_exit_hook\n"
        "from customs_hook.reporters import TextFileReporter\n"
        f"register_exit_hook(['numpy', 'scipy'], TextFileReporter, {str(out)!r})\n",
    )
    result = run(["-c", "import numpy"], environment(receiver, theirs, packages), executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert out.read_text() == "numpy\n"
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("link", [True, False])
def test_two_copies_of_the_hook_report_once(
    link: bool, receiver: Receiver, packages: Path, tree: Path, tmp_path: Path
) -> None:
    if link:
        tree = tmp_path / "link"
        tree.symlink_to(HOOK)
    theirs = site(tmp_path, "import sys\nsys.times = getattr(sys, 'times', 0) + 1\n")
    variables = environment(receiver, tree, theirs, packages)
    result = run(["-c", "import numpy, sys; print(sys.times)"], variables)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"1\n", b"")
    assert len(receiver.records()) == 1


def test_it_is_found_by_any_finder(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.py"
    theirs.write_text("import sys\nsys.theirs = 1\n")
    finder = (
        "import sys, importlib.util\n"
        "class Finder:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'sitecustomize':\n"
        f"            return importlib.util.spec_from_file_location(name, {str(theirs)!r})\n"
        "sys.meta_path.append(Finder)\n"
    )
    code = "import site, sys; sys.modules.pop('sitecustomize', None); exec({0!r}); site.main()\n"
    code = code.format(finder) + "print(sys.theirs)"
    result = run(["-S", "-c", code], environment(receiver, packages), cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"1\n", b"")


#: What others' sitecustomize do, each on standard output or in sys.
PATTERNS = {
    "EasyBuild": "import os, site, sys\n"
    "for path in os.environ['EBPYTHONPREFIXES'].split(':'): site.addsitedir(path)\n",
    "Debian": "import sys\n"
    "try:\n    import apport_python_hook\nexcept ImportError:\n    pass\n"
    "sys.excepthook = lambda kind, value, trace: sys.stdout.write('caught %s' % kind.__name__)\n",
    "conda": "import sys\nsys.path.append(sys.prefix)\nsys.of_conda = 1\n",
    # it looks for the one that it hides itself
    "Datadog": "import os, sys\n"
    "mine, path = os.path.dirname(__file__), list(sys.path)\n"
    "sys.path[:] = [entry for entry in path if entry != mine]\n"
    "me = sys.modules.pop('sitecustomize')\n"
    "try:\n    import sitecustomize\n    sys.hidden = sitecustomize.__file__\n"
    "except ImportError:\n    sys.modules['sitecustomize'] = me\n"
    "finally:\n    sys.path[:] = path\n",
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("executable", interpreters() + pypy() + old_interpreters())
def test_known_sitecustomizes_work_as_without_the_hook(
    executable: str, pattern: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    theirs = site(tmp_path, PATTERNS[pattern])
    last = tmp_path / "last"
    (last / "x").mkdir(parents=True)
    (last / "sitecustomize.py").write_text("import sys\nsys.last = 1\n")
    users = tmp_path / "users"
    extra = {"PYTHONUSERBASE": str(users), "EBPYTHONPREFIXES": str(last / "x")}
    asked = run(["-m", "site", "--user-site"], environment(None, **extra), executable)
    directory = Path(asked.stdout.decode().strip())
    directory.mkdir(parents=True)
    (directory / "usercustomize.py").write_text("import sys\nsys.users = 1\n")
    code = (
        "import sys, numpy\n"
        "names = ('last', 'hidden', 'users', 'of_conda', 'excepthook')\n"
        "print([name for name in names if hasattr(sys, name)], len(sys.path))\n"
        "print(sys.modules['sitecustomize'].__file__, sys.modules['usercustomize'].__file__)\n"
        "raise ValueError\n"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    bare = run(["-c", code], environment(None, empty, theirs, last, packages, **extra), executable)
    # the hook's directory in the place of the empty one
    variables = environment(receiver, theirs, last, packages, **extra)
    hooked = run(["-c", code], variables, executable)
    assert (hooked.stdout, hooked.stderr) == (bare.stdout, bare.stderr)
    assert b"'users'" in hooked.stdout and b"sitecustomize" in hooked.stdout
    assert len(receiver.records()) == (0 if "python2" in executable else 1)
