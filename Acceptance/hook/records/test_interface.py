"""The published interface: Check, Inspector, Reporter, register_exit_hook, and the reporters."""

from __future__ import annotations

import json
import pickle
import sys
import uuid
from pathlib import Path

import pytest
from support.receiver import HOOK, Receiver, environment, interpreters, pypy, run

sys.path.insert(0, str(HOOK))
from customs_hook.core import Check, Inspector, Reporter, create_check, create_checks
from customs_hook.reporters import (
    FileReporter,
    JSONFileReporter,
    PickleReporter,
    PrintReporter,
    TextFileReporter,
)


def test_checks_are_equal_by_name() -> None:
    one, other = Check("a", lambda modules: True), Check("a", lambda modules: False)
    assert one == other and hash(one) == hash(other)
    assert one != Check("b", one.pred) and one != "a"


def test_the_inspector_sorts_and_the_first_of_a_name_counts() -> None:
    inspect = Inspector(
        [
            Check("z", lambda modules: "z" in modules),
            Check("a", lambda modules: True),
            Check("a", lambda modules: False),
            Check("broken", lambda modules: modules.no_such_thing),
        ]
    )
    assert inspect({"z": 1}) == ["a", "z"]
    assert inspect({}) == ["a"]


def test_a_reporter_is_abstract() -> None:
    with pytest.raises(NotImplementedError):
        Reporter()(["numpy"])


def test_each_reporter_writes_its_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    PrintReporter()(["a", "b"])
    assert capsys.readouterr().out == "['a', 'b']\n"
    PickleReporter(str(tmp_path / "p"))(["a"])
    assert pickle.loads((tmp_path / "p").read_bytes()) == ["a"]
    TextFileReporter(str(tmp_path / "t"))(["a", "b"])
    assert (tmp_path / "t").read_text() == "a\nb\n"
    JSONFileReporter(str(tmp_path / "j"))(["a"])
    assert json.loads((tmp_path / "j").read_text()) == ["a"]


@pytest.mark.parametrize(
    ("reporter", "extension"),
    [(PickleReporter, "pkl"), (TextFileReporter, "txt"), (JSONFileReporter, "json")],
)
def test_the_default_file_has_a_random_name(
    reporter: type[FileReporter],
    extension: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    reporter()(["a"])
    reporter()(["a"])
    paths = list(tmp_path.iterdir())
    assert len(paths) == 2
    for path in paths:
        prefix, _, name = path.stem.partition("-")
        assert (prefix, path.suffix) == ("customs", f".{extension}")
        assert uuid.UUID(name, version=4).hex == name


def test_a_file_reporter_without_an_extension_is_abstract() -> None:
    with pytest.raises(NotImplementedError):
        FileReporter()


def test_checks_are_made_of_names_and_pairs() -> None:
    checks = create_checks(["b", ("a", lambda modules: "x" in modules), 32, ("b", len), "a", None])
    assert [check.name for check in checks] == ["a", "b"]
    # the first of a name counts
    assert checks[0]({"x": 1}) and not checks[0]({"a": 1})
    assert checks[1]({"b": 1}) and not checks[1]({"c": 1})
    assert create_check(32) is None and create_check(("a", 3)) is None


REGISTER = """
import sys; sys.path.insert(0, {hook!r})
from customs_hook.core import Reporter, register_exit_hook
from customs_hook.reporters import PrintReporter, SyslogReporter
class Failing(Reporter):
    def __call__(self, imports): raise RuntimeError("nobody may see this")
{rest}
"""


def registered(rest: str, receiver: Receiver, packages: Path) -> tuple[int, bytes, bytes]:
    code = REGISTER.format(hook=str(HOOK), rest=rest)
    result = run(["-c", code], environment(None, packages, CUSTOMS_SERVER=receiver.url))
    return result.returncode, result.stdout, result.stderr


def test_names_and_predicates_are_checked_and_nonsense_is_ignored(
    receiver: Receiver, packages: Path
) -> None:
    rest = (
        "register_exit_hook(['numpy', 'scipy', 'json', ('mine', lambda m: 'numpy' in m),\n"
        "    ('never', lambda m: False), 7, ('short',), None], PrintReporter)\n"
        "import numpy"
    )
    assert registered(rest, receiver, packages) == (0, b"['mine', 'numpy']\n", b"")


def test_a_raising_reporter_is_silent(receiver: Receiver, packages: Path) -> None:
    assert registered("register_exit_hook(['sys'], Failing)", receiver, packages) == (0, b"", b"")


def test_a_raising_predicate_hides_no_other(receiver: Receiver, packages: Path) -> None:
    rest = "register_exit_hook([('x', lambda m: 1 / 0), 'sys'], PrintReporter)"
    assert registered(rest, receiver, packages) == (0, b"['sys']\n", b"")


def test_the_syslog_reporter_sends_the_record(receiver: Receiver, packages: Path) -> None:
    rest = f"register_exit_hook(['numpy'], SyslogReporter, [{receiver.url!r}])\nimport numpy"
    assert registered(rest, receiver, packages) == (0, b"", b"")
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}


def test_a_module_set_to_none_does_not_count(receiver: Receiver, packages: Path) -> None:
    rest = "register_exit_hook(['numpy', 'sys'], PrintReporter)\nsys.modules['numpy'] = None"
    assert registered(rest, receiver, packages) == (0, b"['sys']\n", b"")


@pytest.mark.parametrize(
    "variables",
    [
        {"CUSTOMS_OPT_OUT": "1"},
        {"OMPI_COMM_WORLD_RANK": "1"},
    ],
)
def test_the_syslog_reporter_heeds_opt_out_and_rank(
    variables: dict[str, str], receiver: Receiver, packages: Path
) -> None:
    rest = f"register_exit_hook(['numpy'], SyslogReporter, [{receiver.url!r}])\nimport numpy"
    code = REGISTER.format(hook=str(HOOK), rest=rest)
    assert run(["-c", code], environment(None, packages)).returncode == 0
    assert len(receiver.datagrams()) == 1
    assert run(["-c", code], environment(None, packages, **variables)).returncode == 0
    assert receiver.datagrams() == []


def test_a_forked_child_does_not_report_again(receiver: Receiver, packages: Path) -> None:
    rest = (
        "register_exit_hook(['numpy'], PrintReporter)\n"
        "import numpy, os, sys\n"
        "if os.fork() == 0: sys.exit(0)\n"
        "os.wait()"
    )
    assert registered(rest, receiver, packages) == (0, b"['numpy']\n", b"")


@pytest.mark.parametrize("executable", interpreters() + pypy())
def test_the_package_itself_has_the_published_names(
    executable: str, receiver: Receiver, packages: Path
) -> None:
    """The hook's package is found without being on the search path."""
    code = (
        "import sys, customs_hook\n"
        "if sys.version_info >= (3, 7): assert 'customs_hook.core' not in sys.modules\n"
        "names = {'Check', 'Inspector', 'Reporter', 'register_exit_hook'}\n"
        "assert names <= set(dir(customs_hook))\n"
        "from customs_hook import Check, Inspector, Reporter, register_exit_hook\n"
        "from customs_hook import core\n"
        "assert Reporter is core.Reporter and not hasattr(customs_hook, 'nothing')\n"
        "class Printing(Reporter):\n"
        "    def __call__(self, imports): print(imports)\n"
        "register_exit_hook(['numpy', ('mine', lambda modules: True)], Printing)\n"
        "import numpy\n"
    )
    result = run(["-c", code], environment(receiver, packages), executable)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == b"['mine', 'numpy']\n"
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}
