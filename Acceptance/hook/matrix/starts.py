"""Ways to start a program, and the interpreters that lack one."""

from __future__ import annotations

import importlib.util
import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

from hook.matrix.cells import Launch, Preparation, Situation, Start
from hook.matrix.interpreters import Interpreter


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
