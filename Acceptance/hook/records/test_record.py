"""The record of a process: its facts, its packages and their versions."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.receiver import Receiver, environment, interpreters, run

from hook.records.contract import assert_kept
from hook.records.programs import script


def test_a_program_with_watched_packages_sends_a_full_record(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    path = script(tmp_path, "import scipy\nfrom numpy import array\n")
    variables = environment(receiver, packages, USER="alice", TOKEN="secret")
    result = run([path, "--secret"], variables)
    record = receiver.record()
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert_kept(record)
    always = {"v", "id", "event_timestamp", "elapsed", "host", "pid", "ppid", "uid", "executable"}
    always |= {"prefix", "python", "implementation", "main", "packages", "direct", "end"}
    assert always <= set(record)
    sent = datetime.datetime.fromisoformat(record["event_timestamp"].replace("Z", "+00:00"))
    assert abs(datetime.datetime.now(datetime.timezone.utc) - sent).total_seconds() < 60
    assert record["packages"] == {"numpy": "1.26.4", "scipy": "1.11.1"}
    assert record["direct"] == ["numpy", "scipy"]
    assert record["main"] == path
    assert record["end"] == "exit"
    assert record["username"] == "alice"
    assert record["uid"] == os.getuid()
    assert record["python"] == platform.python_version().rstrip("+")
    assert record["implementation"] == sys.implementation.name
    assert record["host"] == os.uname().nodename
    assert 0 <= record["elapsed"] < 60
    assert record["is_compute"] is False
    assert "secret" not in str(record)


@pytest.mark.parametrize("executable", interpreters())
def test_every_interpreter_sends_a_full_record(
    executable: str, receiver: Receiver, packages: Path
) -> None:
    result = run(["-c", "import numpy"], environment(receiver, packages), executable)
    record = receiver.record()
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert_kept(record)
    assert record["packages"] == {"numpy": "1.26.4"}
    assert record["direct"] == ["numpy"]
    assert record["main"] == "-c"
    facts = "import sys; print(sys.executable, sys.prefix, '%d.%d.%d' % sys.version_info[:3])"
    told = run(["-c", facts], environment(None), executable).stdout.decode().split()
    assert [record["executable"], record["prefix"], record["python"]] == told


def test_elapsed_is_the_time_since_the_start(receiver: Receiver, packages: Path) -> None:
    begin = time.monotonic()
    run(["-c", "import numpy, time; time.sleep(0.5)"], environment(receiver, packages))
    assert 0.49 <= receiver.record()["elapsed"] <= time.monotonic() - begin + 0.02


def test_the_message_names_the_process(receiver: Receiver, packages: Path) -> None:
    result = run(["-c", "import numpy, os; print(os.getpid())"], environment(receiver, packages))
    (datagram,) = receiver.datagrams()
    header, _, body = datagram.partition(b" {")
    _, timestamp, host, name, pid, kind, structured = header.split()
    record = json.loads(b"{" + body)
    assert (name, kind, structured) == (b"customs", b"imports", b"-")
    assert int(pid) == record["pid"] == int(result.stdout)
    assert timestamp.decode() == record["event_timestamp"]
    assert host.decode() == record["host"]


def test_each_record_has_an_id_of_its_own(receiver: Receiver, packages: Path) -> None:
    for _ in range(3):
        run(["-c", "import numpy"], environment(receiver, packages))
    assert len({record["id"] for record in receiver.records()}) == 3


def test_nothing_watched_sends_nothing(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import json, colorsys"], environment(receiver, packages))
    assert receiver.datagrams() == []


@pytest.mark.parametrize("executable", interpreters())
def test_packages_found_before_the_hook_are_recorded(
    executable: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    """Its directory is not the first of the search, and an import may come before it at start."""
    own = tmp_path / "own"
    own.mkdir()
    # beside the program, whose directory the search begins with
    (own / "program.py").write_text("import astropy")
    (own / "astropy.py").write_text('__version__ = "7"')
    run([str(own / "program.py")], environment(receiver), executable)
    assert receiver.record()["packages"] == {"astropy": "7"}

    variables = environment(receiver)
    variables["PYTHONPATH"] = f"{packages}:{variables['PYTHONPATH']}"
    run(["-c", "import numpy"], variables, executable)
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}

    # what a .pth file does: site reads them before it imports sitecustomize
    start = "import site; site.main()"
    # (-s: for a usercustomize, which comes next, the hook would be asked)
    options = ["-s", "-S", "-c"]
    run([*options, f"import multiprocessing; {start}"], environment(receiver), executable)
    assert receiver.record()["packages"] == {"multiprocessing": None}
    code = f"import numpy; {start}; import sitecustomize as s; print(getattr(s, 'watched', s))"
    # where nothing else is called sitecustomize, but for the distribution's
    result = run([*options, code], environment(receiver, packages), executable, cwd=tmp_path)
    assert result.stdout == b"None\n" or b"/usr/lib/" in result.stdout
    assert receiver.record()["packages"] == {"numpy": "1.26.4"}


def test_a_module_set_to_none_was_not_imported(receiver: Receiver, packages: Path) -> None:
    code = "import sys, numpy; sys.modules['scipy'] = None"
    run(["-c", code], environment(receiver, packages))
    assert list(receiver.record()["packages"]) == ["numpy"]


def test_a_lazy_module_that_is_not_loaded_was_not_imported(
    receiver: Receiver, packages: Path
) -> None:
    lazy = (
        "import importlib.util, numpy, sys\n"
        "spec = importlib.util.find_spec('scipy')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "scipy = sys.modules['scipy'] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(scipy)\n"
    )
    run(["-c", lazy], environment(receiver, packages))
    assert sorted(receiver.record()["packages"]) == ["numpy"]
    run(["-c", lazy + "scipy.__version__"], environment(receiver, packages))
    assert sorted(receiver.record()["packages"]) == ["numpy", "scipy"]


def test_versions_are_taken_only_where_no_code_runs(receiver: Receiver, packages: Path) -> None:
    result = run(["-c", "import matplotlib, pandas"], environment(receiver, packages))
    assert result.stderr == b""
    found = receiver.record()["packages"]
    assert found["matplotlib"] is None
    assert found["pandas"] is None


def test_a_submodule_counts_under_its_own_name(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import astropy.io.fits"], environment(receiver, packages))
    assert sorted(receiver.record()["packages"]) == ["astropy", "astropy.io.fits"]


def test_the_real_numpy_has_its_version(receiver: Receiver) -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed beside these tests")
    run(["-c", "import numpy"], environment(receiver))
    assert receiver.record()["packages"]["numpy"] == numpy.__version__


def test_the_username_is_taken_from_the_environment(receiver: Receiver, packages: Path) -> None:
    variables = environment(receiver, packages, LOGNAME="bob")
    variables.pop("USER", None)
    run(["-c", "import numpy"], variables)
    assert receiver.record()["username"] == "bob"


def test_children_report_for_themselves(receiver: Receiver, packages: Path) -> None:
    code = "import numpy, subprocess, sys; subprocess.run([sys.executable, '-c', 'import scipy'])"
    run(["-c", code], environment(receiver, packages))
    found = sorted(list(record["packages"]) for record in receiver.records())
    assert found == [["numpy"], ["numpy", "scipy"]]


def test_the_tests_see_what_a_subprocess_sends(receiver: Receiver) -> None:
    code = "import socket; socket.socket(2, 2).sendto(b'x', ('127.0.0.1', %s))"
    port = receiver.url.rpartition(":")[2]
    subprocess.run([sys.executable, "-c", code % port], check=True)
    assert receiver.datagrams() == [b"x"]
