"""A cell run with and without the hook, and the differences."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from pathlib import Path
from typing import Any

from support.receiver import Receiver, environment

from hook.matrix.cells import Launch, Outcome, program
from hook.matrix.ends import ENDS
from hook.matrix.interpreters import Interpreter
from hook.matrix.place import Matrix
from hook.matrix.starts import OTHER_STARTS, STARTS

#: What is different in each process: where an object lies.
ADDRESS = re.compile(rb"0x[0-9a-f]{6,}")


Result = tuple[bytes, bytes, int]


#: A child that another thread forks has, until it is another program, the file open that is just
#: being written here; and a file that is open for writing cannot be run (ETXTBSY).
FORKING = threading.Lock()


def perform(launch: Launch, shell: str, variables: dict[str, str], directory: Path) -> Result:
    command = [launch.executable, *launch.arguments]
    if shell:
        command = ["/bin/sh", "-c", f'{shell}; exec "$0" "$@"', *command]
    with FORKING:
        process = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=directory,
        )
    with process:
        try:
            output, errors = process.communicate(launch.input, timeout=60)
        except BaseException:
            process.kill()
            raise
    return ADDRESS.sub(b"0x", output), ADDRESS.sub(b"0x", errors), process.returncode


def traces(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def run_cell(
    matrix: Matrix, interpreter: Interpreter, start: str, end: str, outcome: Outcome
) -> list[str]:
    """Run a cell with and without the hook; return what is not as it is to be."""
    situation = matrix.situation(interpreter)
    here, how = situation.directory, ENDS[end]
    way = {**STARTS, **OTHER_STARTS}[start]
    with FORKING:
        launch = way.prepare(situation, program(how), how.options)
    trace_dir = matrix.root / f"{here.name}-traces"
    trace_dir.mkdir()
    trace_dir.chmod(0o1777)
    receiver = Receiver()
    try:
        chosen = {"CUSTOMS_SERVER": receiver.url, "CUSTOMS_TRACE_DIR": str(trace_dir)}
        places = {"here": here, "read_only": matrix.read_only, "full": matrix.full}
        chosen.update({name: text.format(**places) for name, text in how.variables.items()})
        results: list[Result] = []
        for search in (matrix.nothing, matrix.tree):
            variables = environment(None, search, matrix.packages, **chosen)
            results.append(perform(launch, how.shell, variables, here))
        datagrams = receiver.datagrams()
    finally:
        receiver.close()
    bare, hooked = results
    complaints = differences(bare, hooked, outcome)
    records = [json.loads(datagram[datagram.index(b"{") :]) for datagram in datagrams]
    if len(records) != outcome.records:
        complaints.append(f"{len(records)} records, not {outcome.records}")
    expected: dict[str, Any] = {"main": launch.main, "end": outcome.end}
    expected["packages"] = dict(outcome.packages)
    if outcome.direct is not None:
        expected["direct"] = list(outcome.direct)
    for record in records:
        said = {key: record.get(key) for key in expected}
        # a byte that is not UTF-8 is a lone surrogate in both
        if said != expected:
            complaints.append(f"{said} recorded, not {expected}")
    left = traces(trace_dir)
    if len(left) != outcome.traces:
        complaints.append(f"{len(left)} traces left, not {outcome.traces}")
    for path in left:
        main, names = read_trace(path)
        if (main, names) != (launch.main, dict(outcome.packages)):
            complaints.append(f"the trace has {main!r} and {names}")
    return complaints


def differences(bare: Result, hooked: Result, outcome: Outcome) -> list[str]:
    names = ("stdout", "stderr", "returncode")
    return [
        f"{name} is {theirs!r} without and {ours!r} with the hook"
        for name, theirs, ours in zip(names, bare, hooked)
        if name in outcome.compared and theirs != ours
    ]


def read_trace(path: Path) -> tuple[str, dict[str, str | None]]:
    """Return the program and the packages that a trace names."""
    record: dict[str, Any] = {}
    names: dict[str, str | None] = {}
    for line in path.read_text().splitlines():
        if line.startswith("{"):
            record.update(json.loads(line))
        else:
            name, _, version = line.partition(" ")
            names[name] = version or None
    return record.get("main", "no main"), names
