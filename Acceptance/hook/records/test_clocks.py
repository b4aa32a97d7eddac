"""A program may stop its clock: its record has the times of the real one."""

from __future__ import annotations

import importlib.util
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver, environment, interpreters, pypy, run

from hook.sweeps import boot_time

ALL = interpreters() + pypy()

#: Puts others in the place of the clock's functions, wherever a module has them, as freezegun does.
FREEZE = """\
import sys, time
names = "time time_ns monotonic monotonic_ns clock_gettime gmtime localtime strftime".split()
real = {id(getattr(time, name)) for name in names if hasattr(time, name)}
def fake(*arguments):
    raise SystemExit("the program's own clock was asked")
for module in list(sys.modules.values()):
    for name, value in list(getattr(module, "__dict__", {}).items()):
        if id(value) in real:
            setattr(module, name, fake)
"""


def check(record: dict[str, Any]) -> None:
    assert 0 <= record["elapsed"] < 60
    moment = datetime.fromisoformat(record["event_timestamp"].replace("Z", "+00:00"))
    assert abs(datetime.now(timezone.utc) - moment).total_seconds() < 60


@pytest.mark.parametrize("executable", ALL)
@pytest.mark.parametrize("order", ["import, then stop", "stop, then import"])
def test_a_record_has_real_times_under_a_stopped_clock(
    order: str, executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    parts = ["import numpy\n", FREEZE]
    code = "".join(parts if order.startswith("import") else reversed(parts))
    variables = environment(receiver, packages, CUSTOMS_TRACE_DIR=str(tmp_path))
    result = run(["-c", code], variables, executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    check(receiver.record())


@pytest.mark.parametrize("executable", ALL)
def test_a_trace_has_its_real_start_under_a_stopped_clock(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    variables = environment(receiver, packages, CUSTOMS_TRACE_DIR=str(traces))
    code = FREEZE + "import numpy, os; os.kill(os.getpid(), 9)"
    before = boot_time()
    assert run(["-c", code], variables, executable).returncode == -9
    (trace,) = [path for path in traces.rglob("*") if path.is_file()]
    head = trace.read_text().splitlines()[0]
    started = float(head.partition('"started":')[2].partition(",")[0].rstrip("}"))
    assert before - 1 < started < boot_time() + 1


@pytest.mark.parametrize(
    ("library", "code"),
    [
        ("freezegun", "freezegun.freeze_time('2012-01-14').start()"),
        ("time_machine", "time_machine.travel('2012-01-14', tick=False).start()"),
    ],
)
@pytest.mark.parametrize("order", ["first", "last"])
def test_records_have_real_times_under_libraries_that_stop_the_clock(
    order: str, library: str, code: str, receiver: Receiver, packages: Path
) -> None:
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        pytest.skip(f"{library} is not installed beside these tests")
    lines = [f"import {library}; {code}", "import numpy"]
    text = "\n".join(lines if order == "first" else reversed(lines))
    result = run(["-c", text], environment(receiver, packages))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    check(receiver.record())
