"""The matrix: interpreters x ways to start x ways to end.

Each cell runs the very same program without the hook, with an empty directory in its place, and
with it: standard output, standard error and exit status are the same, and what is recorded is what
the tables in matrix.py say.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver, environment, install, interpreters, old_interpreters, pypy

from hook.matrix import (
    ENDS,
    OTHER_ENDS,
    OTHER_STARTS,
    STARTS,
    Interpreter,
    Launch,
    Outcome,
    Situation,
    environments,
    expect,
    inspect,
    program,
    without_venv,
)

#: Cells at a time: a process for each of two cores, and as many that wait.
WORKERS = 4

ALL = [inspect(executable) for executable in interpreters() + pypy() + old_interpreters()]
#: The newest of each kind and version, not the system's own if there is another.
ONE_OF_EACH = list(
    {
        (i.implementation, i.version): i
        for i in sorted(ALL, key=lambda i: (not i.is_system, i.micro))
    }.values()
)

#: What is different in each process: where an object lies.
ADDRESS = re.compile(rb"0x[0-9a-f]{6,}")


def identifier(value: object) -> str:
    return value.name if isinstance(value, Interpreter) else str(value)


class Matrix:
    """What all cells share, and the cells' own places."""

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
        """Compile the tree for an interpreter, as an installation does."""
        code = (
            "import glob, py_compile, sys\n"
            "mode = {} if sys.version_info < (3, 7) else {'invalidation_mode':"
            " py_compile.PycInvalidationMode.UNCHECKED_HASH}\n"
            "for path in glob.glob(sys.argv[1] + '/**/*.py', recursive=True):\n"
            "    py_compile.compile(path, dfile='<customs hook>', doraise=True, **mode)\n"
        )
        command = [interpreter.executable, "-E", "-c", code, str(self.tree)]
        subprocess.run(command, check=True)

    def close(self) -> None:
        for directory in self.mounted:
            subprocess.run(["umount", str(directory)], check=False)

    def situation(self, interpreter: Interpreter) -> Situation:
        directory = self.root / f"cell-{next(self.numbers)}"
        directory.mkdir()
        return Situation(directory, interpreter, self.packages)


Result = tuple[bytes, bytes, int]

#: A child that another thread forks has, until it is another program, the file open that is just
#: being written here; and a file that is open for writing cannot be run (ETXTBSY).
FORKING = threading.Lock()


def perform(launch: Launch, shell: str, variables: dict[str, str], directory: Path) -> Result:
    command = [launch.executable, *launch.arguments]
    if shell:
        command = ["/bin/sh", "-c", f'{shell}; exec "$0" "$@"', *command]
    with FORKING:
        process = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=directory,
        )
    with process:
        try:
            output, errors = process.communicate(launch.input, timeout=60)
        except BaseException:
            process.kill()
            raise
    return ADDRESS.sub(b"0x", output), ADDRESS.sub(b"0x", errors), process.returncode


def traces(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def run_cell(
    matrix: Matrix, interpreter: Interpreter, start: str, end: str, outcome: Outcome
) -> list[str]:
    """Run a cell with and without the hook; return what is not as it is to be."""
    situation = matrix.situation(interpreter)
    here, how = situation.directory, ENDS[end]
    way = {**STARTS, **OTHER_STARTS}[start]
    with FORKING:
        launch = way.prepare(situation, program(how), how.options)
    trace_dir = matrix.root / f"{here.name}-traces"
    trace_dir.mkdir()
    trace_dir.chmod(0o1777)
    receiver = Receiver()
    try:
        chosen = {"CUSTOMS_SERVER": receiver.url, "CUSTOMS_TRACE_DIR": str(trace_dir)}
        places = {"here": here, "read_only": matrix.read_only, "full": matrix.full}
        chosen.update({name: text.format(**places) for name, text in how.variables.items()})
        results: list[Result] = []
        for search in (matrix.nothing, matrix.tree):
            variables = environment(None, search, matrix.packages, **chosen)
            results.append(perform(launch, how.shell, variables, here))
        datagrams = receiver.datagrams()
    finally:
        receiver.close()
    bare, hooked = results
    complaints = differences(bare, hooked, outcome)
    records = [json.loads(datagram[datagram.index(b"{") :]) for datagram in datagrams]
    if len(records) != outcome.records:
        complaints.append(f"{len(records)} records, not {outcome.records}")
    expected: dict[str, Any] = {"main": launch.main, "end": outcome.end}
    expected["packages"] = dict(outcome.packages)
    if outcome.direct is not None:
        expected["direct"] = list(outcome.direct)
    for record in records:
        said = {key: record.get(key) for key in expected}
        # a byte that is not UTF-8 is a lone surrogate in both
        if said != expected:
            complaints.append(f"{said} recorded, not {expected}")
    left = traces(trace_dir)
    if len(left) != outcome.traces:
        complaints.append(f"{len(left)} traces left, not {outcome.traces}")
    for path in left:
        main, names = read_trace(path)
        if (main, names) != (launch.main, dict(outcome.packages)):
            complaints.append(f"the trace has {main!r} and {names}")
    return complaints


def differences(bare: Result, hooked: Result, outcome: Outcome) -> list[str]:
    names = ("stdout", "stderr", "returncode")
    return [
        f"{name} is {theirs!r} without and {ours!r} with the hook"
        for name, theirs, ours in zip(names, bare, hooked)
        if name in outcome.compared and theirs != ours
    ]


def read_trace(path: Path) -> tuple[str, dict[str, str | None]]:
    """Return the program and the packages that a trace names."""
    record: dict[str, Any] = {}
    names: dict[str, str | None] = {}
    for line in path.read_text().splitlines():
        if line.startswith("{"):
            record.update(json.loads(line))
        else:
            name, _, version = line.partition(" ")
            names[name] = version or None
    return record.get("main", "no main"), names


def cells(starts: list[str], ends: list[str]) -> list[tuple[str, str]]:
    return list(itertools.product(starts, ends))


def answer(matrix: Matrix, interpreter: Interpreter, start: str, end: str) -> Outcome | str:
    for name in ("read_only", "full"):
        if f"{{{name}}}" in "".join(ENDS[end].variables.values()) and not getattr(matrix, name):
            return "only root may mount a file system for it"
    return expect(interpreter, start, end)


def run_all(matrix: Matrix, interpreter: Interpreter, pairs: list[tuple[str, str]]) -> str:
    """Run cells of an interpreter, some at a time; return all that is wrong."""

    def one(pair: tuple[str, str]) -> list[str]:
        outcome = answer(matrix, interpreter, *pair)
        if isinstance(outcome, str):
            return []
        found = run_cell(matrix, interpreter, *pair, outcome)
        return [f"{interpreter.name}, {pair[0]}, {pair[1]}: {text}" for text in found]

    with ThreadPoolExecutor(WORKERS) as pool:
        return "\n".join(itertools.chain.from_iterable(pool.map(one, pairs)))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("interpreter", ONE_OF_EACH, ids=identifier)
def test_every_end(interpreter: Interpreter, start: str, matrix: Matrix) -> None:
    # in an empty environment: what is installed beside an interpreter may run at each of its
    # starts, and take longer than all the rest
    environment = without_venv(interpreter) or environments(
        Situation(matrix.root, interpreter, matrix.packages)
    )
    if isinstance(environment, Path):
        executable = str(environment / f"venv-{interpreter.name}" / "bin" / "python")
        interpreter = replace(interpreter, executable=executable)
    wrong = run_all(matrix, interpreter, cells([start], list(ENDS)))
    assert not wrong, wrong


def make_environments(matrix: Matrix, interpreter: Interpreter) -> None:
    """Make a venv, a virtualenv and a conda-like prefix of an interpreter that can have one."""
    directory = environments(Situation(matrix.root, interpreter, matrix.packages))
    makers = {
        "venv": [interpreter.executable, "-m", "venv", "--without-pip"],
        "virtualenv": [
            *(sys.executable, "-m", "virtualenv", "--no-seed", "--quiet"),
            *("--no-periodic-update", "-p", interpreter.executable),
        ],
    }
    for kind, command in makers.items():
        if not OTHER_STARTS[kind].impossible(interpreter):
            target = str(directory / f"{kind}-{interpreter.name}")
            subprocess.run([*command, target], check=True, capture_output=True)
    if not OTHER_STARTS["conda"].impossible(interpreter):
        make_conda(directory / f"conda-{interpreter.name}", interpreter)


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


@pytest.mark.parametrize("interpreter", ALL, ids=identifier)
def test_every_start(interpreter: Interpreter, matrix: Matrix) -> None:
    wrong = run_all(matrix, interpreter, cells(list(OTHER_STARTS), list(OTHER_ENDS)))
    assert not wrong, wrong


def test_the_table_is_whole(matrix: Matrix, capsys: pytest.CaptureFixture[str]) -> None:
    """Each cell is run, or there is a reason why not; and so for each that leaves no record."""
    counts: Counter[str] = Counter()
    reasons: dict[tuple[str, str], list[str]] = {}
    full = [(i, start, end) for i in ONE_OF_EACH for start, end in cells([*STARTS], [*ENDS])]
    few = [(i, start, end) for i in ALL for start, end in cells([*OTHER_STARTS], [*OTHER_ENDS])]
    for interpreter, start, end in full + few:
        outcome = answer(matrix, interpreter, start, end)
        if isinstance(outcome, str):
            kind, reason = "not run", outcome
        elif outcome.compared != Outcome().compared:
            kind, reason = "not compared whole", outcome.reason
        elif not outcome.records:
            kind, reason = "run, no record", outcome.reason
        else:
            kind, reason = "run, recorded", ""
        assert reason or kind == "run, recorded", (interpreter.name, start, end)
        counts[kind] += 1
        if reason:
            cell = start if start in OTHER_STARTS else end
            reasons.setdefault((kind, reason), []).append(f"{interpreter.name} {cell}")
    with capsys.disabled():
        print(f"\nThe matrix has {sum(counts.values())} cells: ", end="")
        print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
        for (kind, reason), names in sorted(reasons.items()):
            print(f"  {kind}: {reason} ({len(names)} cells, as {names[0]})")


def test_pypy_is_there() -> None:
    if not pypy():
        pytest.skip("PyPy 3 is not on PATH: its part of the matrix is not run")
