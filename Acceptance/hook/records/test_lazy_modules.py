"""Stand-ins for modules that are loaded when they are used, and packages that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.receiver import Receiver, environment, interpreters, pypy, run

ALL = interpreters() + pypy()

#: What transformers, diffusers, trl and optimum put in the place of themselves: it is imported.
TRANSFORMERS = """\
import sys, types
__version__ = "4.51.0"
class _LazyModule(types.ModuleType):
    def __init__(self, name, file, spec):
        super().__init__(name)
        self.__file__, self.__spec__, self.__version__ = file, spec, "4.51.0"
    def __getattr__(self, name):
        raise SystemExit("the package ran")
sys.modules[__name__] = _LazyModule(__name__, __file__, __spec__)
"""

#: As lazy_import has them, and others before it: loaded in place at the first access.
PROXY = """\
import importlib, sys, types
class LazyModule(types.ModuleType):
    def __getattribute__(self, name):
        if name not in ("__name__", "__class__", "__spec__"):
            type(self).__getattribute__ = types.ModuleType.__getattribute__
            importlib.reload(self)
        return types.ModuleType.__getattribute__(self, name)
def lazy_module(name):
    class _LazyModule(LazyModule): pass
    _LazyModule.__name__ = "module"
    module = sys.modules[name] = _LazyModule(name)
    return module
import numpy
scipy = lazy_module("scipy")
"""


@pytest.mark.parametrize("executable", ALL)
def test_a_package_whose_class_is_named_like_a_lazy_one_counts(
    executable: str, receiver: Receiver, packages: Path
) -> None:
    (packages / "transformers").mkdir()
    (packages / "transformers" / "__init__.py").write_text(TRANSFORMERS)
    result = run(["-c", "import transformers"], environment(receiver, packages), executable)
    assert (result.returncode, result.stderr) == (0, b"")
    record = receiver.record()
    assert record["packages"] == {"transformers": "4.51.0"}
    assert record["direct"] == ["transformers"]


@pytest.mark.parametrize("executable", ALL)
def test_a_proxy_counts_when_it_is_loaded(
    executable: str, receiver: Receiver, packages: Path
) -> None:
    (packages / "scipy" / "__init__.py").write_text("__version__ = '1.11.1'\n")
    for code, names in (("", ["numpy"]), ("scipy.__version__", ["numpy", "scipy"])):
        result = run(["-c", PROXY + code], environment(receiver, packages), executable)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
        assert sorted(receiver.record()["packages"]) == names


def test_modules_of_lazy_import_count_when_they_are_loaded(
    receiver: Receiver, packages: Path
) -> None:
    lazy_import = pytest.importorskip("lazy_import", reason="lazy_import is not installed")
    site = Path(lazy_import.__file__).parents[1]
    code = "import lazy_import, numpy; scipy = lazy_import.lazy_module('scipy')\n"
    for more, names in (("", ["numpy"]), ("scipy.__version__", ["numpy", "scipy"])):
        result = run(["-c", code + more], environment(receiver, packages, site))
        assert result.returncode == 0, result.stderr
        assert sorted(receiver.record()["packages"]) == names
