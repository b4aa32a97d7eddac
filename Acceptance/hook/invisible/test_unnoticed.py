"""Tools inside the program see nothing of the hook, as an installed tree."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.receiver import Receiver, environment, install, interpreters, old_interpreters, run

PROFILED = """\
import cProfile, io, pstats
profile = cProfile.Profile()
profile.enable()
import numpy, scipy
try: import cupy
except ImportError: pass
profile.disable()
text = io.StringIO()
pstats.Stats(profile, stream=text).print_stats()
print("customs" in text.getvalue(), "array" in dir(numpy))
"""
MONITORED = """\
import sys
monitoring = sys.monitoring
monitoring.use_tool_id(3, "test")
seen = set()
def see(code, *_):
    if "customs" in code.co_filename and code.co_filename not in seen:
        seen.add(code.co_filename)
        print(code.co_filename, code.co_name)
for name in ("PY_START", "PY_RETURN", "LINE"):
    monitoring.register_callback(3, getattr(monitoring.events, name), see)
events = monitoring.events
monitoring.set_events(3, events.PY_START | events.PY_RETURN | events.LINE)
import numpy, scipy
"""
LOCKED_IN = """\
import ctypes, os, platform, struct, sys
import numpy
libc = ctypes.CDLL(None, use_errno=True)
denied = {"x86_64": (41, 44, 257, 2, 42, 87), "aarch64": (198, 206, 56, 35)}[platform.machine()]
program = [(0x20, 0, 0, 0)]
for number in denied:
    program += [(0x15, 0, 1, number), (0x06, 0, 0, ACTION)]
program += [(0x06, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("HBBI", *line) for line in program)
text = ctypes.create_string_buffer(code)
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
filter = Program(len(program), ctypes.addressof(text))
assert libc.prctl(38, 1, 0, 0, 0) == 0
if libc.prctl(22, 2, ctypes.byref(filter), 0, 0) != 0: print("refused")
print("shut in")
"""


def compiled(tmp_path: Path, receiver: Receiver, executable: str) -> Path:
    tree = install(tmp_path / "hook", servers=(receiver.url,))
    build = str(tree / "customs_hook" / "install" / "build.py")
    subprocess.run([executable, "-I", "-S", "-B", build, str(tree), str(tree)], check=True)
    return tree


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("program", [PROFILED, MONITORED], ids=["cProfile", "sys.monitoring"])
def test_profilers_and_monitors_see_nothing_of_the_hook(
    program: str, executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    old = run(["-c", "import sys; sys.monitoring"], environment(None), executable).returncode
    if program is MONITORED and old:
        pytest.skip("sys.monitoring came with Python 3.12")
    variables = environment(None, compiled(tmp_path, receiver, executable), packages)
    result = run(["-c", program], variables, executable)
    expected = b"False True\n" if program is PROFILED else b""
    assert (result.returncode, result.stdout, result.stderr) == (0, expected, b"")
    assert set(receiver.record()["packages"]) == {"numpy", "scipy"}


@pytest.mark.parametrize("core", ["ctrace", "pytrace"])
def test_coverage_from_the_start_sees_nothing_of_the_hook(
    core: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    (tmp_path / ".coveragerc").write_text("[run]\nparallel = true\nomit = */stand-ins/*\n")
    (tmp_path / "child.py").write_text("import numpy\nprint('child')\n")
    variables = environment(
        None,
        compiled(tmp_path, receiver, sys.executable),
        packages,
        COVERAGE_PROCESS_START=str(tmp_path / ".coveragerc"),
        COVERAGE_CORE=core,
    )
    result = run(["child.py"], variables, cwd=tmp_path)
    assert (result.stdout, result.stderr) == (b"child\n", b"")
    assert len(receiver.records()) == 1
    bare = environment(None)
    run(["-m", "coverage", "combine", "-q"], bare, cwd=tmp_path)
    report = run(["-m", "coverage", "report", "--fail-under=100"], bare, cwd=tmp_path)
    lines = [line.split()[0] for line in report.stdout.decode().splitlines() if ".py" in line]
    assert (report.returncode, lines) == (0, ["child.py"]), report.stdout


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("action", ["0x80000000", "0x00050001"], ids=["killed", "refused"])
def test_a_program_that_locked_itself_in_ends_without_a_record(
    action: str, executable: str, receiver: Receiver, packages: Path
) -> None:
    probe = run(["-c", "import ctypes"], environment(None), executable)
    if probe.returncode != 0:
        pytest.skip("this interpreter has no ctypes")
    code = LOCKED_IN.replace("ACTION", action)
    result = run(["-c", code], environment(receiver, packages), executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"shut in\n", b"")
    assert receiver.datagrams() == []


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("error", ["SystemExit(7)", "KeyboardInterrupt", "ValueError('mine')"])
def test_errors_of_a_hidden_sitecustomize_look_the_same(
    error: str, executable: str, receiver: Receiver, tmp_path: Path
) -> None:
    theirs, empty = tmp_path / "theirs", tmp_path / "empty"
    theirs.mkdir()
    empty.mkdir()
    (theirs / "sitecustomize.py").write_text(f"def f():\n    raise {error}\nf()\n")
    bare = run(["-c", "print(1)"], environment(None, empty, theirs), executable)
    hooked = run(["-c", "print(1)"], environment(receiver, theirs), executable)
    assert (hooked.returncode, hooked.stdout) == (bare.returncode, bare.stdout)
    # what a crash at start says of memory is not the same twice
    assert _frames(hooked.stderr) == _frames(bare.stderr)


def _frames(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if not line.startswith(b"Current thread")]


@pytest.mark.skipif(not old_interpreters(), reason="there is no Python 2.7 on this machine")
def test_python_2_has_no_module_of_the_hook(receiver: Receiver) -> None:
    code = "import sys; print([name for name in sys.modules if name.startswith('customs')])"
    for executable in old_interpreters():
        result = run(["-c", code], environment(receiver), executable)
        assert (result.stdout, result.stderr) == (b"[]\n", b"")


def test_many_modules_of_the_user_cost_little_at_exit(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    code = textwrap.dedent("""
        import sys, time, types, numpy
        for number in range(20000):
            module = types.ModuleType("mine%d" % number)
            module.__file__ = "/home/x/mine%d.py" % number
            sys.modules[module.__name__] = module
        import atexit
        began = time.perf_counter()
        hook = sys.modules["sitecustomize"]
        hook.report()
        print(time.perf_counter() - began)
    """)
    result = run(["-c", code], environment(receiver, packages))
    # 13 ms, and room for a busy machine: with the square of the number it was six seconds
    assert float(result.stdout) < 0.5
    for record in receiver.records():
        assert list(record["packages"]) == ["numpy"]
        # there is too much to look at
        assert "direct" not in record
