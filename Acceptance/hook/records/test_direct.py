"""Direct imports of the user's own code, on every interpreter, because compilers differ."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.receiver import Receiver, environment, interpreters, pypy, run

ALL = interpreters() + pypy()


@pytest.mark.parametrize("executable", ALL)
def test_imports_in_functions_are_direct(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        "def outer():\n"
        "    import json, math\n"
        "    def inner():\n        from pandas import scipy\n"
        "    inner()\n"
        "class A:\n"
        "    @classmethod\n    def method(cls):\n        import astropy.io\n"
        "outer(); A.method()\n"
    )
    result = run([str(path)], environment(receiver, packages), executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    record = receiver.record()
    assert sorted(record["packages"]) == ["astropy", "numpy", "pandas", "scipy"]
    assert record["direct"] == ["astropy", "pandas"]


@pytest.mark.parametrize("executable", ALL)
def test_imports_in_a_function_of_many_names_are_direct(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    """The instruction needs more than one byte for the number of the name."""
    attributes = "".join(f"    if x == 1.5: x.a{number}\n" for number in range(300))
    path = tmp_path / "program.py"
    path.write_text(f"def late(x):\n{attributes}    import pandas\nlate(2)\n")
    result = run([str(path)], environment(receiver, packages), executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    record = receiver.record()
    assert sorted(record["packages"]) == ["numpy", "pandas", "scipy"]
    assert record["direct"] == ["pandas"]


def is_lazy(executable: str) -> bool:
    """Return whether an interpreter knows ``lazy import`` (PEP 810)."""
    question = [executable, "-c", "import sys; sys.exit(sys.version_info < (3, 15))"]
    return subprocess.run(question, check=False).returncode == 0


@pytest.mark.parametrize("executable", ALL)
def test_lazy_imports_count_when_they_are_used(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    if not is_lazy(executable):
        pytest.skip("lazy imports came with Python 3.15")
    path = tmp_path / "program.py"
    path.write_text(
        "lazy import astropy\nlazy import numpy\nlazy from scipy import numpy as other\n"
        "print(numpy.__version__)\nimport sys\nprint('scipy' in sys.modules)\n"
    )
    result = run([str(path)], environment(receiver, packages), executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"1.26.4\nFalse\n", b"")
    record = receiver.record()
    assert (record["packages"], record["direct"]) == ({"numpy": "1.26.4"}, ["numpy"])
