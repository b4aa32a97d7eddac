"""A signal that comes while the hook is at work is the program's, and reaches it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.receiver import Receiver, environment, interpreters, run

#: Sends the signal when the hook loads a part of itself, or makes its trace: both use `os`.
PROGRAM = """\
import os, signal, sys

def handler(*_):
    {handler}

signal.signal(signal.SIGALRM, handler)
ordinary = os.{function}

def sends_signal(*arguments, **options):
    os.{function} = ordinary
    os.kill(os.getpid(), signal.{signal})
    for _ in range(10):
        pass
    return ordinary(*arguments, **options)

os.{function} = sends_signal
try:
    import numpy
    for _ in range(1000):
        # from Python 3.15 on it is raised when the program next calls something
        os.getpid()
except Exception as error:
    print("caught", type(error).__name__, error)
except KeyboardInterrupt:
    print("interrupted")
else:
    print("nothing")
print(os.{function} is ordinary)
"""


@pytest.mark.parametrize("executable", interpreters())
@pytest.mark.parametrize("function", ["open", "lstat"])
@pytest.mark.parametrize(
    ("signal", "handler", "output", "status"),
    [
        ("SIGALRM", "raise KeyError('mine')", b"caught KeyError 'mine'\nTrue\n", 0),
        ("SIGALRM", "raise TimeoutError('mine')", b"caught TimeoutError mine\nTrue\n", 0),
        ("SIGALRM", "sys.exit(7)", b"", 7),
        ("SIGINT", "pass", b"interrupted\nTrue\n", 0),
        ("SIGALRM", "pass", b"nothing\nTrue\n", 0),
    ],
    ids=["exception", "like the hook's own", "exit", "Ctrl-C", "nothing raised"],
)
def test_what_a_handler_raises_is_raised_in_the_program(
    executable: str,
    function: str,
    signal: str,
    handler: str,
    output: bytes,
    status: int,
    receiver: Receiver,
    packages: Path,
    tmp_path: Path,
) -> None:
    variables = environment(receiver, packages, CUSTOMS_TRACE_DIR=str(tmp_path))
    program = PROGRAM.format(function=function, signal=signal, handler=handler)
    result = run(["-c", program], variables, executable)
    assert (result.stdout, result.stderr, result.returncode) == (output, b"", status)
    records = receiver.records()
    if function == "open" and output[:7] != b"nothing":
        # raised while numpy was searched for: it was not imported
        assert records == []
    else:
        assert ["numpy" in record["packages"] for record in records] == [True]
