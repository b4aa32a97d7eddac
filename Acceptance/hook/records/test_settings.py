"""Settings of the site in the hook's own file, and of a process for itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from support.receiver import HOOK, Receiver, environment, install, interpreters, pypy, run

sys.path.insert(0, str(HOOK))
from customs_hook.record import rules

IMPORT: list[str | bytes] = ["-c", "import numpy"]


def test_a_record_goes_to_the_sites_server(receiver: Receiver, packages: Path, tree: Path) -> None:
    run(IMPORT, environment(None, tree, packages))
    assert list(receiver.record()["packages"]) == ["numpy"]


def test_the_sites_settings_hold_without_an_environment(
    receiver: Receiver, packages: Path, tree: Path
) -> None:
    code = "import os; os.environ.clear(); import numpy"
    result = run(["-c", code], environment(None, tree, packages))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert "username" not in receiver.record()


def test_the_environment_goes_before_the_site(
    receiver: Receiver, packages: Path, tree: Path
) -> None:
    other = Receiver()
    try:
        run(IMPORT, environment(None, tree, packages, CUSTOMS_SERVER=other.url))
        assert len(other.records()) == 1
        assert receiver.datagrams() == []
    finally:
        other.close()


def test_a_record_goes_to_a_unix_socket(packages: Path, tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "s")
    try:
        tree = install(tmp_path / "hook", servers=(receiver.url,))
        run(IMPORT, environment(None, tree, packages))
        assert list(receiver.record()["packages"]) == ["numpy"]
    finally:
        receiver.close()


def test_the_next_server_is_used_for_an_unreachable_one(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    servers = "unixgram:///nowhere", receiver.url, "nonsense"
    tree = install(tmp_path / "hook", servers=servers)
    for _ in range(8):
        run(IMPORT, environment(None, tree, packages))
    assert len(receiver.records()) == 8


def test_several_servers_share_the_processes(packages: Path, tmp_path: Path) -> None:
    receivers = Receiver(), Receiver()
    try:
        tree = install(tmp_path / "hook", servers=tuple(receiver.url for receiver in receivers))
        for _ in range(40):
            run(IMPORT, environment(None, tree, packages))
        counts = [len(receiver.records()) for receiver in receivers]
    finally:
        for receiver in receivers:
            receiver.close()
    assert sum(counts) == 40
    # one of them gets nothing in one run of 2 ** 39
    assert all(counts)


def test_a_list_of_packages_is_read() -> None:
    names, without, prefixes, predicates, errors = rules.parse(
        "# ours\n"
        "\n"
        "pyfoo   # from the group of foo\n"
        "xml.dom\n"
        "google.cloud.*\n"
        "-numpy\n"
        "mkl_used = 'mkl' in sys_modules or 'numpy#mkl' in sys_modules\n"
    )
    assert names == ["pyfoo", "xml.dom"]
    assert without == ["numpy"]
    assert prefixes == ["google.cloud."]
    assert predicates == [("mkl_used", "'mkl' in sys_modules or 'numpy#mkl' in sys_modules")]
    assert errors == []


@pytest.mark.parametrize(
    "line",
    ["import os", "..", "no-name", "*", ".*", "-", "- numpy", "x = 1 +", "a b.*", "x" * 200, "9a"],
)
def test_a_line_with_an_error_is_left_out_and_named(line: str) -> None:
    names, without, prefixes, predicates, errors = rules.parse(f"good\n{line}\nfine\n")
    assert (names, without, prefixes, predicates) == (["good", "fine"], [], [], [])
    ((number, sentence),) = errors
    assert number == 2 and sentence


def test_shipped_names_can_be_left_out() -> None:
    assert rules.apply(["a", "b", "c"], ["b"]) == ["a", "c"]
    assert rules.apply(["a", "b", "c"], ["*"]) == []


def listed(text: str | bytes, tmp_path: Path) -> str:
    path = tmp_path / "packages.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def found(
    code: str, receiver: Receiver, *paths: Path | str, **variables: str
) -> dict[str, str | None]:
    result = run(["-c", code], environment(receiver, *paths, **variables))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    records = receiver.records()
    assert len(records) <= 1
    packages: dict[str, str | None] = records[0]["packages"] if records else {}
    return packages


def test_a_list_adds_to_what_is_watched(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    listing = listed("colorsys\nxml.dom\n", tmp_path)
    code = "import colorsys, xml.dom, json, numpy"
    names = found(code, receiver, packages, CUSTOMS_PACKAGES=listing)
    # a part is seen from its package on, which counts too
    assert names == {"colorsys": None, "numpy": "1.26.4", "xml": None, "xml.dom": None}


@pytest.mark.parametrize(("line", "names"), [("-numpy", ["scipy"]), ("-*\ncolorsys", ["colorsys"])])
def test_a_list_may_leave_out_shipped_names(
    line: str, names: list[str], receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = listed(line, tmp_path)
    code = "import colorsys, scipy"
    assert sorted(found(code, receiver, packages, CUSTOMS_PACKAGES=listing)) == names


def test_a_prefix_watches_all_modules_below_it(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = listed("-*\nxml.*\n", tmp_path)
    code = "import xml.dom.minidom, json, numpy"
    names = found(code, receiver, packages, CUSTOMS_PACKAGES=listing)
    assert {"xml.dom", "xml.dom.minidom"} <= set(names)
    assert all(name.split(".")[0] == "xml" for name in names)


def test_predicates_add_names_of_their_own(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = listed(
        "-*\nused = 'colorsys' in sys_modules\nbroken = 1 / 0\nnever = False\n", tmp_path
    )
    assert found("import colorsys", receiver, packages, CUSTOMS_PACKAGES=listing) == {"used": None}
    assert found("import json", receiver, packages, CUSTOMS_PACKAGES=listing) == {}


#: Of these Python has something to say: the first when it compiles them, the second as they run.
DOUBTFUL = (("doubtful", '"x" is "x"'), ("deprecated", "sys_modules['old'].name"))
OLD = "import warnings\ndef __getattr__(name): warnings.warn('old', FutureWarning); return 1\n"


@pytest.mark.parametrize("options", [[], ["-W", "error"]], ids=" ".join)
@pytest.mark.parametrize("place", ["list", "site"])
@pytest.mark.parametrize("executable", interpreters() + pypy())
def test_predicates_print_no_warnings(
    executable: str,
    place: str,
    options: list[str | bytes],
    receiver: Receiver,
    packages: Path,
    tmp_path: Path,
) -> None:
    (packages / "old.py").write_text(OLD)
    if place == "list":
        listing = listed("-*\nnumpy\n" + "".join(f"{a} = {b}\n" for a, b in DOUBTFUL), tmp_path)
        variables = environment(receiver, packages, CUSTOMS_PACKAGES=listing)
    else:
        tree = install(tmp_path / "hook", "numpy", servers=(receiver.url,), predicates=DOUBTFUL)
        variables = environment(None, tree, packages)
    code = (
        "import old, warnings; warnings.simplefilter('error', ImportWarning)\n"
        "import numpy; print(warnings.filters)\n"
        # its own it is told as ever
        "compile('1 is 1', '<own>', 'eval')"
    )
    arguments = [*options, "-c", code]
    bare = run(arguments, environment(None, packages), executable)
    hooked = run(arguments, variables, executable)
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        bare.returncode,
        bare.stdout,
        bare.stderr,
    )
    assert {"doubtful", "numpy"} <= set(receiver.record()["packages"])


def test_a_list_with_errors_is_used_without_them(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    listing = listed(
        b"wave # a comment\nimport os\n\xff\xfe\nno-name\n..\nx = 1 +\n\ncolorsys", tmp_path
    )
    names = found("import colorsys, wave", receiver, packages, CUSTOMS_PACKAGES=listing)
    assert {"colorsys", "wave"} <= set(names)


@pytest.mark.parametrize("kind", ["fifo", "directory", "nowhere", "odd"])
def test_a_list_that_is_no_file_is_ignored(
    kind: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    path = "\udcff" if kind == "odd" else str(tmp_path / kind)
    result = run(IMPORT, environment(receiver, packages, CUSTOMS_PACKAGES=path), timeout=20)
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(receiver.records()) == 1


def test_prefixes_and_predicates_of_the_site_are_used(
    receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    tree = install(
        tmp_path / "hook",
        watched="wave xml",
        servers=(receiver.url,),
        prefixes=("xml.",),
        predicates=(("colours", "'colorsys' in sys_modules"),),
    )
    run(["-c", "import numpy, colorsys, xml.dom"], environment(None, tree, packages))
    assert {"colours", "xml", "xml.dom"} <= set(receiver.record()["packages"])
    run(["-c", "import colorsys"], environment(None, tree, packages))
    assert list(receiver.record()["packages"]) == ["colours"]
    run(["-c", "import numpy"], environment(None, tree, packages))
    assert receiver.datagrams() == []


#: A stand-in for an installed package that is not watched, and a module of the user's own.
INSTALLED = {"lib/site-packages/unknown.py": "__version__ = '7'\n", "mine.py": "import unknown\n"}


@pytest.fixture
def installed(tmp_path: Path) -> tuple[Path, Path]:
    for name, text in INSTALLED.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path, tmp_path / "lib" / "site-packages"


def test_all_installed_packages_can_be_watched(
    receiver: Receiver, installed: tuple[Path, Path], tmp_path: Path
) -> None:
    code = "import mine, json, colorsys"
    assert found(code, receiver, *installed) == {}
    tree = install(tmp_path / "hook", servers=(receiver.url,), everything=1)
    result = run(["-c", code], environment(None, tree, *installed))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    record = receiver.record()
    assert (record["packages"], record["direct"]) == ({"unknown": "7"}, ["unknown"])


def test_all_installed_packages_are_watched_in_a_fraction_of_the_jobs(
    receiver: Receiver, installed: tuple[Path, Path], tmp_path: Path
) -> None:
    tree = install(tmp_path / "hook", servers=(receiver.url,), everything=0.5)
    run(["-c", "import mine"], environment(None, tree, *installed))
    assert receiver.datagrams() == []
    jobs = [str(1000 + number) for number in range(24)]
    sending: set[str] = set()
    for job in jobs:
        run(["-c", "import mine"], environment(None, tree, *installed, SLURM_JOB_ID=job))
        sending.update(record["job_id"] for record in receiver.records())
    assert set(jobs) > sending > set()


def test_the_fraction_of_the_jobs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = 0
    for job in range(4_000_000, 4_020_000):
        monkeypatch.setenv("SLURM_JOB_ID", str(job))
        is_chosen = rules.is_chosen(0.01)
        # all processes of a job decide alike
        assert is_chosen is rules.is_chosen(0.01)
        chosen += is_chosen
    assert 150 <= chosen <= 250
    assert rules.is_chosen(1)
    monkeypatch.delenv("SLURM_JOB_ID")
    assert rules.is_chosen(1) and not rules.is_chosen(0.99)


HOST = os.uname().nodename


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ({}, {"system": None, "subsystem": None, "is_compute": False, "is_staff": None}),
        ({"system": (("cedar", ""),)}, {"system": "cedar"}),
        ({"system": (("oak", "host:no-such-*"), ("fir", f"host:{HOST[:1]}*"))}, {"system": "fir"}),
        ({"system": (("cedar", f"host:{HOST}"), ("oak", ""))}, {"system": "cedar"}),
        ({"system": (("$HOST_OF", ""), ("oak", ""))}, {"system": "alder"}),
        ({"system": (("$NOWHERE", ""), ("oak", ""))}, {"system": "oak"}),
        ({"subsystem": (("gpu", "env:GPUS"),)}, {"subsystem": "gpu"}),
        ({"subsystem": (("gpu", "env:GPUS=4"), ("cpu", ""))}, {"subsystem": "gpu"}),
        ({"subsystem": (("gpu", "env:GPUS=8"), ("cpu", ""))}, {"subsystem": "cpu"}),
        ({"compute": ("env:GPUS",)}, {"is_compute": True}),
        ({"compute": ("host:no-such-*",)}, {"is_compute": False}),
        ({"staff": (f"group:{os.getgid()}",)}, {"is_staff": True}),
        ({"staff": ("group:4294967290", f"uid:{os.getuid()}")}, {"is_staff": True}),
        ({"staff": ("group:4294967290",)}, {"is_staff": False}),
    ],
)  # fmt: skip
def test_rules_tell_system_subsystem_compute_and_staff(
    site: dict[str, Any],
    expected: dict[str, Any],
    receiver: Receiver,
    packages: Path,
    tmp_path: Path,
) -> None:
    tree = install(tmp_path / "hook", servers=(receiver.url,), **site)
    variables = environment(None, tree, packages, GPUS="4", HOST_OF="alder")
    result = run(IMPORT, variables)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    record = receiver.record()
    assert {key: record.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("text", "pattern", "holds"),
    [
        ("nid0001", "nid*", True),
        ("nid0001", "*1", True),
        ("nid0001", "n*0*1", True),
        ("nid0001", "nid0001", True),
        ("nid0001", "nid", False),
        ("nid0001", "*2", False),
        ("ab", "ab*b", False),
        ("abab", "ab*ab", True),
        ("aba", "ab*ba", False),
        ("", "*", True),
    ],
)
def test_a_pattern_matches_a_whole_value(
    text: str, pattern: str, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", text)
    assert rules.holds(f"env:PLACE={pattern}") is holds
