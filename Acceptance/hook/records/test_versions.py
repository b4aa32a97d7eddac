"""Versions that a package does not say as a plain text of its own module."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.receiver import Receiver, environment, install, interpreters, pypy, run

ALL = interpreters() + pypy()


def packages_of(
    code: str, executable: str, receiver: Receiver, tree: Path, *search: Path
) -> dict[str, str | None]:
    """Run a program under a tree, and return the packages of its record."""
    result = run(["-c", code], environment(None, tree, *search), executable)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    found: dict[str, str | None] = receiver.record()["packages"]
    return found


@pytest.mark.parametrize("executable", ALL)
def test_a_version_of_a_text_class_is_recorded(
    executable: str, receiver: Receiver, tree: Path, tmp_path: Path
) -> None:
    """As torch's: no code of that class runs."""
    torch = tmp_path / "site" / "torch"
    torch.mkdir(parents=True)
    methods = ["__str__", "__len__", "__getitem__", "__eq__", "__contains__", "isprintable"]
    torch.joinpath("__init__.py").write_text(
        "def fail(*arguments): raise SystemExit('the package ran')\n"
        f"Version = type('Version', (str,), dict.fromkeys({methods!r}, fail))\n"
        "__version__ = Version('2.9.0+cu132')\n"
    )
    found = packages_of("import torch", executable, receiver, tree, tmp_path / "site")
    assert found == {"torch": "2.9.0+cu132"}


@pytest.mark.parametrize("executable", ALL)
def test_parts_of_namespace_packages_have_their_versions(
    executable: str, receiver: Receiver, tmp_path: Path
) -> None:
    """They lie in several directories, and their parts are installed one by one (PEP 420)."""
    first, second = tmp_path / "a" / "site-packages", tmp_path / "b" / "site-packages"
    for path in (
        *(first / "google/cloud/storage/__init__.py", first / "google/cloud/bigquery.py"),
        *(second / "google/cloud/spanner/__init__.py", second / "yt/part.py"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    for directory, name in (
        (first, "google_cloud_storage-2.10.0.dist-info"),
        (first, "google_cloud_bigquery-3.1-py3.9.egg-info"),
        (second, "google.cloud.spanner-4.0rc1.dist-info"),
        (second, "yt-4.4.dist-info"),
    ):
        (directory / name).mkdir()
    watched = "google.cloud.storage google.cloud.bigquery google.cloud.spanner google.cloud yt"
    tree = install(tmp_path / "hook", watched, servers=(receiver.url,))
    code = "import google.cloud.storage, google.cloud.bigquery, google.cloud.spanner, yt.part"
    assert packages_of(code, executable, receiver, tree, first, second) == {
        "google.cloud": None,
        "google.cloud.bigquery": "3.1",
        "google.cloud.spanner": "4.0rc1",
        "google.cloud.storage": "2.10.0",
        "yt": "4.4",
    }
