"""The matrix's tables: ways to start and ways to end, and what is to come of each.

A cell's program is the same whatever the interpreter, from Python 2.7 on. Where nothing is
recorded, or something cannot be compared, the table gives the reason; nothing is left out in
silence.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

#: What the program imports, and with which versions.
PACKAGES: dict[str, str | None] = {"numpy": "1.26.4", "scipy": "1.11.1"}


@dataclass(frozen=True)
class Interpreter:
    """An interpreter by its path, with what it says of itself."""

    executable: str
    implementation: str
    version: tuple[int, int]
    micro: int
    #: which of the ways to have several environments it brings along
    modules: frozenset[str]

    @property
    def name(self) -> str:
        number = ".".join(map(str, (*self.version, self.micro)))
        brand = "" if self.implementation == "cpython" else f"{self.implementation}-"
        system = "-system" if self.is_system else ""
        return f"{brand}{number}{system}"

    @property
    def is_system(self) -> bool:
        return self.executable.startswith("/usr/bin/") and self.implementation == "cpython"

    @property
    def is_recorded(self) -> bool:
        return self.version >= (3, 6)


def inspect(executable: str) -> Interpreter:
    """Return what an interpreter says of itself."""
    question = (
        "import platform, sys, pkgutil\n"
        "names = [name for name in ('venv', '_testcapi', '_interpreters', '_xxsubinterpreters')"
        " if name in sys.builtin_module_names or pkgutil.find_loader(name)]"
        if executable.endswith("2.7")
        else "import platform, sys, importlib.util\n"
        "names = [name for name in ('venv', '_testcapi', '_interpreters', '_xxsubinterpreters')"
        " if importlib.util.find_spec(name)]"
    )
    question += (
        "\nprint(' '.join([platform.python_implementation().lower(),"
        " str(sys.version_info[0]), str(sys.version_info[1]), str(sys.version_info[2])] + names))"
    )
    answer = subprocess.run(
        [executable, "-E", "-c", question], capture_output=True, text=True, check=True
    )
    implementation, *words = answer.stdout.split()
    major, minor, micro = map(int, words[:3])
    names = frozenset(words[3:])
    return Interpreter(executable, implementation, (major, minor), micro, names)


@dataclass(frozen=True)
class Outcome:
    """What is to come of a cell."""

    records: int = 1
    #: what the records say of the end
    end: str = "exit"
    #: traces that are there afterwards
    traces: int = 0
    #: why nothing is recorded, or why something cannot be compared
    reason: str = ""
    #: what of the two runs must be the same
    compared: tuple[str, ...] = ("stdout", "stderr", "returncode")
    packages: Mapping[str, str | None] = field(default_factory=lambda: PACKAGES)
    #: which of them are of direct use; None: not looked at
    direct: tuple[str, ...] | None = ("numpy", "scipy")


NOT_2 = Outcome(0, reason="Python 2.7 is left in peace: no record")


@dataclass(frozen=True)
class Situation:
    """The place that a program is run in."""

    directory: Path
    interpreter: Interpreter
    packages: Path


@dataclass(frozen=True)
class Launch:
    """A program that is ready to be run."""

    arguments: list[str | bytes]
    main: str
    executable: str
    input: bytes = b""


#: Prepares a program of this text; None with a reason where it cannot be.
Preparation = Callable[[Situation, str, tuple[str, ...]], Launch]


@dataclass(frozen=True)
class Start:
    prepare: Preparation
    #: why a program started so leaves no record; empty where it does
    unrecorded: str = ""
    #: why there is no such thing with an interpreter; empty where there is
    impossible: Callable[[Interpreter], str] = lambda interpreter: ""


@dataclass(frozen=True)
class End:
    code: str
    outcome: Outcome = Outcome()
    #: stands before the imports
    prelude: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    #: of the shell, before the interpreter takes its place
    shell: str = ""
    #: the answer where an interpreter, or a start, differs
    exception: Callable[[Interpreter, str], Outcome | str | None] = lambda interpreter, start: None


def program(end: End, prelude: str = "") -> str:
    """Return the text of a cell's program."""
    return (
        "from __future__ import print_function\n"
        f"{prelude}{end.prelude}"
        "import os, signal, sys\n"
        "import numpy, scipy\n"
        "if sys.stdout: print('out'); sys.stdout.flush()\n"
        "if sys.stderr: sys.stderr.write('err\\n'); sys.stderr.flush()\n"
        f"{end.code}\n"
    )


def expect(interpreter: Interpreter, start: str, end: str) -> Outcome | str:
    """Return what is to come of a cell, or why there is no such cell."""
    way, how = {**STARTS, **OTHER_STARTS}[start], ENDS[end]
    reason = way.impossible(interpreter)
    if reason:
        return reason
    answer = how.exception(interpreter, start)
    if isinstance(answer, str):
        return answer
    outcome = how.outcome if answer is None else answer
    if not interpreter.is_recorded:
        return replace(outcome, records=0, traces=0, reason=outcome.reason or NOT_2.reason)
    if way.unrecorded:
        return replace(outcome, records=0, traces=0, reason=way.unrecorded)
    return outcome


# --- starts


def _file(situation: Situation, text: str, name: str | bytes = "program.py") -> Path:
    path = Path(os.fsdecode(os.path.join(os.fsencode(situation.directory), os.fsencode(name))))
    path.write_text(text)
    return path


def _script(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    path = str(_file(situation, text))
    return Launch([*options, path], path, situation.interpreter.executable)


def _code(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    return Launch([*options, "-c", text], "-c", situation.interpreter.executable)


def _module(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    _file(situation, text)
    return Launch([*options, "-m", "program"], "-m program", situation.interpreter.executable)


def _stdin(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    return Launch([*options], "", situation.interpreter.executable, text.encode())


def _package(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    (situation.directory / "tool").mkdir(exist_ok=True)
    _file(situation, "", "tool/__init__.py")
    _file(situation, text, "tool/__main__.py")
    return Launch([*options, "-m", "tool"], "-m tool", situation.interpreter.executable)


def _shebang(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    path = _file(situation, f"#!{situation.interpreter.executable}\n{text}", "program")
    path.chmod(stat.S_IRWXU)
    return Launch([], str(path), str(path))


def _relative(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    path = _file(situation, text)
    return Launch([*options, "program.py"], str(path), situation.interpreter.executable)


def _zipapp(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    path = situation.directory / "program.pyz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__main__.py", text)
    return Launch([*options, str(path)], str(path), situation.interpreter.executable)


def _directory(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    path = situation.directory / "application"
    path.mkdir(exist_ok=True)
    _file(situation, text, "application/__main__.py")
    return Launch([*options, str(path)], str(path), situation.interpreter.executable)


def _named(name: str | bytes) -> Preparation:
    def prepare(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
        path = _file(situation, text, name)
        return Launch([*options, os.fsencode(path)], str(path), situation.interpreter.executable)

    return prepare


def _isolated(option: str) -> Preparation:
    def prepare(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
        # without PYTHONPATH the program must find the stand-ins itself
        search = f"import sys; sys.path.insert(0, {str(situation.packages)!r})\n"
        future, rest = text.split("\n", 1)
        launch = _script(situation, f"{future}\n{search}{rest}", (option, *options))
        return launch

    return prepare


def _venv(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    launch = _script(situation, text, options)
    return replace(launch, executable=str(_environment(situation, "venv") / "bin" / "python"))


def _virtualenv(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    launch = _script(situation, text, options)
    return replace(launch, executable=str(_environment(situation, "virtualenv") / "bin" / "python"))


def _conda(situation: Situation, text: str, options: tuple[str, ...]) -> Launch:
    prefix = _environment(situation, "conda")
    # what the environment's own sitecustomize has left shows in the output
    launch = _script(situation, text + "print(sys.of_the_environment)\n", options)
    return replace(launch, executable=str(prefix / "bin" / "python"))


def _environment(situation: Situation, kind: str) -> Path:
    return environments(situation) / f"{kind}-{situation.interpreter.name}"


def environments(situation: Situation) -> Path:
    """Return where the environments are that the tests make once for all cells."""
    return situation.packages.parent / "environments"


def without_venv(interpreter: Interpreter) -> str:
    return "" if "venv" in interpreter.modules else "it has no module venv"


def without_virtualenv(interpreter: Interpreter) -> str:
    if importlib.util.find_spec("virtualenv") is None:
        return "virtualenv is not installed beside these tests"
    if interpreter.version < (3, 9):
        return "virtualenv no longer makes environments of Pythons before 3.9"
    return ""


def without_conda(interpreter: Interpreter) -> str:
    # Debian's look for packages elsewhere than below their prefix
    is_debian = Path(interpreter.executable).parents[1].name == "usr"
    if interpreter.implementation != "cpython" or is_debian:
        return "its installation cannot be laid out anew as conda's is"
    return ""


#: These with every end, on every interpreter.
STARTS = {
    "script": Start(_script),
    "-c": Start(_code),
    "-m": Start(_module),
    "stdin": Start(_stdin),
}

#: These with a few ends, on every interpreter where there is such a thing.
OTHER_STARTS = {
    "package": Start(_package),
    "shebang": Start(_shebang),
    "relative path": Start(_relative),
    "zipapp": Start(_zipapp),
    "directory": Start(_directory),
    "quotes": Start(_named('it\'s "quoted" `id` $(id) $HOME; & | < > * ? \\ #.py')),
    "newline": Start(_named("line\nbreak\ttab.py")),
    "not UTF-8": Start(
        _named(b"latin-\xe9-\xff.py"),
        impossible=lambda interpreter: (
            "Python 2.7 has a program of that name print its name as bytes of its own"
            if interpreter.version < (3,)
            else ""
        ),
    ),
    "UTF-8": Start(_named("gru\u00df-\u2603-\U0001f40d.py")),
    "venv": Start(_venv, impossible=without_venv),
    "virtualenv": Start(_virtualenv, impossible=without_virtualenv),
    "conda": Start(_conda, impossible=without_conda),
    "-I": Start(
        _isolated("-I"),
        "by its user's wish PYTHONPATH does not count",
        lambda interpreter: "Python 2.7 has no -I" if interpreter.version < (3,) else "",
    ),
    "-E": Start(_isolated("-E"), "by its user's wish PYTHONPATH does not count"),
    "-S": Start(_isolated("-S"), "by its user's wish no sitecustomize runs"),
    "-s": Start(lambda situation, text, options: _script(situation, text, ("-s", *options))),
    "-OO": Start(lambda situation, text, options: _script(situation, text, ("-OO", *options))),
    "-u": Start(lambda situation, text, options: _script(situation, text, ("-u", *options))),
}
OTHER_ENDS = ("normal", "exception", "SIGKILL")


# --- ends

_KILLED = Outcome(0, traces=1, reason="it dies without its exit hook: its trace is swept")
_UNHEARD = Outcome(0, reason="there is nobody to hear it")
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
