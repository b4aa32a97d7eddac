"""Imports are noticed with any finder, and without a part in the import search."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.receiver import Receiver, environment, install, interpreters, pypy, run

ALL = interpreters() + pypy()
END = "import os; os.kill(os.getpid(), 9)\n"

ASKING = """\
import sys
class Asking:
    def find_spec(self, name, path=None, target=None):
        asked.append(name)
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
asked = []
sys.meta_path.insert(0, Asking())
import astropy.io.fits
print(asked, astropy.io.fits.__spec__.origin)
print([finder for finder in sys.meta_path if "customs" in repr(finder)])
"""
OLD = """\
import sys, types, warnings
warnings.simplefilter("ignore")
class Old:
    def find_module(self, name, path=None):
        return self if name == "astropy.io.fits" else None
    def load_module(self, name):
        module = sys.modules.setdefault(name, types.ModuleType(name))
        module.__file__, module.__loader__, module.stands_in = "<old>", self, True
        return module
sys.meta_path.insert(0, Old())
from astropy.io import fits
print(getattr(fits, "stands_in", False))
"""
LAZY = """\
import importlib.util, sys
spec = importlib.util.find_spec("numpy")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = sys.modules["numpy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
"""


def traced(directory: Path) -> dict[str, str]:
    """Return the packages of the one trace below a directory, with their versions."""
    traces = [path for path in directory.rglob("*") if path.is_file()]
    assert len(traces) <= 1
    lines = traces[0].read_text().splitlines()[1:] if traces else []
    pairs = [line.partition(" ") for line in lines if not line.startswith("{")]
    return {name: version for name, _, version in pairs}


@pytest.mark.parametrize("executable", ALL)
@pytest.mark.parametrize("program", [ASKING, OLD], ids=["asks other finders", "old-style"])
def test_finders_of_the_program_work_as_without_the_hook(
    program: str, executable: str, receiver: Receiver, packages: Path
) -> None:
    bare = run(["-c", program], environment(None, packages), executable)
    hooked = run(["-c", program], environment(receiver, packages), executable)
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (0, bare.stdout, bare.stderr)
    assert set(receiver.record()["packages"]) == {"astropy", "astropy.io.fits"}


@pytest.mark.parametrize("executable", ALL)
@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import numpy", {"numpy": "1.26.4"}),
        ("import sys; sys.path_importer_cache.clear(); import numpy", {"numpy": "1.26.4"}),
        ("import astropy.io.fits", {"astropy": "6.0", "astropy.io.fits": ""}),
        (LAZY, {}),
        (LAZY + "module.array", {"numpy": "1.26.4"}),
        ("try: import cupy\nexcept ImportError: pass\nimport scipy", {"numpy": "", "scipy": ""}),
    ],
    ids=["plain", "cache cleared", "a part", "lazy, not used", "lazy, used", "one is not there"],
)
@pytest.mark.parametrize("is_ahead", [False, True], ids=["hook first", "packages first"])
def test_a_killed_process_leaves_its_imports_in_its_trace(
    is_ahead: bool,
    program: str,
    expected: dict[str, str],
    executable: str,
    receiver: Receiver,
    packages: Path,
    tmp_path: Path,
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir(mode=0o1777)
    variables = environment(receiver, packages, CUSTOMS_TRACE_DIR=str(traces))
    if is_ahead:
        first, _, rest = variables["PYTHONPATH"].partition(os.pathsep)
        variables["PYTHONPATH"] = f"{rest}{os.pathsep}{first}"
    result = run(["-c", f"{program}\n{END}"], variables, executable)
    assert (result.returncode, result.stderr) == (-9, b"")
    found = traced(traces)
    assert set(found) == set(expected)
    assert {name: found[name] for name in found if expected[name]} == {
        name: version for name, version in expected.items() if version
    }


@pytest.mark.parametrize("executable", ALL)
def test_a_second_try_of_a_failed_import_is_noticed(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    traces, later = tmp_path / "traces", tmp_path / "later"
    traces.mkdir(mode=0o1777)
    (later / "cupy").mkdir(parents=True)
    (later / "cupy" / "__init__.py").write_text("__version__ = '9'")
    code = (
        "import sys\ntry: import cupy\nexcept ImportError: pass\n"
        f"sys.path.append({str(later)!r}); import cupy\n{END}"
    )
    run(["-c", code], environment(receiver, packages, CUSTOMS_TRACE_DIR=str(traces)), executable)
    assert traced(traces) == {"cupy": "9"}


@pytest.mark.parametrize("executable", ALL)
def test_parts_of_namespace_packages_are_recorded(
    executable: str, receiver: Receiver, tmp_path: Path
) -> None:
    part = tmp_path / "packages" / "google" / "cloud" / "storage"
    part.mkdir(parents=True)
    (part / "__init__.py").write_text("__version__ = '2.0'")
    traces = tmp_path / "traces"
    traces.mkdir(mode=0o1777)
    tree = install(
        tmp_path / "hook",
        servers=(receiver.url,),
        trace_dir=str(traces),
        prefixes=("google.cloud.",),
    )
    variables = environment(None, tree, tmp_path / "packages")
    result = run(["-c", f"import google.cloud.storage\n{END}"], variables, executable)
    assert (result.returncode, result.stderr) == (-9, b"")
    assert traced(traces) == {"google.cloud.storage": "2.0"}
    code = "import importlib; importlib.import_module('google.cloud.storage')"
    run(["-c", code], variables, executable)
    assert receiver.record()["packages"] == {"google.cloud.storage": "2.0"}
