"""Writes the software bill of materials of the built programs (CycloneDX 1.5, JSON).

    sbom.py RELEASE_FOLDER > customs.cdx.json

It names the Swift packages that were linked into the programs, by the versions in
`Package.resolved`, and the Debian packages of the libraries that the programs load. Packages that
were resolved but not linked are left out: an advisory for one of them does not concern us.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ("customs", "customsd")

Component = dict[str, Any]


def output(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def swift_packages(release: Path) -> list[Component]:
    """The Swift packages with a module that was linked."""
    # .build/TRIPLE/release -> .build
    checkouts = release.resolve().parents[1] / "checkouts"
    objects = "".join(
        (release / f"{program}.product/Objects.LinkFileList").read_text() for program in PROGRAMS
    )
    linked = set(re.findall(r"/([^/]+)\.build/", objects))
    found = []
    for pin in json.loads((ROOT / "Package.resolved").read_text())["pins"]:
        location = re.sub(r"\.git$", "", pin["location"])
        modules = checkouts / location.rpartition("/")[2] / "Sources"
        if not modules.is_dir() or linked.isdisjoint(path.name for path in modules.iterdir()):
            continue
        version = pin["state"]["version"]
        url = re.sub(r"^https?://", "", location)
        reference = f"pkg:swift/{url}@{version}"
        found.append(
            {
                "type": "library",
                "bom-ref": reference,
                "name": url.rpartition("/")[2],
                "version": version,
                "purl": reference,
                "externalReferences": [{"type": "vcs", "url": location}],
            }
        )
    return found


def debian_packages(release: Path) -> list[Component]:
    """The Debian packages of the libraries that the programs load; none on other systems."""
    if not Path("/var/lib/dpkg/status").exists():
        return []
    files = set()
    for program in PROGRAMS:
        listed = output("ldd", str(release / program))
        files |= {
            os.path.realpath(name) for name in re.findall(r"(?:=> |^\s*)(/\S+)", listed, re.M)
        }
    names = set()
    for file in sorted(files):
        # dpkg may know a file by its place before /lib became a link to /usr/lib
        for name in (file, file.removeprefix("/usr")):
            done = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                names.add(done.stdout.partition(": ")[0])
                break
    form = "${Package} ${Version} ${Architecture}\n"
    found = []
    for line in sorted(output("dpkg-query", "-W", "-f", form, *sorted(names)).splitlines()):
        name, version, architecture = line.split()
        # purl escapes what a version may have and a URL may not
        reference = f"pkg:deb/debian/{name}@{escaped(version)}?arch={architecture}"
        found.append(
            {
                "type": "library",
                "bom-ref": reference,
                "name": name,
                "version": version,
                "purl": reference,
            }
        )
    return found


def escaped(version: str) -> str:
    """A version as it is written in a package URL."""
    return version.replace("%", "%25").replace("+", "%2B").replace(":", "%3A")


def document(release: Path) -> dict[str, Any]:
    """The bill of materials."""
    told = output(str(release / "customs"), "--version").split()
    customs: Component = {
        "type": "application",
        "bom-ref": "customs",
        "name": "customs",
        "version": told[1] if len(told) > 1 else told[0],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    components = swift_packages(release) + debian_packages(release)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    names = "\n".join(str(component["bom-ref"]) for component in [customs, *components])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # the same parts have the same number
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, names)}",
        "version": 1,
        "metadata": {"timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "component": customs},
        "components": components,
        "dependencies": [
            {"ref": "customs", "dependsOn": [component["bom-ref"] for component in components]},
            *({"ref": component["bom-ref"]} for component in components),
        ],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} RELEASE_FOLDER")
    json.dump(document(Path(sys.argv[1])), sys.stdout, indent=2)
    print()
