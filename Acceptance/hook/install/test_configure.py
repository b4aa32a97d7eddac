"""Settings of a site, their error messages, and their arrival in sitecustomize.py."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.receiver import HOOK, Receiver, environment, interpreters, old_interpreters, run

CONFIGURE = HOOK / "customs_hook/install/configure.py"
SERVER = "udp://192.0.2.1:5140"
# what an installation that sets nothing but a server has
DEFAULTS = {
    "servers": (SERVER,),
    "trace_dir": "/run/customs/traces",
    "opt_out_file": "/etc/customs/opt-out",
    "prefixes": (),
    "predicates": (),
    "standard": ("multiprocessing",),
    "everything": 0,
    "system": (),
    "subsystem": (),
    "compute": (),
    "staff": (),
}
#: What switches a path off.
OFF = "/dev/null"


class Site:
    """A site's two files, and what comes of them."""

    def __init__(self, folder: Path) -> None:
        self.packages = folder / "packages.txt"
        self.config = folder / "site.conf"
        self.template = HOOK / "sitecustomize.py"

    def ask(
        self,
        *flags: str,
        packages: str | bytes | None = None,
        config: str | bytes | None = None,
        executable: str = sys.executable,
    ) -> subprocess.CompletedProcess[bytes]:
        arguments = [executable, "-I", "-S", str(CONFIGURE), "--template", str(self.template)]
        for flag, path, text in (
            ("--packages", self.packages, packages),
            ("--config", self.config, config),
        ):
            if text is not None:
                path.write_bytes(text.encode() if isinstance(text, str) else text)
                arguments += [flag, str(path)]
        return subprocess.run([*arguments, *flags], capture_output=True, timeout=60, check=False)

    def text(self, *flags: str, **files: str | bytes) -> str:
        done = self.ask("--server", SERVER, *flags, **files)  # type: ignore[arg-type]
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode("ascii")

    def sets(self, *flags: str, **files: str | bytes) -> tuple[list[str], dict[str, Any]]:
        """Return the watched names and SITE of a configuration that is right."""
        return block(self.text(*flags, **files))

    def errors(self, *flags: str, **files: str | bytes) -> list[str]:
        """Return what is said of a file that is wrong, without the folder's name."""
        done = self.ask("--server", SERVER, *flags, **files)  # type: ignore[arg-type]
        assert (done.returncode, done.stdout) == (78, b"")
        return done.stderr.decode().replace(f"{self.config.parent}/", "").splitlines()


def block(text: str) -> tuple[list[str], dict[str, Any]]:
    variables: dict[str, Any] = {}
    exec(text[text.index("# --- site") : text.index("# --- end of")], variables)
    return variables["WATCHED"].split(), variables["SITE"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def built_in() -> list[str]:
    return block((HOOK / "sitecustomize.py").read_text())[0]


def test_a_server_alone_sets_the_defaults(site: Site, built_in: list[str]) -> None:
    watched, values = site.sets()
    assert watched == built_in
    assert values == DEFAULTS


def test_the_defaults_are_those_of_the_source() -> None:
    values = block((HOOK / "sitecustomize.py").read_text())[1]
    assert {**values, "servers": None} == {**DEFAULTS, "servers": None}


def test_nothing_but_the_block_of_the_site_changes(site: Site) -> None:
    original = site.template.read_text()
    text = site.text()
    begin, end = "\n# --- site:", "\n# --- end of what the site has set"
    assert text[: text.index(begin)] == original[: original.index(begin)]
    assert text[text.index(end) :] == original[original.index(end) :]


def test_a_list_adds_removes_and_derives_packages(site: Site, built_in: list[str]) -> None:
    listing = """\
# ours
pyfoo   # a = comment
deep.down.below
google.cloud.*
-numpy
-astropy
used = "dask.base" in sys_modules and any(m == "x" for m in sys_modules)
pyfoo
"""
    watched, values = site.sets(packages=listing)
    kept = [n for n in built_in if n.partition(".")[0] not in ("numpy", "astropy")]
    assert watched == [*kept, "pyfoo", "deep.down.below", "deep", "google"]
    assert values["prefixes"] == ("google.cloud.",)
    expression = 'used = "dask.base" in sys_modules and any(m == "x" for m in sys_modules)'
    assert values["predicates"] == (tuple(expression.split(" = ", 1)),)


def test_the_built_in_list_can_be_left_out_whole(site: Site) -> None:
    assert site.sets(packages="-*\nours\n")[0] == ["ours"]
    # a part that is watched needs its package watched
    assert site.sets(packages="-*\nours.part\n")[0] == ["ours.part", "ours"]
    assert site.sets(packages="-*", config="everything = 1")[0] == []


def test_each_error_of_a_list_has_its_line(site: Site) -> None:
    listing = """\
import os
fine
-nunpy
used = "dask" in
used = "dask" in modules
two words = True
a..b
-
= 1
odd = sys_modules is 1
"""
    assert site.errors(packages=listing) == [
        "packages.txt:1: write an import name, NAME.*, NAME = EXPRESSION, or -NAME",
        "packages.txt:3: 'nunpy' is not in the built-in list; take the line out",
        *[e for e in site.errors(packages=listing) if e.startswith("packages.txt:4: after = ")],
        "packages.txt:5: a process that ends has no modules; ask sys_modules",
        "packages.txt:6: before = stands a name, without spaces",
        "packages.txt:7: write an import name, NAME.*, NAME = EXPRESSION, or -NAME",
        "packages.txt:8: write an import name, NAME.*, NAME = EXPRESSION, or -NAME",
        "packages.txt:9: before = stands a name, without spaces",
        # what Python warns of it would warn of in each process
        *[e for e in site.errors(packages=listing) if e.startswith("packages.txt:10: after = ")],
    ]


def test_a_list_that_leaves_nothing_to_watch_is_refused(site: Site) -> None:
    assert site.errors(packages="-*") == [
        "packages.txt: this leaves nothing to watch; add a name",
    ]


def test_each_key_of_the_configuration_is_set(site: Site) -> None:
    text = """\
# our site
\tserver = udp://192.0.2.7:514, udp://[2001:db8::1]:5140   # two
opt_out_file=/etc/opt#out
trace_dir = /dev/shm/customs/
everything = 0.25
system = cedar if host:ced*, $SYSTEM, other
subsystem = gpu if host:gpu*, haswell if host:nid*, $VAR
compute = env:SLURM_JOB_ID, env:KIND=compute, host:nid*
staff = group:0, uid:007

"""
    done = site.ask(config=text)
    assert done.stderr == b""
    assert block(done.stdout.decode())[1] == {
        "servers": ("udp://192.0.2.7:514", "udp://[2001:db8::1]:5140"),
        "opt_out_file": "/etc/opt#out",
        "trace_dir": "/dev/shm/customs",
        "everything": 0.25,
        "system": (("cedar", "host:ced*"), ("$SYSTEM", ""), ("other", "")),
        "subsystem": (("gpu", "host:gpu*"), ("haswell", "host:nid*"), ("$VAR", "")),
        "compute": ("env:SLURM_JOB_ID", "env:KIND=compute", "host:nid*"),
        "staff": ("group:0", "uid:7"),
        "prefixes": (),
        "predicates": (),
        "standard": ("multiprocessing",),
    }


def test_names_of_the_standard_library_are_told_apart(site: Site) -> None:
    names = "sqlite3\njson.decoder\n_thread\n__main__\nmine"
    standard = site.sets(packages=names)[1]["standard"]
    assert set(standard) == {"multiprocessing", "sqlite3", "json", "json.decoder", "_thread"}


def test_a_groups_name_becomes_its_number(site: Site) -> None:
    assert site.sets(config="staff = group:root")[1]["staff"] == ("group:0",)


def test_an_empty_value_switches_a_setting_off(site: Site) -> None:
    values = site.sets(config="trace_dir =\nopt_out_file =\nsystem =\neverything = 1.0")[1]
    changed = {"trace_dir": OFF, "opt_out_file": OFF, "everything": 1}
    assert values == {**DEFAULTS, **changed}
    assert site.sets("--trace-dir", "")[1] == {**DEFAULTS, "trace_dir": OFF}


def test_flags_go_before_the_file(site: Site) -> None:
    flags = ("--trace-dir", "/a", "--opt-out-file", "/b", "--server", SERVER, "udp://[::1]:1")
    values = site.sets(
        *flags, config="trace_dir = /c\nopt_out_file = /d\nserver = udp://192.0.2.9:9"
    )[1]
    servers = (SERVER, "udp://[::1]:1")
    assert values == {**DEFAULTS, "trace_dir": "/a", "opt_out_file": "/b", "servers": servers}


def test_each_error_of_a_configuration_has_its_line(site: Site) -> None:
    text = """\
server udp://192.0.2.1:1
unknown = 3
system = one, two if host:x
system = three
compute = host:
staff = group:no-such-group, uid:1
everything = nan
trace_dir = relative
subsystem = $1
opt_out_file = /a\x01
"""
    conditions = "host:PATTERN, env:NAME, env:NAME=PATTERN, group:NAME, group:NUMBER and uid:NUMBER"
    keys = "compute, everything, opt_out_file, server, staff, subsystem, system, trace_dir"
    assert site.errors(config=text) == [
        "site.conf:1: write KEY = VALUE",
        f"site.conf:2: there is no key 'unknown'; there are {keys}",
        "site.conf:3: 'two if host:x' is never reached: what stands before it always holds",
        "site.conf:4: system is set in line 3 already; keep one",
        f"site.conf:5: 'host:' is no condition; there are {conditions}",
        "site.conf:6: this machine knows no group 'no-such-group'; write its number",
        "site.conf:7: 'nan': write the fraction of jobs, from 0 to 1",
        "site.conf:8: 'relative': write an absolute path, or nothing to switch it off",
        "site.conf:9: '$1': after $ stands the name of an environment variable",
        r"site.conf:10: '/a\x01': there are characters in it that cannot be printed",
    ]


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("udp://localhost:5140", "no process looks up names when it ends"),
        ("udp://log.example:5140", "'getent ahosts log.example' shows it"),
        ("udp://localhost:5140", "Write its number: 127.0.0.1"),
        ("udp://::1:5140", "udp://[::1]:5140"),
        ("udp://[fe80::1%eth0]:5140", "without a zone"),
        ("udp://192.0.2:5140", "that is no IPv4 address"),
        ("udp://192.0.2.1", "with a port from 1 to 65535"),
        ("udp://192.0.2.1:0", "with a port from 1 to 65535"),
        ("udp://192.0.2.1:65536", "with a port from 1 to 65535"),
        ("udp://192.0.2.1:+1", "with a port from 1 to 65535"),
        ("tcp://192.0.2.1:5140", "write udp://ADDRESS:PORT or unixgram:///PATH"),
        ("unixgram://run/s", "write the socket's absolute path"),
        ("unixgram:///" + "s" * 107, "at most 107 bytes"),
        ("", "several are separated by commas"),
    ],
)
def test_an_unusable_server_is_refused_with_a_reason(site: Site, server: str, reason: str) -> None:
    done = site.ask("--server", server)
    assert (done.returncode, done.stdout) == (64, b"")
    assert done.stderr.decode().startswith(f"--server {server}")
    assert reason in done.stderr.decode()
    done = site.ask(config=f"\nserver = {server}")
    assert (done.returncode, done.stdout) == (78, b"")
    assert done.stderr.decode().startswith(f"{site.config}:2: ")


def test_wrong_flags_end_with_64_and_one_line(site: Site) -> None:
    for flags in ([], ["--server", SERVER, "--nonsense"], ["--server", SERVER, "--trace-dir", "x"]):
        done = site.ask(*flags)
        assert (done.returncode, done.stdout) == (64, b"")
        assert len(done.stderr.splitlines()) == 1


def test_errors_of_both_files_and_the_flags_come_together(site: Site) -> None:
    done = site.ask("--server", "x", packages="a b", config="c")
    assert done.returncode == 64
    assert len(done.stderr.splitlines()) == 3


def test_an_unreadable_file_is_named(site: Site, tmp_path: Path) -> None:
    assert site.errors(packages=b"fine\n\xff") == [
        "packages.txt:2: this is not UTF-8; save the file as UTF-8"
    ]
    for name in ("nowhere", "."):
        done = site.ask("--server", SERVER, "--config", str(tmp_path / name))
        assert done.returncode == 78
        assert done.stderr.startswith(f"{tmp_path / name}: it cannot be read".encode())
    site.template = tmp_path / "other.py"
    site.template.write_text("print()")
    assert "its marks are missing" in site.errors()[0]


def test_any_settings_are_written_and_read_back(site: Site) -> None:
    """Any Python reads the block, and configuring again changes nothing."""
    rules = random.Random(20261121)
    alphabet = "abz_AZ09é漢😀\"'\\ {}%$*[]"
    template = site.template
    for turn in range(0, 30, 2):
        names = sorted({f"n{rules.choice('aé漢')}{rules.randrange(99)}" for _ in range(turn)})
        texts = ["".join(rules.choices(alphabet, k=rules.randrange(1, 20))) for _ in range(4)]
        texts = [text.strip().lstrip("$").replace(" if ", "") or "x" for text in texts]
        predicates = [(f"p{i}", repr(text) + " in sys_modules") for i, text in enumerate(texts)]
        listing = "\n".join([*names, "pre.fix.*", *[f"{n} = {e}" for n, e in predicates]])
        config = f"system = {texts[0]} if host:{texts[1].replace(' ', '')}\ntrace_dir = /{texts[2]}"
        files = {"packages": listing, "config": config}
        site.template = template
        text = site.text(**files)
        watched, values = block(text)
        assert set(names) <= set(watched)
        assert values["predicates"] == tuple(predicates)
        assert values["system"] == ((texts[0], "host:" + texts[1].replace(" ", "")),)
        assert values["trace_dir"] == f"/{texts[2]}"
        site.template = site.config.parent / "configured.py"
        site.template.write_text(text)
        assert site.text(**files) == text
        # and back again
        first = site.text()
        site.template = template
        assert first == site.text()


def test_every_python_writes_the_same_and_reads_it(site: Site, tmp_path: Path) -> None:
    files = {"packages": "é.x\nlong.*\nu = '漢' in sys_modules", "config": "system = 😀"}
    text = site.text(**files)
    for executable in interpreters():
        done = site.ask("--server", SERVER, **files, executable=executable)
        assert done.stdout.decode() == text, executable
    path = tmp_path / "sitecustomize.py"
    path.write_text(text)
    for executable in [*interpreters(), *old_interpreters()]:
        program = f"compile(open({str(path)!r}).read(), 'x', 'exec')"
        assert run(["-c", program], dict(os.environ), executable).stderr == b"", executable


def test_a_configured_tree_records_by_its_settings(
    site: Site, tree: Path, packages: Path, receiver: Receiver
) -> None:
    module = packages / "ours" / "part"
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    text = site.text(
        packages="-*\nours.*\nuses = 'json' in sys_modules",
        config=f"server = {receiver.url}\nsystem = cedar if host:*, x\nstaff = uid:{os.getuid()}\n",
    )
    (tree / "sitecustomize.py").write_text(text.replace(SERVER, receiver.url))
    result = run(["-c", "import numpy, ours.part, json"], environment(None, tree, packages))
    assert (result.returncode, result.stderr) == (0, b"")
    record = receiver.record()
    assert record["packages"] == {"ours": None, "ours.part": None, "uses": None}
    assert (record["system"], record["is_staff"]) == ("cedar", True)
