"""The hook leaves the user's import search as it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.receiver import (
    HOOK,
    Receiver,
    environment,
    interpreters,
    pypy,
    run,
)

from hook.invisible.same import same_with_and_without


@pytest.mark.parametrize("executable", interpreters())
def test_the_hook_adds_two_modules_and_no_names(
    executable: str, receiver: Receiver, packages: Path
) -> None:
    code = "import sys; print('\\n'.join(sorted(sys.modules)))"
    bare = run(["-c", code], environment(None, packages), executable).stdout.split()
    hooked = run(["-c", code], environment(receiver, packages), executable).stdout.split()
    assert b"sitecustomize" in hooked
    assert set(hooked) - set(bare) <= {b"sitecustomize", b"atexit"}


@pytest.mark.skipif(sys.version_info < (3, 8), reason="audit hooks came with Python 3.8")
@pytest.mark.parametrize(("code", "opens"), [("import json", False), ("import numpy", True)])
def test_a_program_without_watched_packages_opens_nothing_at_exit(
    code: str, opens: bool, receiver: Receiver, packages: Path
) -> None:
    program = code + (
        "\nimport sys\n"
        "sys.addaudithook(lambda event, _: event in ('open', 'import', 'os.listdir', "
        "'socket.__new__') and print(event))"
    )
    result = run(["-c", program], environment(receiver, packages))
    assert bool(result.stdout) is opens


def test_the_hooks_directory_is_out_of_the_import_search(
    receiver: Receiver, packages: Path, tree: Path
) -> None:
    (tree / "planted.py").write_text("")
    code = (
        "import importlib\n"
        "importlib.invalidate_caches()\n"
        "try:\n    import planted\n"
        "except ImportError:\n    import customs_hook.core; print(customs_hook.core.Check)"
    )
    result = run(["-c", code], environment(None, tree, packages))
    assert result.stdout == b"<class 'customs_hook.core.Check'>\n", result.stderr


@pytest.mark.parametrize("executable", interpreters() + pypy())
def test_namespaces_of_old_setuptools_still_work(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    """They ask each finder of the search for find_module, which Python 3.12 has dropped."""
    probe = run(["-W", "ignore", "-c", "import pkg_resources"], environment(None), executable)
    if probe.returncode != 0:
        pytest.skip(f"{executable} has no pkg_resources")
    for name in ("one", "two"):
        part = tmp_path / name / "foo"
        part.mkdir(parents=True)
        (part / "__init__.py").write_text("__import__('pkg_resources').declare_namespace('foo')\n")
        (part / f"{name}.py").write_text("import numpy\n")
    code = "import foo.one, foo.two; print(foo.__path__)"
    search = os.pathsep.join(str(path) for path in (packages, tmp_path / "one", tmp_path / "two"))
    bare, hooked = [
        run(["-W", "ignore", "-c", code], environment(hearer, search), executable)
        for hearer in (None, receiver)
    ]
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (0, bare.stdout, bare.stderr)
    assert b"two" in bare.stdout
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}


@pytest.mark.parametrize("executable", interpreters())
def test_watched_names_are_searched_for_once(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, target=None): print('asked for', name)\n"
        "sys.path_importer_cache['/asked'] = Finder()\n"
        "sys.path.append('/asked')\n"
        "for name in ('cupy', 'numpy', 'cupy', 'nowhere'):\n"
        "    try: __import__(name)\n"
        "    except ImportError as error: print(error, error.__traceback__.tb_next)\n"
    )
    result = same_with_and_without(["-c", code], receiver, packages, executable)
    assert result.stdout.count(b"asked for cupy") == 2
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}


def test_a_half_installed_tree_is_silent(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "hook"
    tree.mkdir()
    (tree / "sitecustomize.py").write_bytes((HOOK / "sitecustomize.py").read_bytes())
    for has_package in (False, True):
        if has_package:
            (tree / "customs_hook").mkdir()
        variables = environment(None, tree, packages, CUSTOMS_SERVER=receiver.url)
        result = run(["-c", "import numpy; print(1)"], variables)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"1\n", b"")
