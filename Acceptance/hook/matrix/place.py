"""The places that all cells share: the hook's tree, stand-ins, file systems, environments."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.receiver import install

from hook.matrix.cells import Situation
from hook.matrix.interpreters import Interpreter
from hook.matrix.starts import environments


class Matrix:
    """Places that all cells share, and the cells' own folders."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = install(root / "hook", opt_out_file="", trace_dir="")
        self.nothing = root / "nothing"
        self.nothing.mkdir()
        self.packages = root / "stand-ins"
        for name, text in {
            "numpy": '__version__ = "1.26.4"\ndef array(): pass\n',
            "scipy": 'import numpy\n__version__ = "1.11.1"\n',
            "pandas": "__version__ = 2\n",
        }.items():
            (self.packages / name).mkdir(parents=True)
            (self.packages / name / "__init__.py").write_text(text)
        (root / "in-error.txt").write_bytes(b"no-name\n\xff\nx = 1 +\nimport os\n*\n")
        self.numbers = itertools.count()
        self.compiled: set[str] = set()
        self.mounted: list[Path] = []
        self.read_only = self._mount("read-only", "ro,size=64k")
        self.full = self._mount("full", "size=16k")
        if self.full:
            (self.full / str(os.getuid())).mkdir(mode=0o700)
            fill = open(self.full / "filling", "wb", buffering=0)  # noqa: SIM115
            try:
                while fill.write(b"x" * 4096):
                    pass
            except OSError:
                fill.close()

    def _mount(self, name: str, options: str) -> Path | None:
        directory = self.root / name
        directory.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)]
        if os.getuid() or subprocess.run(command, capture_output=True, check=False).returncode:
            return None
        self.mounted.append(directory)
        return directory

    def compile(self, interpreter: Interpreter) -> None:
        """Compile the tree for an interpreter, as an installation does; once."""
        if interpreter.executable in self.compiled or not interpreter.is_recorded:
            return
        code = (
            "import glob, py_compile, sys\n"
            "mode = {} if sys.version_info < (3, 7) else {'invalidation_mode':"
            " py_compile.PycInvalidationMode.UNCHECKED_HASH}\n"
            "for path in glob.glob(sys.argv[1] + '/**/*.py', recursive=True):\n"
            "    py_compile.compile(path, dfile='<customs hook>', doraise=True, **mode)\n"
        )
        command = [interpreter.executable, "-E", "-c", code, str(self.tree)]
        subprocess.run(command, check=True)
        self.compiled.add(interpreter.executable)

    def close(self) -> None:
        for directory in self.mounted:
            subprocess.run(["umount", str(directory)], check=False)

    def situation(self, interpreter: Interpreter) -> Situation:
        directory = self.root / f"cell-{next(self.numbers)}"
        directory.mkdir()
        return Situation(directory, interpreter, self.packages)


def make_environment(matrix: Matrix, interpreter: Interpreter, kind: str) -> Path:
    """Make a venv, a virtualenv or a conda-like prefix of an interpreter, once."""
    directory = environments(Situation(matrix.root, interpreter, matrix.packages))
    target = directory / f"{kind}-{interpreter.name}"
    if target.exists():
        return target
    if kind == "conda":
        make_conda(target, interpreter)
        return target
    makers = {
        "venv": [interpreter.executable, "-m", "venv", "--without-pip"],
        "virtualenv": [
            *(sys.executable, "-m", "virtualenv", "--no-seed", "--quiet"),
            *("--no-periodic-update", "-p", interpreter.executable),
        ],
    }
    subprocess.run([*makers[kind], str(target)], check=True, capture_output=True)
    return target


def make_conda(prefix: Path, interpreter: Interpreter) -> None:
    """Lay an interpreter out as conda does: a prefix with its own bin, lib and sitecustomize."""
    number = ".".join(map(str, interpreter.version))
    installed = Path(interpreter.executable).parents[1] / "lib" / f"python{number}"
    library = prefix / "lib" / f"python{number}"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "conda-meta").mkdir()
    shutil.copy(interpreter.executable, prefix / "bin" / "python")
    (library / "site-packages").mkdir(parents=True)
    for entry in installed.iterdir():
        if entry.name not in ("site-packages", "__pycache__"):
            (library / entry.name).symlink_to(entry)
    own = library / "site-packages" / "sitecustomize.py"
    own.write_text("import sys\nsys.of_the_environment = sys.prefix\n")
