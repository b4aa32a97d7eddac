"""The length of records: parts, limits, and the order in which keys are left out."""

from __future__ import annotations

import json
from pathlib import Path

from support.receiver import Receiver, environment, run

from hook.records.contract import MAXIMUM, assert_kept, compact
from hook.records.programs import JOB, script


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


def test_every_part_says_that_nothing_was_direct(receiver: Receiver, tmp_path: Path) -> None:
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


def test_the_least_important_keys_are_left_out_first(receiver: Receiver, tmp_path: Path) -> None:
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
