"""Whatever happens, the user notices nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from receiver import HOOK, Receiver, environment, old_interpreters, run


def same_with_and_without(
    arguments: list[str | bytes], receiver: Receiver, packages: Path, **extra: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with and without the hook; its output and its exit code must be the same."""
    bare = run(arguments, environment(None, packages, **extra))
    hooked = run(arguments, environment(receiver, packages, **extra))
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        bare.returncode,
        bare.stdout,
        bare.stderr,
    )
    return hooked


PROGRAMS = {
    "prints": "import numpy; print('out')",
    "fails": "import numpy; 1 / 0",
    "exits with a message": "import numpy, sys; sys.exit('bye')",
    "interrupted": "import numpy, os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "terminated": "import numpy, os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "namespace": "print(sorted(globals())); import builtins; print(len(dir(builtins)))",
    "threads": "import numpy, threading, time; threading.Timer(0.1, time.time).start()",
    "damaged modules": "import numpy, sys; sys.modules.clear()",
    "modules gone": "import numpy, sys; sys.modules = None",
    "odd modules": "import numpy, sys; sys.modules['scipy'] = 7; sys.modules[8] = 9",
    "odd main": "import numpy, sys; sys.modules['__main__'] = 'nobody'",
    "import search gone": "import numpy, sys; sys.path[:] = []; sys.meta_path[:] = []",
    "no arguments": "import numpy, sys; del sys.argv",
    "closed files": "import numpy, os; os.closerange(0, 64)",
    "no output": "import numpy, sys; sys.stdout = sys.stderr = None",
    "environment gone": "import numpy, os; os.environ.clear()",
    "odd objects": (
        "import numpy\n"
        "class Odd:\n"
        "    def __getattr__(self, name): print('asked for', name); raise SystemExit(9)\n"
        "odd = Odd(); main = Odd()"
    ),
    "directory gone": "import numpy, os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x')",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_output_and_exit_code_stay(name: str, receiver: Receiver, packages: Path) -> None:
    same_with_and_without(["-c", PROGRAMS[name]], receiver, packages)


@pytest.mark.parametrize(
    "server",
    [
        "udp://no-such-host.invalid:5140",
        "udp://127.0.0.1:1",
        "udp://127.0.0.1:99999",
        "udp://[::1]:5140",
        "unixgram:///nowhere/at/all",
        "unixgram://" + "x" * 300,
        "nonsense",
        ",,",
    ],
)
def test_servers_that_cannot_be_reached(server: str, receiver: Receiver, packages: Path) -> None:
    same_with_and_without(["-c", PROGRAMS["prints"]], receiver, packages, CUSTOMS_SERVER=server)


def test_few_descriptors(receiver: Receiver, packages: Path) -> None:
    code = "import numpy, resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); print(1)"
    same_with_and_without(["-c", code], receiver, packages)


def test_it_adds_one_module_and_no_names(receiver: Receiver, packages: Path) -> None:
    code = "import sys; print(sorted(sys.modules)); print(sorted(globals()))"
    bare = run(["-c", code], environment(None, packages)).stdout.splitlines()
    hooked = run(["-c", code], environment(receiver, packages)).stdout.splitlines()
    # pylint: disable=eval-used
    added = set(eval(hooked[0])) - set(eval(bare[0]))
    assert added <= {"sitecustomize", "atexit"}
    assert hooked[1] == bare[1]


def test_its_directory_costs_later_imports_nothing(receiver: Receiver, packages: Path) -> None:
    code = f"import sys; print(sys.path_importer_cache.get({str(HOOK)!r}, 'searched'))"
    assert run(["-c", code], environment(receiver, packages)).stdout == b"None\n"


@pytest.mark.parametrize("value", ["1", "yes"])
def test_opt_out_by_variable(value: str, receiver: Receiver, packages: Path) -> None:
    variables = environment(receiver, packages, CUSTOMS_OPT_OUT=value)
    run(["-c", "import numpy"], variables)
    assert receiver.datagrams() == []


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_opt_out_is_none(value: str, receiver: Receiver, packages: Path) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, CUSTOMS_OPT_OUT=value))
    assert len(receiver.datagrams()) == 1


@pytest.mark.parametrize(
    ("line", "sends"), [("alice", 0), (str(os.getuid()), 0), ("# alice", 1), ("bob", 1), ("", 1)]
)
def test_opt_out_by_file(
    line: str, sends: int, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "hook"
    subprocess.run(["cp", "-r", str(HOOK), str(tree)], check=True)
    listing = tmp_path / "opt-out"
    listing.write_text(f"# who is left out\n{line}\n")
    settings = tree / "customs_hook" / "settings.py"
    settings.write_text(settings.read_text() + f"\nOPT_OUT_FILE = {str(listing)!r}\n")
    variables = environment(None, tree, packages, USER="alice", CUSTOMS_SERVER=receiver.url)
    run(["-c", "import numpy"], variables)
    assert len(receiver.datagrams()) == sends


def test_a_package_list_with_errors(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    listing = tmp_path / "packages.txt"
    listing.write_bytes(b"wave # a comment\nimport os\n\xff\xfe\nno-name\n..\n\ncolorsys")
    variables = environment(receiver, packages, CUSTOMS_PACKAGES=str(listing))
    result = run(["-c", "import colorsys, wave"], variables)
    assert result.stderr == b""
    assert {"colorsys", "wave"} <= set(receiver.record()["packages"])


def test_a_package_list_that_is_no_file(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (str(fifo), str(tmp_path), "/nowhere", "\udcff"):
        variables = environment(receiver, packages, CUSTOMS_PACKAGES=path)
        assert run(["-c", "import numpy"], variables).stderr == b""
        assert len(receiver.datagrams()) == 1


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


def test_forked_children_do_not_report(receiver: Receiver, packages: Path) -> None:
    code = "import numpy, os, sys\nif os.fork() == 0: sys.exit(0)\nos.wait()"
    same_with_and_without(["-c", code], receiver, packages)
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools(method: str, receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    program = tmp_path / "pool.py"
    program.write_text(
        "import multiprocessing as mp, numpy\n"
        "def f(x): return x * x\n"
        "if __name__ == '__main__':\n"
        f"    with mp.get_context({method!r}).Pool(2) as pool:\n"
        "        print(sum(pool.map(f, range(100))))\n"
        "        pool.close(); pool.join()\n"
    )
    same_with_and_without([str(program)], receiver, packages)
    records = receiver.records()
    # the resource tracker and the fork server do nobody's work; workers run their parent's program
    assert {record["main"] for record in records} == {str(program)}
    assert len(records) == {"fork": 1, "forkserver": 1, "spawn": 3}[method]


@pytest.mark.skipif(sys.version_info < (3, 9), reason="subinterpreters: an interface since 3.8")
def test_a_subinterpreter_does_not_report(receiver: Receiver, packages: Path) -> None:
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    code = (
        f"import numpy, {name} as s; i = s.create(); s.run_string(i, 'import numpy'); s.destroy(i)"
    )
    same_with_and_without(["-c", code], receiver, packages)
    assert len(receiver.records()) == 1


@pytest.mark.skipif(not old_interpreters(), reason="there is no Python 2.7 on this machine")
def test_python_2_is_left_in_peace(receiver: Receiver, packages: Path) -> None:
    (executable,) = old_interpreters()[:1]
    result = run(["-c", "import numpy; print(1)"], environment(receiver, packages), executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"1\n", b"")
    assert receiver.datagrams() == []
