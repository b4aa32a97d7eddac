"""Packages that the user's own code imported, by every form of import."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.receiver import Receiver, environment, run

from hook.records.programs import script


def test_transitive_imports_are_not_direct(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import pandas"], environment(receiver, packages))
    record = receiver.record()
    assert sorted(record["packages"]) == ["numpy", "pandas", "scipy"]
    assert record["direct"] == ["pandas"]


@pytest.mark.parametrize(
    "text",
    [
        "import scipy as sp",
        "from scipy import sub",
        "from scipy import function",
        "from scipy.sub import Abstract",
        "import scipy.sub",
        "from scipy import number",
        "def late():\n    from scipy import number\n    return number\nlate()",
    ],
)
def test_every_form_of_import_is_direct_use(
    text: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    scipy = packages / "scipy"
    (scipy / "__init__.py").write_text("import numpy\ndef function(): pass\nnumber = 3\n")
    (scipy / "sub.py").write_text("import abc\nclass Abstract(abc.ABC): pass\n")
    run(["-c", text], environment(receiver, packages))
    record = receiver.record()
    assert sorted(record["packages"]) == ["numpy", "scipy"]
    assert record["direct"] == ["scipy"]


def test_the_users_own_modules_are_user_code(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("import scipy\n")
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    (site / "library.py").write_text("import astropy\n")
    path = script(tmp_path, "import mine, library\n")
    run([path], environment(receiver, packages, site))
    record = receiver.record()
    assert sorted(record["packages"]) == ["astropy", "numpy", "scipy"]
    assert record["direct"] == ["scipy"]


def test_direct_use_among_very_many_names_is_left_out(receiver: Receiver, packages: Path) -> None:
    code = "import numpy; globals().update({'n%d' % n: n for n in range(20001)})"
    run(["-c", code], environment(receiver, packages))
    record = receiver.record()
    assert "numpy" in record["packages"]
    assert "direct" not in record
