"""Programs of several processes or interpreters, and programs that run the user's code.

Each is run with and without the hook, and each process of the user's program is recorded once.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver, environment, run

from hook.matrix.cells import Outcome
from hook.matrix.interpreters import ALL, Interpreter, identifier
from hook.matrix.place import Matrix
from hook.matrix.running import differences, traces
from hook.matrix.shares import OUTERMOST

RECORDED = [interpreter for interpreter in ALL if interpreter.is_recorded]

#: What is expected: the ends of the records, and how many traces are left.
Expected = tuple[list[str], int]

_MULTI = "import multiprocessing, numpy\ndef work(x): return x * x\nif __name__ == '__main__':\n"

PROGRAMS: dict[str, tuple[str, Expected]] = {
    **{
        f"Pool, {method}": (
            _MULTI + f"    with multiprocessing.get_context({method!r}).Pool(2) as pool:\n"
            "        print(sum(pool.map(work, range(9)))); pool.close(); pool.join()\n",
            (["exit"] * 3, 0),
        )
        for method in ("fork", "spawn", "forkserver")
    },
    **{
        f"Process, {method}": (
            _MULTI + f"    child = multiprocessing.get_context({method!r})"
            ".Process(target=work, args=(3,))\n    child.start(); child.join(); print('done')\n",
            (["exit"] * 2, 0),
        )
        for method in ("fork", "spawn", "forkserver")
    },
    "subprocess": (
        "import numpy, subprocess, sys\n"
        "print(subprocess.call([sys.executable, '-c', 'import scipy; 1 / 0']))",
        (["exception", "exit"], 0),
    ),
    "subprocess without environment": (
        "import numpy, subprocess, sys\n"
        "print(subprocess.call([sys.executable, '-c', 'print(1)'], env={}))",
        (["exit"], 0),
    ),
    "fork": (
        "import numpy, os, sys\nif os.fork() == 0: import scipy; sys.exit(3)\nprint(os.wait()[1])",
        (["exit"], 0),
    ),
    "fork, the child killed": (
        "import numpy, os\nif os.fork() == 0: os.kill(os.getpid(), 9)\nprint(os.wait()[1])",
        (["exit"], 0),
    ),
    "fork before the import": (
        "import os, sys\nif os.fork() == 0: import scipy; sys.exit(3)\n"
        "print(os.wait()[1]); import numpy",
        # nothing had been imported that the child could be thought to repeat: a daemon starts so
        (["exit", "exit"], 0),
    ),
    # the first image of the process has ended without its exit hook, the second one ends as usual
    "execv": (
        "import numpy, os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'import scipy'])",
        (["exit"], 1),
    ),
    "threads that outlive the program": (
        "import numpy, threading, time\n"
        "def late(): time.sleep(0.1); import scipy; print('late')\n"
        "threading.Thread(target=late).start()",
        (["exit"], 0),
    ),
    "daemon threads that import": (
        "import numpy, threading, time\n"
        "def work():\n    while True: time.sleep(0.001)\n"
        "for _ in range(3): threading.Thread(target=work, daemon=True).start()",
        (["exit"], 0),
    ),
    "asyncio": (
        "import asyncio, numpy\nasync def work(): await asyncio.sleep(0); print('done')\n"
        "asyncio.get_event_loop_policy().new_event_loop().run_until_complete(work())",
        (["exit"], 0),
    ),
    "executors": (
        "import concurrent.futures as c, numpy\ndef work(x): return x + 1\n"
        "if __name__ == '__main__':\n"
        "    with c.ThreadPoolExecutor(2) as pool: print(list(pool.map(work, range(3))))\n",
        (["exit"], 0),
    ),
    "subinterpreter": (
        "import numpy\n"
        "try:\n    import _interpreters as s\nexcept ImportError:\n"
        "    import _xxsubinterpreters as s\n"
        "i = s.create(); s.run_string(i, 'import scipy'); s.destroy(i)",
        (["exit"], 0),
    ),
    "subinterpreter, killed": (
        "import numpy, os\n"
        "try:\n    import _interpreters as s\nexcept ImportError:\n"
        "    import _xxsubinterpreters as s\n"
        "i = s.create(); s.run_string(i, 'import scipy'); os._exit(0)",
        ([], 1),
    ),
}


#: Programs that hardly differ from one version of CPython to the next.
ALIKE = ("subprocess", "execv", "asyncio", "executors")


def cases(names: Iterable[str], rest: str) -> list[tuple[str, Interpreter]]:
    """Return the programs of each interpreter: those of `rest` on the oldest and newest alone.

    On every interpreter, each method starts a pool whose program imports, and a process that
    imports for itself. Programs that are alike run on the oldest and the newest, and on PyPy.
    """

    def is_left_out(name: str, interpreter: Interpreter) -> bool:
        is_cpython = interpreter.implementation == "cpython"
        return name.startswith(rest) or (is_cpython and name.startswith(ALIKE))

    return [(n, i) for n in names for i in RECORDED if i in OUTERMOST or not is_left_out(n, i)]


def expect(interpreter: Interpreter, name: str) -> Expected | str:
    """Return what is expected, or why there is no such program."""
    expected = PROGRAMS[name][1]
    if name.startswith("subinterpreter") and not interpreter.modules & {
        "_interpreters",
        "_xxsubinterpreters",
    }:
        return f"{interpreter.name} has no subinterpreters that a program could make"
    is_forked = name.startswith(("Pool", "Process")) and not name.endswith("spawn")
    # before 3.7 there is no os.register_at_fork: the hook does not notice forked children
    if is_forked and interpreter.version < (3, 7):
        return ["exit"], 0
    return expected


def records_of(
    path: Path,
    interpreter: Interpreter,
    receiver: Receiver,
    matrix: Matrix,
    expected: Expected,
    **variables: str,
) -> list[dict[str, Any]]:
    """Run a program without the hook and with it, with the same output; return its records."""
    ends, left = expected
    trace_dir = path.parent / "traces"
    trace_dir.mkdir()
    trace_dir.chmod(0o1777)
    chosen = {"CUSTOMS_SERVER": receiver.url, "CUSTOMS_TRACE_DIR": str(trace_dir), **variables}
    results = []
    matrix.compile(interpreter)
    for search in (matrix.nothing, matrix.tree):
        own = environment(None, search, matrix.packages, **chosen)
        done = run([str(path)], own, interpreter.executable, cwd=path.parent)
        results.append((done.stdout, done.stderr, done.returncode))
    assert not differences(results[0], results[1], Outcome())
    records = receiver.records()
    assert Counter(record["end"] for record in records) == Counter(ends), records
    assert len({record["id"] for record in records}) == len(records)
    assert len(traces(trace_dir)) == left
    return records


@pytest.mark.parametrize(("name", "interpreter"), cases(PROGRAMS, "Process, "), ids=identifier)
def test_each_process_is_recorded_once(
    name: str, interpreter: Interpreter, receiver: Receiver, matrix: Matrix, tmp_path: Path
) -> None:
    expected = expect(interpreter, name)
    if isinstance(expected, str):
        pytest.skip(expected)
    ends, left = expected
    path = tmp_path / "program.py"
    path.write_text(PROGRAMS[name][0])
    records = records_of(path, interpreter, receiver, matrix, (ends, left))
    if name.startswith(("Pool", "Process")):
        assert {record["main"] for record in records} == {str(path)}
        assert all("numpy" in record["packages"] for record in records)


_LATE = (
    "import multiprocessing, os\ndef work(x):\n    import numpy\n    {0}\n    return x\n"
    "if __name__ == '__main__':\n    context = multiprocessing.get_context({1!r})\n"
)
_POOL = (
    "    with context.Pool(2, work, (0,)) as pool:\n"
    "        print(sum(pool.map(work, range(9)))); pool.close(); pool.join()\n"
)
_PROCESS = (
    "    child = context.Process(target=work, args=(3,))\n"
    "    child.start(); child.join(); print(child.exitcode)\n"
)
#: Programs whose workers alone import watched packages, and the expected records.
LATE_PROGRAMS: dict[str, tuple[str, Expected]] = {
    **{
        f"{name}, {method}": (_LATE.format("pass", method) + text, expected)
        for method in ("fork", "spawn", "forkserver")
        for name, text, expected in (
            ("Pool", _POOL, (["exit"] * 2, 0)),
            ("Process", _PROCESS, (["exit"], 0)),
        )
    },
    "Process that fails": (_LATE.format("1 / 0", "fork") + _PROCESS, (["exception"], 0)),
    "Process, killed": (
        _LATE.format("os.kill(os.getpid(), 9)", "fork") + _PROCESS,
        ([], 1),
    ),
}


@pytest.mark.parametrize(("name", "interpreter"), cases(LATE_PROGRAMS, "Pool, "), ids=identifier)
def test_workers_that_alone_import_watched_packages_are_recorded(
    name: str, interpreter: Interpreter, receiver: Receiver, matrix: Matrix, tmp_path: Path
) -> None:
    """Before 3.7 too: a child that imports it first needs no notice of the fork."""
    text, (ends, left) = LATE_PROGRAMS[name]
    # there multiprocessing itself has printed the traceback before anybody is asked
    if interpreter.version >= (3, 13):
        ends = ["exit" for _ in ends]
    path = tmp_path / "program.py"
    path.write_text(text)
    listing = tmp_path / "packages.txt"
    listing.write_text("-multiprocessing\n")
    chosen = {"CUSTOMS_PACKAGES": str(listing)}
    records = records_of(path, interpreter, receiver, matrix, (ends, left), **chosen)
    assert all(record["main"] == str(path) for record in records)
    assert all(record["packages"] == {"numpy": "1.26.4"} for record in records)


def have(*modules: str) -> pytest.MarkDecorator:
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"not installed beside these tests: {', '.join(missing)}"
    )


def test_programs_run_by_pytest_are_recorded(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    (tmp_path / "test_it.py").write_text(
        "import numpy\ndef test_good(): pass\ndef test_bad(): assert 0\n"
    )
    arguments: list[str | bytes] = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    bare = run(arguments, environment(None, packages), cwd=tmp_path)
    hooked = run(arguments, environment(receiver, packages), cwd=tmp_path)
    assert hooked.returncode == bare.returncode == 1
    assert hooked.stderr == bare.stderr
    untimed = [result.stdout.rpartition(b" in ")[0] for result in (bare, hooked)]
    assert untimed[0] == untimed[1]
    record = receiver.record()
    assert (record["main"], record["end"]) == ("-m pytest", "exit")
    assert (record["packages"]["numpy"], record["direct"]) == ("1.26.4", ["numpy"])


@have("coverage")
@pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
def test_coverage_sees_nothing_of_the_hook(
    core: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    if core == "sysmon" and sys.version_info < (3, 12):
        pytest.skip("sys.monitoring came with Python 3.12")
    path = tmp_path / "program.py"
    path.write_text("import numpy\ndef f():\n    return 1\nprint(f())\n")
    files = []
    for hearer in (None, receiver):
        variables = environment(
            hearer, packages, COVERAGE_CORE=core, COVERAGE_FILE=str(tmp_path / "data")
        )
        result = run(["-m", "coverage", "run", str(path)], variables, cwd=tmp_path)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"1\n", b"")
        out = tmp_path / "report.json"
        run(["-m", "coverage", "json", "-q", "-o", str(out)], variables, cwd=tmp_path)
        files.append(json.loads(out.read_text())["files"])
    assert {name: file["executed_lines"] for name, file in files[0].items()} == {
        name: file["executed_lines"] for name, file in files[1].items()
    }
    assert receiver.records()[0]["packages"]["numpy"] == "1.26.4"


KERNEL = """
import jupyter_client.manager as j
manager, client = j.start_new_kernel(kernel_name="python3")
for code in ("import numpy; print(numpy.__version__)", "1 / 0"):
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda m: m["msg_type"] in
        ("stream", "error") and print(m["content"].get("text", m["content"].get("ename"))))
    print(reply["content"]["status"])
client.stop_channels(); manager.shutdown_kernel(); print("done")
"""


@have("ipykernel", "jupyter_client")
def test_a_jupyter_kernel_is_recorded(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    outputs = []
    for hearer in (None, receiver):
        variables = environment(
            hearer,
            packages,
            HOME=str(tmp_path),
            IPYTHONDIR=str(tmp_path / "ipython"),
            JUPYTER_RUNTIME_DIR=str(tmp_path / "runtime"),
            JUPYTER_PATH=os.path.join(sys.prefix, "share", "jupyter"),
        )
        result = run(["-c", KERNEL], variables, cwd=tmp_path)
        outputs.append((result.returncode, result.stdout))
    assert outputs[0] == outputs[1]
    assert outputs[0] == (0, b"1.26.4\n\nok\nZeroDivisionError\nerror\ndone\n"), outputs
    kernels = [record for record in receiver.records() if "ipykernel" in record["packages"]]
    (kernel,) = [record for record in kernels if "ipykernel_launcher" in record["main"]]
    assert (kernel["end"], kernel["packages"]["numpy"]) == ("exit", "1.26.4")
    assert "numpy" in kernel["direct"]
