"""What the record says."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.receiver import Receiver, environment, interpreters, pypy, run

NUMBER = (int, float)
#: The keys of the contract and the types of their values.
KEYS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("v", "pid", "ppid", "uid", "array_job_id", "array_task_id"), int),
    **dict.fromkeys(("het_group", "restart", "num_nodes", "num_tasks", "rank"), int),
    **dict.fromkeys(("part", "parts"), int),
    **dict.fromkeys(("is_compute", "is_shifter", "is_staff"), bool),
    **dict.fromkeys(("id", "event_timestamp", "host", "username", "executable", "prefix"), str),
    **dict.fromkeys(("python", "implementation", "main", "end", "container", "system"), str),
    **dict.fromkeys(("subsystem", "cluster", "job_id", "step_id", "qos", "repo"), str),
    **{"partition": str, "elapsed": NUMBER, "packages": dict, "direct": list},
}


def assert_kept(record: dict[str, Any]) -> None:
    """The record keeps the contract: its keys, their types, and what must be there."""
    for key, value in record.items():
        kind = KEYS[key]
        assert isinstance(value, kind), key
        assert isinstance(value, bool) is (kind is bool), key
    assert record["v"] == 1
    assert re.fullmatch("[0-9a-f]{32}", record["id"])
    assert all(isinstance(name, str) for name in record["packages"])
    assert all(isinstance(v, (str, type(None))) for v in record["packages"].values())
    assert set(record.get("direct", ())) <= set(record["packages"])


#: What the daemon accepts in one datagram, bytes of JSON.
MAXIMUM = 8192


def compact(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"))


def script(tmp_path: Path, text: str, name: str = "program.py") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_a_program_that_imports_something_watched(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    path = script(tmp_path, "import scipy\nfrom numpy import array\n")
    result = run([path, "--secret"], environment(receiver, packages, USER="alice"))
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
def test_a_start_in_a_directory_that_is_gone(
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


def test_identities_differ(receiver: Receiver, packages: Path) -> None:
    for _ in range(3):
        run(["-c", "import numpy"], environment(receiver, packages))
    assert len({record["id"] for record in receiver.records()}) == 3


def test_nothing_watched_sends_nothing(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import json, colorsys"], environment(receiver, packages))
    assert receiver.datagrams() == []


@pytest.mark.parametrize("executable", interpreters())
def test_what_is_found_before_the_hook_is_asked(
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


def test_transitive_imports_are_not_direct(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import pandas"], environment(receiver, packages))
    record = receiver.record()
    assert sorted(record["packages"]) == ["numpy", "pandas", "scipy"]
    assert record["direct"] == ["pandas"]


@pytest.mark.parametrize(
    "text",
    [
        "import scipy as sp",
        "from scipy import sub",
        "from scipy import function",
        "from scipy.sub import Abstract",
        "import scipy.sub",
        "from scipy import number",
        "def late():\n    from scipy import number\n    return number\nlate()",
    ],
)
def test_direct_use_by_whatever_form_of_import(
    text: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    scipy = packages / "scipy"
    (scipy / "__init__.py").write_text("import numpy\ndef function(): pass\nnumber = 3\n")
    (scipy / "sub.py").write_text("import abc\nclass Abstract(abc.ABC): pass\n")
    run(["-c", text], environment(receiver, packages))
    record = receiver.record()
    assert sorted(record["packages"]) == ["numpy", "scipy"]
    assert record["direct"] == ["scipy"]


def test_the_users_own_modules_are_user_code(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("import scipy\n")
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    (site / "library.py").write_text("import astropy\n")
    path = script(tmp_path, "import mine, library\n")
    run([path], environment(receiver, packages, site))
    record = receiver.record()
    assert sorted(record["packages"]) == ["astropy", "numpy", "scipy"]
    assert record["direct"] == ["scipy"]


def test_of_very_many_names_direct_use_is_not_known(receiver: Receiver, packages: Path) -> None:
    code = "import numpy; globals().update({'n%d' % n: n for n in range(20001)})"
    run(["-c", code], environment(receiver, packages))
    record = receiver.record()
    assert "numpy" in record["packages"]
    assert "direct" not in record


def test_a_submodule_counts_under_its_own_name(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import astropy.io.fits"], environment(receiver, packages))
    assert sorted(receiver.record()["packages"]) == ["astropy", "astropy.io.fits"]


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
def test_ends(name: str, executable: str, receiver: Receiver, packages: Path) -> None:
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


def test_ways_to_start(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
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


def test_paths_of_any_bytes(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    for name in [b'it\'s "quoted".py', b"line\nbreak.py", b"caf\xc3\xa9.py", b"latin-\xe9.py"]:
        path = os.path.join(os.fsencode(tmp_path), name)
        with open(path, "w") as file:
            file.write("import numpy\n")
        result = run([path], environment(receiver, packages))
        assert (result.returncode, result.stderr) == (0, b"")
        assert os.fsencode(receiver.record()["main"]) == path


JOB = {
    "SLURM_JOB_ID": "4242", "SLURM_STEP_ID": "0", "SLURM_ARRAY_JOB_ID": "4240",
    "SLURM_ARRAY_TASK_ID": "2", "SLURM_RESTART_COUNT": "1", "SLURM_JOB_NUM_NODES": "4",
    "SLURM_NTASKS": "8", "SLURM_JOB_QOS": "debug", "SLURM_JOB_ACCOUNT": "m1234",
    "SLURM_JOB_PARTITION": "regular", "SLURM_CLUSTER_NAME": "rig",
}  # fmt: skip


def test_a_job_is_told_from_its_variables(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, **JOB, SLURM_PROCID="0"))
    record = receiver.record()
    expected: dict[str, Any] = {
        "job_id": "4242", "step_id": "0", "array_job_id": 4240, "array_task_id": 2, "restart": 1,
        "num_nodes": 4, "num_tasks": 8, "qos": "debug", "repo": "m1234", "partition": "regular",
        "cluster": "rig", "rank": 0, "is_compute": True,
    }  # fmt: skip
    assert {key: record.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("variables", "sends"),
    [
        ({"SLURM_PROCID": "0", "SLURM_STEP_ID": "0"}, True),
        ({"SLURM_PROCID": "3", "SLURM_STEP_ID": "0"}, False),
        # a batch script: SLURM_PROCID and no step
        ({"SLURM_PROCID": "3"}, True),
        # under OpenMPI's mpirun SLURM_PROCID is the launching daemon's
        ({"OMPI_COMM_WORLD_RANK": "0", "SLURM_PROCID": "1", "SLURM_STEP_ID": "0"}, True),
        ({"OMPI_COMM_WORLD_RANK": "5", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0"}, False),
        # under Hydra PMIX_RANK is the proxy's
        ({"PMI_RANK": "0", "PMIX_RANK": "2"}, True),
        ({"PMI_RANK": "2", "PMIX_RANK": "0"}, False),
        ({"PALS_RANKID": "1"}, False),
        ({"MV2_COMM_WORLD_RANK": "1"}, False),
        ({"FLUX_TASK_RANK": "1"}, False),
        ({"OMPI_COMM_WORLD_RANK": "nonsense"}, True),
    ],
)
def test_only_rank_zero_sends(
    variables: dict[str, str], sends: bool, receiver: Receiver, packages: Path
) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, **variables))
    assert len(receiver.datagrams()) == int(sends)


#: From a real heterogeneous job of two components, Slurm 22.05: one of one node, one of two.
HET_JOB = {
    "SLURM_JOB_ID": "39",
    "SLURM_HET_SIZE": "2",
    "SLURM_JOB_NODELIST_HET_GROUP_0": "node02",
    "SLURM_JOB_NODELIST_HET_GROUP_1": "node[03-04]",
}


@pytest.mark.parametrize(
    ("nodes", "group"), [("node02", 0), ("node[03-04]", 1), ("node[02-04]", None)]
)
def test_a_component_of_a_heterogeneous_job(
    nodes: str, group: int | None, receiver: Receiver, packages: Path
) -> None:
    variables = environment(receiver, packages, **HET_JOB, SLURM_JOB_NODELIST=nodes)
    run(["-c", "import numpy"], variables)
    assert receiver.record().get("het_group") == group


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({"SHIFTER_RUNTIME": "1"}, "shifter"),
        ({"APPTAINER_NAME": "a.sif", "SINGULARITY_NAME": "a.sif"}, "apptainer"),
        ({"SINGULARITY_NAME": "a.sif"}, "singularity"),
        ({"CH_RUNNING": "Weird Al Yankovic"}, "charliecloud"),
        ({"container": "podman"}, "podman"),
    ],
)
def test_a_container_is_told(
    variables: dict[str, str], kind: str, receiver: Receiver, packages: Path
) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, **variables))
    record = receiver.record()
    assert record["container"] == kind
    assert record.get("is_shifter", False) is (kind == "shifter")


def test_values_that_are_no_numbers_are_left_out(receiver: Receiver, packages: Path) -> None:
    variables = {
        "SLURM_JOB_NUM_NODES": "many",
        "SLURM_NTASKS": "-1",
        "SLURM_RESTART_COUNT": "9" * 99,
    }
    run(["-c", "import numpy"], environment(receiver, packages, SLURM_JOB_ID="1", **variables))
    record = receiver.record()
    assert_kept(record)
    assert record["job_id"] == "1"
    assert not {"num_nodes", "num_tasks", "restart"} & set(record)


def test_the_real_numpy(receiver: Receiver) -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed beside these tests")
    run(["-c", "import numpy"], environment(receiver))
    assert receiver.record()["packages"]["numpy"] == numpy.__version__


def test_a_long_record_comes_in_parts(receiver: Receiver, tmp_path: Path) -> None:
    names = [f"package_{number:03}_with_a_rather_long_name" for number in range(300)]
    for name in names:
        (tmp_path / f"{name}.py").write_text(f'__version__ = "{len(name)}.0"\n')
    listing = tmp_path / "packages.txt"
    listing.write_text("\n".join(names))
    code = "import " + ", ".join(names)
    run(["-c", code], environment(receiver, tmp_path, CUSTOMS_PACKAGES=str(listing), **JOB))
    records = receiver.records()
    assert len(records) > 1
    for record in records:
        assert_kept(record)
        assert len(compact(record)) <= MAXIMUM
    assert records[0]["job_id"] == JOB["SLURM_JOB_ID"]
    assert {record["id"] for record in records} == {records[0]["id"]}
    assert [record["part"] for record in records] == list(range(1, len(records) + 1))
    assert {record["parts"] for record in records} == {len(records)}
    united = {name: version for r in records for name, version in r["packages"].items()}
    assert united == {name: f"{len(name)}.0" for name in names}
    assert sorted(name for record in records for name in record["direct"]) == names


def test_what_is_not_direct_is_known_in_every_part(receiver: Receiver, tmp_path: Path) -> None:
    names = [f"package_{number:03}_with_a_rather_long_name" for number in range(300)]
    for name in names:
        (tmp_path / f"{name}.py").write_text("")
    listing = tmp_path / "packages.txt"
    listing.write_text("\n".join(names))
    code = f"for name in {names}: __import__(name)"
    run(["-c", code], environment(receiver, tmp_path, CUSTOMS_PACKAGES=str(listing)))
    records = receiver.records()
    assert len(records) > 1
    assert all(record["direct"] == [] for record in records)


def test_no_record_is_too_long(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    directory = tmp_path
    for _ in range(12):
        directory /= "\u00fc" * 100
    directory.mkdir(parents=True)
    long = "\u20ac" * 20000
    names = ("JOB_ID", "STEP_ID", "CLUSTER_NAME", "JOB_QOS", "JOB_ACCOUNT", "JOB_PARTITION")
    variables = {f"SLURM_{name}": long for name in names}
    path = script(directory, "import numpy, sys\nsys.executable = sys.prefix = '\u20ac' * 9999\n")
    run([path], environment(receiver, packages, USER=long, LOGNAME=long, **variables))
    record = receiver.record()
    assert_kept(record)
    assert len(compact(record)) <= MAXIMUM
    assert path.startswith(record["main"]) and len(record["main"]) > 300
    assert long.startswith(record["qos"]) and record["packages"] == {"numpy": "1.26.4"}


def test_the_least_important_goes_first(receiver: Receiver, tmp_path: Path) -> None:
    names = [f"package_{number:03}" for number in range(60)]
    for name in names:
        (tmp_path / f"{name}.py").write_text("__version__ = '1'")
    listing = tmp_path / "packages.txt"
    listing.write_text("\n".join(names))
    found = []
    for count in range(60):
        code = "import sys, " + ", ".join(names[: count + 1])
        run(["-c", code], environment(receiver, tmp_path, CUSTOMS_PACKAGES=str(listing)))
        (datagram,) = receiver.datagrams()
        record = json.loads(datagram[datagram.index(b"{") :])
        assert len(record["packages"]) == count + 1
        found.append((len(datagram), "ppid" in record, "elapsed" in record, "prefix" in record))
    # whole while it fits, then with less, and whole again where less would not make it fit
    assert found[0][1:] == found[-1][1:] == (True, True, True)
    assert {(True, True, True), (False, False, False)} <= {tuple(kept) for _, *kept in found}
    # in this order: sorted, what is left out comes before what is kept
    assert all(kept == sorted(kept) for _, *kept in found)
    assert all(length <= 1452 for length, *kept in found if not all(kept))
    assert found[-1][0] > 1452


def test_a_record_of_many_packages_fits_one_frame(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import pandas, astropy.io.fits"], environment(receiver, packages, **JOB))
    (datagram,) = receiver.datagrams()
    assert len(datagram) <= 1472


def test_the_name_of_the_user_is_a_claim(receiver: Receiver, packages: Path) -> None:
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
