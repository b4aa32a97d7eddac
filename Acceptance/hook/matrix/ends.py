"""Ways to end a program, with the expected result of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hook.matrix.cells import PACKAGES, End, Outcome
from hook.matrix.interpreters import Interpreter

OTHER_ENDS = ("normal", "exception", "SIGKILL")


_KILLED = Outcome(0, traces=1, reason="it dies without its exit hook: its trace is swept")
_UNHEARD = Outcome(0, reason="no server receives it")
_ONLY_A_TRACE = Outcome(0, traces=1, reason="of such a program there is only its trace")
_PYPY_MODULES = Outcome(
    0, traces=1, reason="PyPy looks for its exit hooks in sys.modules: its trace is swept"
)
_IN_DOUBT = replace(Outcome(), direct=None)


def _death(name: str) -> End:
    return End(f"os.kill(os.getpid(), signal.{name})", _KILLED)


def _unless_stdin(reason: str) -> Callable[[Interpreter, str], Outcome | str | None]:
    return lambda interpreter, start: reason if start == "stdin" else None


def _since(
    version: tuple[int, int], reason: str
) -> Callable[[Interpreter, str], Outcome | str | None]:
    return lambda interpreter, start: reason if interpreter.version < version else None


def _on_pypy(outcome: Outcome) -> Callable[[Interpreter, str], Outcome | str | None]:
    return lambda interpreter, start: outcome if interpreter.implementation == "pypy" else None


_BUILTINS = "try: import builtins\nexcept ImportError: import __builtin__ as builtins\n"
_SHOWN = ("stdout", "returncode")


#: A directory that the tests prepare for each cell stands for {here}, file systems for {read_only}
#: and {full}.
ENDS = {
    "normal": End(""),
    "sys.exit()": End("sys.exit()"),
    "sys.exit(n)": End("def leave():\n    sys.exit(41)\nleave()"),
    "sys.exit(text)": End("sys.exit('bye')"),
    "exception": End(
        "def fail():\n    raise ValueError('x')\nfail()", replace(Outcome(), end="exception")
    ),
    "MemoryError": End("raise MemoryError", replace(Outcome(), end="exception")),
    "interrupt": End(
        "import time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)",
        replace(Outcome(), end="signal"),
        exception=_on_pypy(
            Outcome(0, traces=1, reason="PyPy runs no exit hook then: its trace is swept")
        ),
    ),
    "interrupt handled": End(
        "import time\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(9)\n"
        "except KeyboardInterrupt:\n    sys.exit(3)"
    ),
    "SIGTERM handled": End(
        "import time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n"
        "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(9)"
    ),
    "SIGTERM": _death("SIGTERM"),
    "SIGHUP": _death("SIGHUP"),
    "SIGSEGV": _death("SIGSEGV"),
    "SIGKILL": _death("SIGKILL"),
    "os._exit": End("os._exit(5)", _KILLED),
    "os.abort": End("os.abort()", _KILLED),
    "execv": End("os.execv('/bin/echo', ['echo', 'another'])", _KILLED),
    "atexit fails": End("import atexit\natexit.register(lambda: 1 / 0)"),
    "atexit imports": End(
        "import atexit\n"
        "def late():\n    import pandas\n    print('late')\n"
        "atexit.register(late)",
        replace(Outcome(), packages={**PACKAGES, "pandas": None}, direct=None),
    ),
    "atexit cleared": End(
        "import atexit\nif sys.version_info[0] > 2: atexit._clear()",
        _KILLED,
        exception=lambda interpreter, start: None,
    ),
    "stdout closed": End("os.close(1)"),
    "stdout object closed": End("sys.stdout.close()"),
    "stderr closed": End("os.close(2)"),
    "stdin closed": End("os.close(0)"),
    "all closed": End("os.closerange(0, 64)"),
    "all closed, then an exception": End(
        "os.closerange(0, 64)\nraise ValueError('x')", replace(Outcome(), end="exception")
    ),
    "started without files": End(
        "",
        shell="exec <&- >&- 2>&-",
        # what it has on standard output goes into the void, or wherever a file is that it opened
        prelude="import sys\n",
        exception=_unless_stdin("the program comes by standard input"),
    ),
    "no output": End("sys.stdout = sys.stderr = None"),
    "broken output": End(
        "class Broken(object):\n"
        "    def write(self, text): raise OSError\n"
        "sys.stdout = sys.stderr = Broken()"
    ),
    "ulimit -n 3": End(
        "", Outcome(0, reason="no file can be opened: not even the program's"), shell="ulimit -n 3"
    ),
    "ulimit -n 6": End("", shell="ulimit -n 6"),
    "no descriptor left": End(
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
        Outcome(0, traces=1, reason="at the end nothing can be opened: its trace is swept"),
    ),
    "no file may grow": End("", shell="ulimit -f 0"),
    "trace directory missing": End("", variables={"CUSTOMS_TRACE_DIR": "{here}/nowhere"}),
    "trace directory missing, killed": End(
        "os._exit(5)",
        Outcome(0, reason="it leaves a trace only where there is a directory for it"),
        variables={"CUSTOMS_TRACE_DIR": "{here}/nowhere"},
    ),
    "trace directory read-only": End("", variables={"CUSTOMS_TRACE_DIR": "{read_only}"}),
    "trace directory full": End("", variables={"CUSTOMS_TRACE_DIR": "{full}"}),
    "trace directory is a file": End("", variables={"CUSTOMS_TRACE_DIR": "{here}/program.py"}),
    "unreachable server": End("", _UNHEARD, variables={"CUSTOMS_SERVER": "udp://192.0.2.1:5140"}),
    "unresolvable server": End(
        "", _UNHEARD, variables={"CUSTOMS_SERVER": "udp://no-such-host.invalid:5140"}
    ),
    "malformed server": End("", _UNHEARD, variables={"CUSTOMS_SERVER": "udp://[::1,nonsense,,:,udp://127.0.0.1:99999"}),
    "daemon down": End("", _UNHEARD, variables={"CUSTOMS_SERVER": "udp://127.0.0.1:1"}),
    "unix socket missing": End(
        "", _UNHEARD, variables={"CUSTOMS_SERVER": "unixgram:///nowhere/at/all"}
    ),
    "opted out": End(
        "", Outcome(0, reason="its user's wish"), variables={"CUSTOMS_OPT_OUT": "1"}
    ),
    "package list in error": End("", variables={"CUSTOMS_PACKAGES": "{here}/../in-error.txt"}),
    "package list missing": End("", variables={"CUSTOMS_PACKAGES": "{here}/nowhere"}),
    "modules cleared": End(
        "sys.modules.clear()",
        _IN_DOUBT,
    ),
    "modules None": End(
        "for name in list(sys.modules): sys.modules[name] = None",
        _IN_DOUBT,
        exception=_on_pypy(_PYPY_MODULES),
    ),
    "modules gone": End("sys.modules = None", _IN_DOUBT, exception=_on_pypy(_PYPY_MODULES)),
    "modules copied": End("sys.modules = dict(sys.modules)"),
    "modules odd": End("sys.modules[8] = sys.modules[None] = sys.modules[()] = sys", _IN_DOUBT),
    "modules frozen": End(
        "class Frozen(dict):\n"
        "    def __setitem__(self, key, value): raise TypeError\n"
        "    def get(self, *names): print('asked for', names)\n"
        "sys.modules = Frozen(sys.modules)",
        exception=_on_pypy(
            replace(
                Outcome(),
                reason="PyPy imports atexit when it ends, and fails; ours has it imported already",
                compared=("stdout",),
            )
        ),
    ),
    "modules hostile": End(
        "import types\n"
        "class Odd(types.ModuleType):\n"
        "    def __getattribute__(self, name): print('asked for', name); raise SystemExit(9)\n"
        "pandas = sys.modules['pandas'] = sys.modules['mine'] = Odd('pandas')",
        # what answers for everything and came by no loader stands in for a module yet to be loaded
        _IN_DOUBT,
        exception=lambda interpreter, start: (
            "Python 2.7 asks such modules itself when it ends"
            if interpreter.version < (3,)
            else None
        ),
    ),
    "main odd": End("sys.modules['__main__'] = 'nobody'", _IN_DOUBT),
    "imports replaced": End(
        _BUILTINS + "builtins.__import__ = lambda *a, **k: print('import', a[0])"
    ),
    "open removed": End(_BUILTINS + "del builtins.open"),
    "builtins replaced": End(
        _BUILTINS + "builtins.type = builtins.sorted = builtins.len = builtins.dict = None",
        _ONLY_A_TRACE,
    ),
    "sys.path emptied": End("sys.path[:] = []"),
    "import system gone": End(
        "sys.path = sys.meta_path = sys.path_hooks = None; sys.path_importer_cache.clear()"
    ),
    "finder printing": End(
        "class Finder(object):\n"
        "    def find_spec(self, name, path=None, target=None): print('find', name)\n"
        "    def find_module(self, name, path=None): print('find', name)\n"
        "sys.meta_path.insert(0, Finder())"
    ),
    "os replaced": End(
        "os.getpid = os.open = os.unlink = os.environ = None; sys.exit(2)", _ONLY_A_TRACE
    ),
    "environment cleared": End("os.environ.clear()"),
    "directory gone": End("os.mkdir('x'); os.chdir('x'); os.rmdir('../x')"),
    "little stack": End("sys.setrecursionlimit(60)", _IN_DOUBT),
    "-W error": End("", options=("-W", "error")),
    "-X dev": End(
        "",
        options=("-X", "dev"),
        exception=_since((3, 7), "-X dev came with Python 3.7"),
    ),
    "-v": End(
        "",
        Outcome(reason="standard error names every module, ours too", compared=_SHOWN),
        options=("-v",),
    ),
    "-X importtime": End(
        "",
        Outcome(reason="standard error names every module, ours too", compared=_SHOWN),
        options=("-X", "importtime"),
        exception=_since((3, 7), "-X importtime came with Python 3.7"),
    ),
    "traced": End(
        "",
        prelude="import sys\n"
        "def trace(frame, event, argument):\n"
        "    if frame.f_globals.get('__name__') == '__main__' and frame.f_lineno > 9:\n"
        "        print(event, frame.f_lineno)\n"
        "    return trace\n"
        "sys.settrace(trace); sys.setprofile(lambda *a: trace(*a) and None)\n",
    ),
    "profiled": End("", prelude="import cProfile\np = cProfile.Profile(); p.enable()\n"),
    "threads": End("import threading, time\nthreading.Timer(0.05, print, ('late',)).start()"),
    "daemon thread": End(
        "import threading, time\n"
        "thread = threading.Thread(target=time.sleep, args=(9,)); thread.daemon = True\n"
        "thread.start()"
    ),
    "a thread's exception": End(
        "import threading\n"
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
        exception=lambda interpreter, start: None,
    ),
    "cycle": End(
        "class Last(object):\n    def __del__(self): print('last')\nlast = Last(); last.me = last"
    ),
}  # fmt: skip
