"""Workers of other libraries than multiprocessing, and programs run with -m."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver, environment, interpreters, pypy, run

from hook.sweeps import left, until

ALL = interpreters() + pypy()


def library(name: str) -> Path:
    """Return the directory that a library is installed in beside these tests."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        pytest.skip(f"{name} is not installed beside these tests")
    return Path(spec.origin).parents[1]


def records_of(
    arguments: list[str | bytes],
    receiver: Receiver,
    packages: Path,
    traces: Path,
    number: int,
    executable: str | None = None,
) -> list[dict[str, Any]]:
    """Run a program as with an empty directory in the hook's place; return its records."""
    results = []
    found: list[dict[str, Any]] = []
    own = [packages, packages.parent]
    for hearer in (None, receiver):
        variables = environment(hearer, *own, CUSTOMS_TRACE_DIR=str(traces))
        chosen = {} if executable is None else {"executable": executable}
        done = run(arguments, variables, cwd=packages.parent, **chosen)
        results.append((done.stdout, done.stderr, done.returncode))
    assert results[0] == results[1]

    def are_there() -> bool:
        # loky does not wait for its workers' end
        found.extend(receiver.records())
        return len(found) >= number

    until(are_there)
    assert len(found) == number, found
    return found


@pytest.mark.parametrize(
    ("way", "has_traces"),
    [("script", True), ("-m module", False), ("-m package", False), ("-m package", True)],
)
def test_workers_of_joblib_are_the_programs(
    way: str, has_traces: bool, receiver: Receiver, packages: Path, traces: Path
) -> None:
    """The user names a library that uses joblib: joblib's workers are the program's, and its use
    of joblib is not the user's."""
    library("joblib")
    site = packages / "site-packages"
    for name, text in {
        "sklearn/__init__.py": "import os, time\nfrom joblib import Parallel, delayed\n"
        # each worker waits for the other to be there
        "def work(directory):\n    import scipy\n    limit = time.time() + 50\n"
        "    open(os.path.join(directory, str(os.getpid())), 'w').close()\n"
        "    while len(os.listdir(directory)) < 2 and time.time() < limit: time.sleep(0.01)\n"
        "def fit():\n    import tempfile\n    with tempfile.TemporaryDirectory() as directory:\n"
        "        Parallel(n_jobs=2)(delayed(work)(directory) for _ in range(2))\n",
    }.items():
        (site / name).parent.mkdir(parents=True)
        (site / name).write_text(text)
    text = f"import sys; sys.path.append({str(site)!r})\nfrom sklearn import fit\n"
    text += "if __name__ == '__main__': fit()\n"
    own = packages.parent / "own"
    own.mkdir()
    for name in ("__init__.py", "part.py", "__main__.py"):
        (own / name).write_text("" if name == "__init__.py" else text)
    commands: dict[str, list[str | bytes]] = {
        "script": [str(own / "part.py")],
        "-m module": ["-m", "own.part"],
        "-m package": ["-B", "-m", "own"],
    }
    directory = traces if has_traces else packages.parent / "nothing"
    records = records_of(commands[way], receiver, packages, directory, 3)
    mains = {"script": str(own / "part.py"), "-m module": "-m own.part", "-m package": "-m own"}
    assert {record["main"] for record in records} == {mains[way]}
    assert {record["end"] for record in records} == {"exit"}
    assert sorted(record["direct"] for record in records) == [[], [], ["sklearn"]]
    assert not has_traces or left(traces) == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocess_are_recorded(
    method: str, receiver: Receiver, packages: Path, traces: Path
) -> None:
    """dill's copy of multiprocessing."""
    library("multiprocess")
    path = packages.parent / "program.py"
    path.write_text(
        "import multiprocess, numpy\ndef work(x):\n    import scipy\n    return x\n"
        "if __name__ == '__main__':\n"
        f"    pool = multiprocess.get_context({method!r}).Pool(2)\n"
        "    print(sum(pool.map(work, range(9), 1))); pool.close(); pool.join()\n"
    )
    records = records_of([str(path)], receiver, packages, traces, 3)
    assert {(record["main"], record["end"]) for record in records} == {(str(path), "exit")}
    assert all("numpy" in record["packages"] for record in records)
    assert left(traces) == []


@pytest.mark.parametrize("executable", ALL)
@pytest.mark.parametrize("name", ["own", "own.part"])
def test_imports_of_a_package_before_its_program_are_recorded(
    name: str, executable: str, receiver: Receiver, packages: Path, traces: Path
) -> None:
    """It is imported before the program that lies in it is."""
    own = packages.parent / "own"
    own.mkdir()
    (own / "__init__.py").write_text("import numpy\n")
    for part in ("part.py", "__main__.py"):
        (own / part).write_text("import os, sys\nif sys.argv[1:]: os.kill(os.getpid(), 9)\n")
    arguments: list[str | bytes] = ["-m", name]
    (record,) = records_of(arguments, receiver, packages, traces, 1, executable)
    assert (record["main"], record["packages"]) == (f"-m {name}", {"numpy": "1.26.4"})
    variables = environment(receiver, packages, packages.parent, CUSTOMS_TRACE_DIR=str(traces))
    done = run([*arguments, "x"], variables, executable, cwd=packages.parent)
    assert done.returncode == -9
    (trace,) = left(traces)
    assert f'"main":"-m {name}"' in trace.read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("method", "executable"),
    [*(("spawn", executable) for executable in ALL), ("forkserver", sys.executable)],
)
def test_workers_of_a_packages_program_are_recorded(
    method: str, executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    """multiprocessing does not run a package's __main__ again in its workers."""
    own = packages.parent / "own"
    own.mkdir()
    (own / "__init__.py").write_text("")
    (own / "pool.py").write_text(
        "import multiprocessing, numpy\ndef work(): print(1)\n"
        "def go():\n"
        f"    child = multiprocessing.get_context({method!r}).Process(target=work)\n"
        "    child.start(); child.join()\n"
    )
    (own / "__main__.py").write_text("from own.pool import go\ngo()\n")
    nowhere = tmp_path / "nothing"
    records = records_of(["-m", "own"], receiver, packages, nowhere, 2, executable)
    assert {record["main"] for record in records} == {"-m own"}
