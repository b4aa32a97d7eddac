"""The interpreters of the matrix, with their own descriptions."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from support.receiver import interpreters, old_interpreters, pypy


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


ALL = [inspect(executable) for executable in interpreters() + pypy() + old_interpreters()]


#: The newest of each kind and version, not the system's own if there is another.
ONE_OF_EACH = list(
    {
        (i.implementation, i.version): i
        for i in sorted(ALL, key=lambda i: (not i.is_system, i.micro))
    }.values()
)


def identifier(value: object) -> str:
    return value.name if isinstance(value, Interpreter) else str(value)
