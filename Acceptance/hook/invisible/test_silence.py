"""Whatever happens, the user notices nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.receiver import (
    HOOK,
    Receiver,
    environment,
    install,
    interpreters,
    old_interpreters,
    pypy,
    run,
)

Program = tuple[str, int]


def same_with_and_without(
    arguments: list[str | bytes],
    receiver: Receiver,
    packages: Path,
    executable: str = sys.executable,
    **extra: str,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with and without the hook; its output and its exit code must be the same."""
    bare = run(arguments, environment(None, packages, **extra), executable)
    hooked = run(arguments, environment(receiver, packages, **extra), executable)
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        bare.returncode,
        bare.stdout,
        bare.stderr,
    )
    return hooked


#: Programs, and how many records each sends.
PROGRAMS: dict[str, Program] = {
    "prints": ("import numpy; print('out')", 1),
    "fails": ("import numpy; 1 / 0", 1),
    "exits with a code": ("import numpy, sys; sys.exit(41)", 1),
    "exits with a message": ("import numpy, sys; sys.exit('bye')", 1),
    "interrupted": ("import numpy, os, signal; os.kill(os.getpid(), signal.SIGINT)", 1),
    "terminated": ("import numpy, os, signal; os.kill(os.getpid(), signal.SIGTERM)", 0),
    "exits at once": ("import numpy, os; os._exit(5)", 0),
    "surroundings": (
        "import builtins, gc, os, signal, sys\n"
        "print(sorted(globals()), dir(builtins), dir(sys), sys.flags, sys.argv)\n"
        "print(len(os.listdir('/proc/self/fd')), len(os.listdir('/proc/self/task')))\n"
        "print([signal.getsignal(number) for number in range(1, 32)])\n"
        "print([type(finder) for finder in sys.meta_path], len(sys.path_hooks), gc.isenabled())\n"
        "print(sys.gettrace(), sys.getprofile(), sys.excepthook is sys.__excepthook__)\n"
        "print(os.environ.get('CUSTOMS_NOTHING'), os.getcwd(), sorted(sys.warnoptions))",
        0,
    ),
    "what can be imported": ("import pkgutil; print([m.name for m in pkgutil.iter_modules()])", 0),
    "threads": ("import numpy, threading, time; threading.Timer(0.1, time.time).start()", 1),
    "prints at exit": (
        "import atexit, numpy, sys\n"
        "atexit.register(lambda: print([n for n in sys.modules if 'customs' in n]))",
        1,
    ),
    "damaged modules": ("import numpy, sys; sys.modules.clear()", 1),
    "modules gone": ("import numpy, sys; sys.modules = None", 1),
    "odd modules": ("import numpy, sys; sys.modules['scipy'] = 7; sys.modules[8] = sys", 1),
    "os gone": ("import numpy, sys; sys.modules['os'] = None", 1),
    "odd main": ("import numpy, sys; sys.modules['__main__'] = 'nobody'", 1),
    "odd values": (
        "import numpy, sys\n"
        "sys.executable = sys.prefix = b'x'; sys.argv = 3; __spec__ = __file__ = __loader__ = 1.5",
        1,
    ),
    "import search gone": ("import numpy, sys; sys.path[:] = []; sys.meta_path[:] = []", 1),
    "import system gone": (
        "import numpy, sys\n"
        "sys.path = sys.meta_path = sys.path_hooks = None; sys.path_importer_cache.clear()",
        1,
    ),
    "imports overridden": (
        "import builtins, numpy\nbuiltins.__import__ = lambda *a, **k: print('import', a[0])",
        1,
    ),
    "imports watched": (
        "import numpy, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None): print('find', name)\n"
        "sys.meta_path.insert(0, Finder())",
        1,
    ),
    "modules of the hook's names": (
        "import numpy, os, sys\n"
        "open('_socket.py', 'w').write('print(1)'); open('time.py', 'w').write('print(2)')\n"
        "sys.path.insert(0, os.getcwd())",
        1,
    ),
    "traced": (
        "import numpy, sys\n"
        "def trace(frame, event, argument):\n"
        "    name = frame.f_code.co_filename\n"
        # the import system's own frames differ with each directory that is searched
        "    if 'customs hook' not in name and 'sitecustomize.py' not in name: print(event, name)\n"
        "sys.settrace(trace); sys.setprofile(trace)",
        1,
    ),
    "profiled": ("import cProfile, numpy; p = cProfile.Profile(); p.enable()", 1),
    "no arguments": ("import numpy, sys; del sys.argv", 1),
    "closed files": ("import numpy, os; os.closerange(0, 64)", 1),
    "no output": ("import numpy, sys; sys.stdout = sys.stderr = None", 1),
    "broken output": (
        "import numpy, sys\nclass Broken:\n    def write(self, text): raise OSError\n"
        "sys.stdout = sys.stderr = Broken()",
        1,
    ),
    "odd objects": (
        "import numpy\n"
        "class Odd:\n"
        "    def __getattribute__(self, name): print('asked for', name); raise SystemExit(9)\n"
        "odd = main = Odd()",
        1,
    ),
    "odd modules of its own": (
        "import numpy, sys, types\n"
        "class Odd(types.ModuleType):\n"
        "    def __getattribute__(self, name): print('asked for', name); raise SystemExit(9)\n"
        "scipy = sys.modules['scipy'] = Odd('scipy')",
        1,
    ),
    "lazy module": (
        "import importlib.util, numpy, sys\n"
        "spec = importlib.util.find_spec('matplotlib')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "module = sys.modules['matplotlib'] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)",
        1,
    ),
    "directory gone": ("import numpy, os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x')", 1),
    "few descriptors": (
        "import numpy, resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); print(1)",
        0,
    ),
    "little stack": ("import numpy, sys; sys.setrecursionlimit(100)", 1),
    "registered functions cleared": ("import atexit, numpy; atexit._clear()", 0),
}


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("name", PROGRAMS)
def test_output_and_exit_code_stay(
    name: str,
    executable: str,
    receiver: Receiver,
    packages: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    program, sent = PROGRAMS[name]
    same_with_and_without(["-c", program], receiver, packages, executable)
    assert len(receiver.records()) == sent


@pytest.mark.parametrize(
    "options",
    [["-W", "error"], ["-X", "dev"], ["-bb"], ["-OO"], ["-s"], ["-B"], ["-u"], ["-q"], ["-d"]],
    ids=" ".join,
)
def test_options_of_the_interpreter(
    options: list[str | bytes], receiver: Receiver, packages: Path
) -> None:
    same_with_and_without([*options, "-c", PROGRAMS["fails"][0]], receiver, packages)
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("option", ["-S", "-E", "-I"])
def test_options_that_leave_the_hook_out(option: str, receiver: Receiver, packages: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(packages)!r}); import numpy; print(numpy)"
    same_with_and_without([option, "-c", code], receiver, packages)
    assert receiver.datagrams() == []


def test_files_closed_before_it_starts(receiver: Receiver, packages: Path) -> None:
    shell = 'exec "$0" -c "import numpy; raise SystemExit(7)" <&- >&- 2>&-'
    result = run(["-c", shell, sys.executable], environment(receiver, packages), "/bin/sh")
    assert result.returncode == 7
    assert len(receiver.records()) == 1


@pytest.mark.parametrize(
    "server",
    [
        "udp://no-such-host.invalid:5140",
        "udp://localhost:5140",
        "udp://127.0.0.1:1",
        "udp://127.0.0.1:99999",
        "udp://127.0.0.1:",
        "udp://[::1]:1",
        "udp://[::1",
        "unixgram:///nowhere/at/all",
        "unixgram://" + "x" * 300,
        "tcp://127.0.0.1:1",
        "nonsense",
        ",,",
    ],
)
def test_servers_that_cannot_be_reached(server: str, receiver: Receiver, packages: Path) -> None:
    program, _ = PROGRAMS["prints"]
    same_with_and_without(["-c", program], receiver, packages, CUSTOMS_SERVER=server)
    assert receiver.datagrams() == []


@pytest.mark.parametrize("executable", interpreters())
def test_it_adds_two_modules_and_no_names(
    executable: str, receiver: Receiver, packages: Path
) -> None:
    code = "import sys; print('\\n'.join(sorted(sys.modules)))"
    bare = run(["-c", code], environment(None, packages), executable).stdout.split()
    hooked = run(["-c", code], environment(receiver, packages), executable).stdout.split()
    assert b"sitecustomize" in hooked
    assert set(hooked) - set(bare) <= {b"sitecustomize", b"atexit"}


@pytest.mark.skipif(sys.version_info < (3, 8), reason="audit hooks came with Python 3.8")
@pytest.mark.parametrize(("code", "opens"), [("import json", False), ("import numpy", True)])
def test_a_program_without_watched_packages_opens_nothing_at_exit(
    code: str, opens: bool, receiver: Receiver, packages: Path
) -> None:
    program = code + (
        "\nimport sys\n"
        "sys.addaudithook(lambda event, _: event in ('open', 'import', 'os.listdir', "
        "'socket.__new__') and print(event))"
    )
    result = run(["-c", program], environment(receiver, packages))
    assert bool(result.stdout) is opens


def test_its_directory_is_out_of_the_import_search(
    receiver: Receiver, packages: Path, tree: Path
) -> None:
    (tree / "planted.py").write_text("")
    code = (
        "import importlib\n"
        "importlib.invalidate_caches()\n"
        "try:\n    import planted\n"
        "except ImportError:\n    import customs_hook.core; print(customs_hook.core.Check)"
    )
    result = run(["-c", code], environment(None, tree, packages))
    assert result.stdout == b"<class 'customs_hook.core.Check'>\n", result.stderr


@pytest.mark.parametrize("executable", interpreters() + pypy())
def test_namespaces_of_old_setuptools(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    """They ask each finder of the search for find_module, which Python 3.12 has dropped."""
    probe = run(["-W", "ignore", "-c", "import pkg_resources"], environment(None), executable)
    if probe.returncode != 0:
        pytest.skip(f"{executable} has no pkg_resources")
    for name in ("one", "two"):
        part = tmp_path / name / "foo"
        part.mkdir(parents=True)
        (part / "__init__.py").write_text("__import__('pkg_resources').declare_namespace('foo')\n")
        (part / f"{name}.py").write_text("import numpy\n")
    code = "import foo.one, foo.two; print(foo.__path__)"
    search = os.pathsep.join(str(path) for path in (packages, tmp_path / "one", tmp_path / "two"))
    bare, hooked = [
        run(["-W", "ignore", "-c", code], environment(hearer, search), executable)
        for hearer in (None, receiver)
    ]
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (0, bare.stdout, bare.stderr)
    assert b"two" in bare.stdout
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}


@pytest.mark.parametrize("executable", interpreters())
def test_watched_names_are_searched_for_once(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, target=None): print('asked for', name)\n"
        "sys.path_importer_cache['/asked'] = Finder()\n"
        "sys.path.append('/asked')\n"
        "for name in ('cupy', 'numpy', 'cupy', 'nowhere'):\n"
        "    try: __import__(name)\n"
        "    except ImportError as error: print(error, error.__traceback__.tb_next)\n"
    )
    result = same_with_and_without(["-c", code], receiver, packages, executable)
    assert result.stdout.count(b"asked for cupy") == 2
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}


@pytest.mark.parametrize("value", ["1", "yes"])
def test_opt_out_by_variable(value: str, receiver: Receiver, packages: Path) -> None:
    variables = environment(receiver, packages, CUSTOMS_OPT_OUT=value)
    run(["-c", "import numpy"], variables)
    assert receiver.datagrams() == []


def test_opt_out_by_the_program_itself(receiver: Receiver, packages: Path) -> None:
    code = "import numpy, os; os.environ['CUSTOMS_OPT_OUT'] = '1'"
    run(["-c", code], environment(receiver, packages))
    assert receiver.datagrams() == []


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_opt_out_is_none(value: str, receiver: Receiver, packages: Path) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, CUSTOMS_OPT_OUT=value))
    assert len(receiver.datagrams()) == 1


@pytest.mark.parametrize(
    ("line", "sends"),
    [
        ("alice", 0),
        ("  alice  # by mail", 0),
        (str(os.getuid()), 0),
        ("# alice", 1),
        ("bob", 1),
        ("alic", 1),
        ("", 1),
    ],
)
def test_opt_out_by_file(
    line: str, sends: int, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = tmp_path / "opt-out"
    listing.write_text(f"# who is left out\n{line}\n")
    tree = install(tmp_path / "hook", servers=(receiver.url,), opt_out_file=str(listing))
    run(["-c", "import numpy"], environment(None, tree, packages, USER="alice"))
    assert len(receiver.datagrams()) == sends


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


@pytest.mark.parametrize("executable", interpreters())
def test_forked_children_do_not_report(executable: str, receiver: Receiver, packages: Path) -> None:
    code = (
        "import numpy, os, sys\n"
        "parent = os.getpid()\n"
        "if os.fork() == 0: sys.exit(0)\n"
        "os.wait(); print('parent' if os.getpid() == parent else 'child')"
    )
    same_with_and_without(["-c", code], receiver, packages, executable)
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("executable", interpreters())
def test_pools(
    executable: str, method: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    program = tmp_path / "pool.py"
    program.write_text(
        "import multiprocessing as mp, numpy\n"
        "def f(x): return x * x\n"
        "if __name__ == '__main__':\n"
        f"    with mp.get_context({method!r}).Pool(2) as pool:\n"
        "        print(sum(pool.map(f, range(100))))\n"
        "        pool.close(); pool.join()\n"
    )
    same_with_and_without([str(program)], receiver, packages, executable)
    records = receiver.records()
    # the resource tracker and the fork server send none; workers run their parent's program
    assert {record["main"] for record in records} == {str(program)}
    assert {record["end"] for record in records} == {"exit"}
    # the parent, and its workers; Python 3.6 does not report forked ones
    is_told = method == "spawn" or "3.6." not in executable
    assert len(records) == (3 if is_told else 1)
    assert len({record["id"] for record in records}) == len(records)


@pytest.mark.skipif(sys.version_info < (3, 9), reason="subinterpreters: an interface since 3.8")
def test_a_subinterpreter_does_not_report(receiver: Receiver, packages: Path) -> None:
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    code = (
        f"import numpy, {name} as s; i = s.create(); s.run_string(i, 'import numpy'); s.destroy(i)"
    )
    same_with_and_without(["-c", code], receiver, packages)
    assert len(receiver.records()) == 1


@pytest.mark.skipif(not old_interpreters(), reason="there is no Python 2.7 on this machine")
@pytest.mark.parametrize("code", ["import numpy; print(1)", "import numpy; 1 / 0"])
def test_python_2_is_left_in_peace(code: str, receiver: Receiver, packages: Path) -> None:
    for executable in old_interpreters():
        same_with_and_without(["-c", code], receiver, packages, executable)
    assert receiver.datagrams() == []
