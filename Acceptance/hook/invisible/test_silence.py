"""Output and exit code are the same with and without the hook."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from support.receiver import (
    Receiver,
    environment,
    few_interpreters,
    interpreters,
    old_interpreters,
    run,
)

from hook.invisible.same import same_with_and_without

Program = tuple[str, int]


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

#: The matrix has nothing like these. Like the others it has an end, and runs it on every
#: interpreter: the oldest and the newest show here that the same holds beside the shipped tree.
ON_EVERY_INTERPRETER = {
    *("surroundings", "what can be imported", "prints at exit", "os gone", "odd values"),
    *("modules of the hook's names", "no arguments", "odd objects", "lazy module"),
}


@pytest.mark.parametrize(
    ("name", "executable"),
    [
        (name, executable)
        for name in PROGRAMS
        for executable in (interpreters() if name in ON_EVERY_INTERPRETER else few_interpreters())
    ],
)
def test_output_and_exit_code_stay_the_same(
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
def test_output_stays_the_same_with_options_of_the_interpreter(
    options: list[str | bytes], receiver: Receiver, packages: Path
) -> None:
    same_with_and_without([*options, "-c", PROGRAMS["fails"][0]], receiver, packages)
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("option", ["-S", "-E", "-I"])
def test_isolated_interpreters_leave_the_hook_out(
    option: str, receiver: Receiver, packages: Path
) -> None:
    code = f"import sys; sys.path.insert(0, {str(packages)!r}); import numpy; print(numpy)"
    same_with_and_without([option, "-c", code], receiver, packages)
    assert receiver.datagrams() == []


def test_a_start_without_standard_files_is_recorded(receiver: Receiver, packages: Path) -> None:
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
def test_an_unreachable_server_is_not_noticed(
    server: str, receiver: Receiver, packages: Path
) -> None:
    """Neither in what the program prints, nor by a wait."""
    program, _ = PROGRAMS["prints"]
    began = time.monotonic()
    same_with_and_without(["-c", program], receiver, packages, CUSTOMS_SERVER=server)
    # two programs; a wait for an answer, or for a name to be resolved, would take longer
    assert time.monotonic() - began < 4
    assert receiver.datagrams() == []


@pytest.mark.skipif(not old_interpreters(), reason="there is no Python 2.7 on this machine")
@pytest.mark.parametrize("code", ["import numpy; print(1)", "import numpy; 1 / 0"])
def test_python_2_sends_nothing_and_notices_nothing(
    code: str, receiver: Receiver, packages: Path
) -> None:
    for executable in old_interpreters():
        same_with_and_without(["-c", code], receiver, packages, executable)
    assert receiver.datagrams() == []
