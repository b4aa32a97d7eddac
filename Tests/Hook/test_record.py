"""What the record says."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from receiver import Receiver, environment, interpreters, run

KEYS = {
    "v", "id", "event_timestamp", "elapsed", "host", "pid", "ppid", "username", "uid", "executable",
    "prefix", "python", "implementation", "main", "packages", "direct", "end", "is_compute",
    "is_shifter", "is_staff", "container", "system", "subsystem", "cluster", "job_id", "step_id",
    "array_job_id", "array_task_id", "het_group", "restart", "num_nodes", "num_tasks", "rank",
    "qos", "repo", "partition", "part", "parts",
}  # fmt: skip


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
    assert set(record) <= KEYS
    assert record["v"] == 1
    assert len(record["id"]) == 32 and int(record["id"], 16) >= 0
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
    assert record["packages"] == {"numpy": "1.26.4"}
    assert record["direct"] == ["numpy"]
    assert record["main"] == "-c"


def test_identities_differ(receiver: Receiver, packages: Path) -> None:
    for _ in range(3):
        run(["-c", "import numpy"], environment(receiver, packages))
    assert len({record["id"] for record in receiver.records()}) == 3


def test_nothing_watched_sends_nothing(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import json, colorsys"], environment(receiver, packages))
    assert receiver.datagrams() == []


def test_a_module_set_to_none_was_not_imported(receiver: Receiver, packages: Path) -> None:
    code = "import sys, numpy; sys.modules['scipy'] = None"
    run(["-c", code], environment(receiver, packages))
    assert list(receiver.record()["packages"]) == ["numpy"]


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


def test_a_submodule_counts_under_its_own_name(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import astropy.io.fits"], environment(receiver, packages))
    assert sorted(receiver.record()["packages"]) == ["astropy", "astropy.io.fits"]


@pytest.mark.parametrize(
    ("text", "code", "end"),
    [
        ("import numpy", 0, "exit"),
        ("import numpy, sys; sys.exit(3)", 3, "exit"),
        ("import numpy; raise ValueError('x')", 1, "exception"),
    ],
)
def test_ends(text: str, code: int, end: str, receiver: Receiver, packages: Path) -> None:
    result = run(["-c", text], environment(receiver, packages))
    assert result.returncode == code
    assert receiver.record()["end"] == end


def test_ways_to_start(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.mkdir()
    (tool / "__init__.py").write_text("")
    (tool / "__main__.py").write_text("import numpy\n")
    variables = environment(receiver, packages, tmp_path)
    run(["-m", "tool"], variables)
    assert receiver.record()["main"] == "-m tool"
    run(["-"], variables, input=b"import numpy\n")
    assert receiver.record()["main"] == ""
    run([str(tool)], variables)
    assert receiver.record()["main"] == str(tool)


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


def test_a_container_is_told(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import numpy"], environment(receiver, packages, SHIFTER_RUNTIME="1"))
    record = receiver.record()
    assert (record["container"], record["is_shifter"]) == ("shifter", True)


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
    run(["-c", code], environment(receiver, tmp_path, CUSTOMS_PACKAGES=str(listing)))
    records = receiver.records()
    assert len(records) > 1
    assert {record["id"] for record in records} == {records[0]["id"]}
    assert [record["part"] for record in records] == list(range(1, len(records) + 1))
    assert {record["parts"] for record in records} == {len(records)}
    united = {name: version for r in records for name, version in r["packages"].items()}
    assert united == {name: f"{len(name)}.0" for name in names}
    assert sorted(name for record in records for name in record["direct"]) == names


def test_a_record_of_many_packages_fits_one_frame(receiver: Receiver, packages: Path) -> None:
    run(["-c", "import pandas, astropy.io.fits"], environment(receiver, packages, **JOB))
    (datagram,) = receiver.datagrams()
    assert len(datagram) <= 1472


def test_the_name_of_the_user_is_a_claim(receiver: Receiver, packages: Path) -> None:
    variables = environment(receiver, packages, LOGNAME="bob")
    variables.pop("USER", None)
    run(["-c", "import numpy"], variables)
    assert receiver.record()["username"] == "bob"
    assert getpass.getuser()


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
