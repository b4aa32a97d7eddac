"""The software bill of materials names what is in the programs, in the form that scanners read."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.installed import ROOT


@cache
def text() -> str:
    """What `make sbom` writes."""
    done = subprocess.run(
        [sys.executable, ".ci/sbom.py", ".build/release"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def components() -> dict[str, dict[str, Any]]:
    """Its parts by name."""
    return {component["name"]: component for component in json.loads(text())["components"]}


def test_it_follows_the_schema_of_cyclonedx() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text()) is None


def test_it_names_the_swift_packages_that_are_linked() -> None:
    """And none that was resolved alone: an advisory for that one would not concern us."""
    pins = json.loads((ROOT / "Package.resolved").read_text())["pins"]
    [nio] = [pin for pin in pins if pin["identity"] == "swift-nio"]
    found = components()
    version = nio["state"]["version"]
    assert found["swift-nio"]["purl"] == f"pkg:swift/github.com/apple/swift-nio@{version}"
    assert found.keys() >= {"hummingbird", "swift-argument-parser", "swift-log", "TOMLKit"}
    assert "swift-nio-ssl" not in found


def test_it_names_the_packages_of_the_libraries_that_are_loaded() -> None:
    found = components()
    for name in ("libssl3", "libpq5", "libsqlite3-0", "libc6"):
        assert found[name]["purl"].startswith(f"pkg:deb/debian/{name}@")


def test_each_part_is_told_once() -> None:
    parts = json.loads(text())
    references = [component["bom-ref"] for component in parts["components"]]
    assert len(references) == len(set(references))
    [customs, *others] = parts["dependencies"]
    assert customs["dependsOn"] == references == [other["ref"] for other in others]
