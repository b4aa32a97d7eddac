"""The record's names for a program, its start and its end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.receiver import Receiver, environment, interpreters, pypy, run

from hook.records.programs import script


@pytest.mark.parametrize("executable", interpreters())
def test_the_program_has_an_absolute_path(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    path = script(tmp_path, "import numpy, os; os.chdir('/')\n")
    run(["program.py"], environment(receiver, packages), executable, cwd=tmp_path)
    assert receiver.record()["main"] == path


@pytest.mark.parametrize("executable", interpreters())
def test_the_program_has_its_path_when_its_directory_is_gone(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    path = script(tmp_path, "import numpy, os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x')\n")
    result = run([path], environment(receiver, packages), executable, cwd=tmp_path)
    assert result.returncode == 0
    assert receiver.record()["main"] == path


@pytest.mark.parametrize("executable", interpreters() + pypy())
def test_a_start_in_a_deleted_directory_is_recorded(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    path = script(tmp_path, "import numpy; print('done')\n")
    shell = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"'
    for arguments, main in (([path], path), (["-c", "import numpy; print('done')"], "-c")):
        bare, hooked = [
            run(["-c", shell, executable, *arguments], variables, "/bin/sh", cwd=tmp_path)
            for variables in (environment(None, packages), environment(receiver, packages))
        ]
        assert (hooked.returncode, hooked.stdout, hooked.stderr) == (0, b"done\n", bare.stderr)
        record = receiver.record()
        assert (record["main"], record["packages"]) == (main, {"numpy": "1.26.4"})


#: A program, its exit code, and how its record says that it ended.
ENDS = {
    "end of the text": ("import numpy", 0, "exit"),
    "sys.exit": ("import numpy, sys\ndef f(): sys.exit(3)\nf()", 3, "exit"),
    "exception": ("import numpy\ndef f(): raise ValueError('x')\nf()", 1, "exception"),
    "memory": ("import numpy\nraise MemoryError", 1, "exception"),
    "syntax": ("import numpy\nexec('1 +')", 1, "exception"),
    "a thread's exception": (
        "import numpy, threading\nt = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        0,
        "exit",
    ),
    # as a test runner does: it prints a traceback and goes on
    "printed exception": (
        "import numpy, code\n"
        "def run(): code.InteractiveInterpreter().runcode(compile('1 / 0', 'x', 'exec'))\n"
        "run()",
        0,
        "exit",
    ),
    "handled signal": (
        "import numpy, os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n"
        "os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)",
        4,
        "exit",
    ),
}


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("name", ENDS)
def test_the_record_says_how_the_program_ended(
    name: str, executable: str, receiver: Receiver, packages: Path
) -> None:
    text, code, end = ENDS[name]
    result = run(["-c", text], environment(receiver, packages), executable)
    assert result.returncode == code
    assert receiver.record()["end"] == end


@pytest.mark.parametrize("executable", interpreters())
def test_an_interrupt_is_a_signal(executable: str, receiver: Receiver, packages: Path) -> None:
    code = "import numpy, os, signal; os.kill(os.getpid(), signal.SIGINT); input()"
    result = run(["-c", code], environment(receiver, packages), executable)
    assert result.returncode != 0
    assert receiver.record()["end"] == "signal"


def test_the_record_names_the_program_however_it_was_started(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    tool.mkdir()
    (tool / "__init__.py").write_text("")
    (tool / "__main__.py").write_text("import numpy\n")
    variables = environment(receiver, packages, tmp_path)
    run(["-m", "tool"], variables)
    assert receiver.record()["main"] == "-m tool"
    for arguments in (["-"], []):
        run([*arguments], variables, input=b"import numpy\n")
        assert receiver.record()["main"] == ""
    run([str(tool)], variables)
    assert receiver.record()["main"] == str(tool)
    run(["-m", "tool.__main__"], variables)
    assert receiver.record()["main"] == "-m tool"


def test_a_path_of_any_bytes_is_recorded(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    for name in [b'it\'s "quoted".py', b"line\nbreak.py", b"caf\xc3\xa9.py", b"latin-\xe9.py"]:
        path = os.path.join(os.fsencode(tmp_path), name)
        with open(path, "w") as file:
            file.write("import numpy\n")
        result = run([path], environment(receiver, packages))
        assert (result.returncode, result.stderr) == (0, b"")
        assert os.fsencode(receiver.record()["main"]) == path
