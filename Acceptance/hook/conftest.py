"""Fixtures of the hook's tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.receiver import Receiver, install

from hook.matrix.place import Matrix

# what runs in the background of a shell has SIGINT ignored, and so would have what is started here
signal.signal(signal.SIGINT, signal.default_int_handler)
# and what nohup starts has SIGHUP ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A directory of stand-ins for the watched packages: importable, with a version, and quick."""
    directory = tmp_path / "stand-ins"
    stand_ins = {
        "numpy": '__version__ = "1.26.4"\ndef array(): pass\nclass ndarray: pass\n',
        "scipy": '__version__ = "1.11.1"\nimport numpy\n',
        "pandas": "import numpy\nimport scipy\n__version__ = 2\n",
        "matplotlib": 'def __getattr__(name):\n    raise SystemExit("the user\'s code ran")\n',
        "astropy": '__version__ = "6.0"\n',
        "astropy/io": "",
        "astropy/io/fits": "",
    }
    for name, text in stand_ins.items():
        package = directory / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(text)
    return directory


@pytest.fixture
def tree(tmp_path: Path, receiver: Receiver) -> Path:
    """A site's own copy of the hook, whose configuration names the receiver."""
    return install(tmp_path / "hook", servers=(receiver.url,))


@pytest.fixture(scope="session")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """The places of the matrix; a test makes there what its interpreter needs."""
    matrix = Matrix(tmp_path_factory.mktemp("matrix"))
    yield matrix
    matrix.close()


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """An empty trace directory that all users may write to."""
    directory = tmp_path / "traces"
    directory.mkdir()
    directory.chmod(0o1777)
    return directory
