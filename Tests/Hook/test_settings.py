"""What the site sets beside the hook, and what a process may set for itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from receiver import Receiver, environment, run

IMPORT: list[str | bytes] = ["-c", "import numpy"]


def test_the_server_of_the_configuration(receiver: Receiver, packages: Path, tree: Path) -> None:
    run(IMPORT, environment(None, tree, packages))
    assert list(receiver.record()["packages"]) == ["numpy"]


def test_the_configuration_counts_when_the_environment_is_gone(
    receiver: Receiver, packages: Path, tree: Path
) -> None:
    code = "import numpy, os; os.environ.clear()"
    result = run(["-c", code], environment(None, tree, packages))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert "username" not in receiver.record()


def test_the_environment_wins(receiver: Receiver, packages: Path, tree: Path) -> None:
    other = Receiver()
    try:
        run(IMPORT, environment(None, tree, packages, CUSTOMS_SERVER=other.url))
        assert len(other.records()) == 1
        assert receiver.datagrams() == []
    finally:
        other.close()


def test_the_place(receiver: Receiver, packages: Path, tree: Path) -> None:
    (tree / "hook.conf").write_text(
        f"# ours\n\nserver={receiver.url} # the relay\n system =  cedar\nsubsystem = gpu\n"
    )
    run(IMPORT, environment(None, tree, packages))
    record = receiver.record()
    assert (record["system"], record["subsystem"]) == ("cedar", "gpu")


def test_a_configuration_with_errors(receiver: Receiver, packages: Path, tree: Path) -> None:
    with open(tree / "hook.conf", "ab") as file:
        file.write(b"\xff\xfe\nserver\nunknown = 3\n= = =\n[section]\nsystem = cedar")
    result = run(IMPORT, environment(None, tree, packages))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert receiver.record()["system"] == "cedar"


def test_a_unix_socket(packages: Path, tree: Path, tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "s")
    try:
        (tree / "hook.conf").write_text(f"server = {receiver.url}\n")
        run(IMPORT, environment(None, tree, packages))
        assert list(receiver.record()["packages"]) == ["numpy"]
    finally:
        receiver.close()


def test_a_server_that_cannot_be_reached_gives_way(
    receiver: Receiver, packages: Path, tree: Path
) -> None:
    (tree / "hook.conf").write_text(f"server = unixgram:///nowhere, {receiver.url}, nonsense\n")
    for _ in range(8):
        run(IMPORT, environment(None, tree, packages))
    assert len(receiver.records()) == 8


def test_several_servers_share_the_processes(packages: Path, tree: Path) -> None:
    receivers = Receiver(), Receiver()
    try:
        urls = ", ".join(receiver.url for receiver in receivers)
        (tree / "hook.conf").write_text(f"server = {urls}\n")
        for _ in range(40):
            run(IMPORT, environment(None, tree, packages))
        counts = [len(receiver.records()) for receiver in receivers]
    finally:
        for receiver in receivers:
            receiver.close()
    assert sum(counts) == 40
    # one of them gets nothing in one run of 2 ** 39
    assert all(counts)


def test_a_package_list_beside_the_hook(receiver: Receiver, packages: Path, tree: Path) -> None:
    (tree / "packages.txt").write_text("colorsys\nxml.dom\n")
    run(["-c", "import colorsys, xml.dom, json"], environment(None, tree, packages))
    assert receiver.record()["packages"] == {"colorsys": None, "xml.dom": None}


def test_a_package_list_with_errors(receiver: Receiver, packages: Path, tmp_path: Path) -> None:
    listing = tmp_path / "packages.txt"
    listing.write_bytes(b"wave # a comment\nimport os\n\xff\xfe\nno-name\n..\n\ncolorsys")
    variables = environment(receiver, packages, CUSTOMS_PACKAGES=str(listing))
    result = run(["-c", "import colorsys, wave"], variables)
    assert result.stderr == b""
    assert {"colorsys", "wave"} <= set(receiver.record()["packages"])


@pytest.mark.parametrize("kind", ["fifo", "directory", "nowhere", "odd"])
def test_a_package_list_that_is_no_file(
    kind: str, receiver: Receiver, packages: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    path = "\udcff" if kind == "odd" else str(tmp_path / kind)
    result = run(IMPORT, environment(receiver, packages, CUSTOMS_PACKAGES=path))
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(receiver.records()) == 1
