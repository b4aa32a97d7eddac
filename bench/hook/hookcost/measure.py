"""Counts and times of one program under each of several hooks."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hookcost.cases import Case
from hookcost.hooks import OURS, Hook
from hookcost.programs import Programs

#: The system calls that take a path, or a descriptor that a path has opened. A few of them also
#: take sockets (close, fcntl), which this count cannot tell apart.
_FILE_CALLS = """
access chdir chmod close creat dup faccessat faccessat2 fchdir fchmod fchmodat fcntl flock fstat
fstatfs ftruncate getcwd getdents getdents64 ioctl link linkat lseek lstat mkdir mkdirat
newfstatat open openat openat2 pread64 pwrite64 read readlink readlinkat rename renameat
renameat2 rmdir stat statfs statx symlink symlinkat unlink unlinkat write writev
"""
#: The system calls that allocate and free memory. In a big program, a few more objects shift the
#: allocator's calls by tens in either direction, whatever the hook does.
_MEMORY_CALLS = "brk mmap munmap mremap madvise"


class Failed(Exception):
    """An error of the measurement itself."""


@dataclass(frozen=True)
class Cost:
    """The counts and times of a program from start to end under one hook."""

    hook: str
    syscalls: int
    file_calls: int
    memory_calls: int
    instructions: int
    #: Median over layouts of memory of the difference from a run without a hook. A layout shifts
    #: the difference by 0.15 million in either direction for numpy, and by a million in a big
    #: program: freeing an object takes a few instructions more or less with its place in an arena
    #: of Python's allocator, whatever the hook does, and hash tables collide differently.
    added_instructions: int
    modules: frozenset[str]
    datagrams: int
    milliseconds: float
    #: Median over pairs of runs of this run's time divided by that without a hook.
    ratio: float
    #: Did the hook work correctly, every time? Otherwise these figures mean nothing.
    is_sound: bool


def measure(
    programs: Programs, case: Case, hooks: Sequence[Hook], *, repeats: int, pairs: int
) -> list[Cost]:
    """Measures a case under each hook; the others are compared with the first one."""
    modules = {}
    datagrams = {}
    for hook in hooks:
        # this run also fills the page cache and writes missing .pyc files
        _, datagrams[hook.name] = programs.run(case, hook)
        modules[hook.name] = _modules(programs, case, hook)
    times = _times(programs, case, hooks, pairs)
    base = times[hooks[0].name]
    plain: list[int] = []
    costs = []
    for hook in hooks:
        _say(f"{case.name} {programs.venv.kind}, {hook.name}: counting")
        calls = [_syscalls(programs, case, hook) for _ in range(repeats)]
        mine = times[hook.name]
        layouts = repeats if case.is_long else 3 * repeats
        instructions = [_instructions(programs, case, hook, seed) for seed in range(layouts)]
        plain = plain or instructions
        costs.append(
            Cost(
                hook=hook.name,
                syscalls=_middle(calls, lambda counts: sum(counts.values())),
                file_calls=_middle(calls, _calls_of(_FILE_CALLS)),
                memory_calls=_middle(calls, _calls_of(_MEMORY_CALLS)),
                instructions=int(median(instructions)),
                added_instructions=int(
                    median(own - other for own, other in zip(instructions, plain))
                ),
                modules=modules[hook.name],
                datagrams=datagrams[hook.name],
                milliseconds=median(mine) * 1000,
                ratio=median(own / other for own, other in zip(mine, base)),
                is_sound=(case.name, hook.name) not in programs.unsound,
            )
        )
    return costs


def _modules(programs: Programs, case: Case, hook: Hook) -> frozenset[str]:
    """Returns the names in sys.modules as the program's own code sees them.

    On the way it checks that our hook has left its trace by then, if one is due: without the trace
    the figures would be too low.
    """
    look = f"sum(len(files) for _, _, files in os.walk({str(programs.traces)!r}))"
    code = (
        f"{case.code}\nimport sys\nnames = sorted(sys.modules)\n"
        f"import json, os\nprint(json.dumps([names, {look}]))"
    )
    output, _ = programs.run(case, hook, code=code)
    if not output:
        return frozenset()
    names, traces = json.loads(output)
    due = 1 if hook.name == OURS and case.is_watched else 0
    if traces != due:
        programs.complain(case, hook, f"{traces} traces while it runs, not {due}")
    return frozenset(names)


def _times(
    programs: Programs, case: Case, hooks: Sequence[Hook], pairs: int
) -> dict[str, list[float]]:
    """Times rounds in which every hook runs once, in another order each round."""
    _say(f"{case.name} {programs.venv.kind}: {pairs} rounds of {len(hooks)} runs")
    times: dict[str, list[float]] = {hook.name: [] for hook in hooks}
    for number in range(pairs):
        turn = number % len(hooks)
        order = [*hooks[turn:], *hooks[:turn]]
        for hook in order if number % 2 == 0 else reversed(order):
            began = time.perf_counter()
            programs.run(case, hook)
            times[hook.name].append(time.perf_counter() - began)
    return times


def _syscalls(programs: Programs, case: Case, hook: Hook) -> Counter[str]:
    report = programs.directory / "strace"
    programs.run(case, hook, tool=("strace", "-f", "-c", "-o", str(report)))
    return parse_strace(_take(report))


def parse_strace(text: str) -> Counter[str]:
    """Reads the calls of the summary that `strace -c` prints: the fourth column.

    The fifth, errors, is blank where there were none.
    """
    counts: Counter[str] = Counter()
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            counts[fields[-1]] += int(fields[3])
    return counts


def _calls_of(names: str) -> Callable[[Counter[str]], int]:
    return lambda counts: sum(counts[name] for name in names.split())


def _instructions(programs: Programs, case: Case, hook: Hook, seed: int) -> int:
    report = programs.directory / "valgrind"
    tool = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
    programs.run(case, hook, tool=("valgrind", *tool, f"--log-file={report}"), seed=seed)
    found = re.search(r"I\s+refs:\s+([\d,]+)", _take(report))
    if found is None:
        raise Failed(f"valgrind did not count the instructions of {case.name}, {hook.name}")
    return int(found[1].replace(",", ""))


def _take(path: Path) -> str:
    if not path.exists():
        raise Failed(f"{path.name} wrote no report")
    text = path.read_text(encoding="utf-8")
    path.unlink()
    return text


def _middle(counts: list[Counter[str]], number: Callable[[Counter[str]], int]) -> int:
    return int(median(map(number, counts)))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
