"""`customs hook install`: configured, compiled, and replaced under running jobs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.daemon import PATIENCE, ROOT

from endtoend.service.hook_site import PYTHON, SERVER, Site


def test_the_line_for_pythonpath_is_all_that_is_printed(site: Site) -> None:
    assert site.installed() == f"PYTHONPATH={site.tree}\n"
    assert site.python("-c", "import numpy").stderr == ""
    assert site.records() == 1


def test_all_users_can_read_the_tree_whatever_the_umask(site: Site) -> None:
    site.installed("--server", site.url, umask=0o077)
    for path in [site.tree, *site.tree.rglob("*")]:
        is_open = path.is_dir() or path.name == "customs_sweep.py"
        assert path.stat().st_mode & 0o7777 == (0o755 if is_open else 0o644), path
        assert path.stat().st_uid == os.getuid()
    assert len(list(site.tree.rglob("*.pyc"))) > 10
    assert sorted(path.name for path in site.folder.iterdir()) == ["hook", "numpy.py", "traces"]


def test_a_start_compiles_nothing(site: Site) -> None:
    site.installed()
    tag = sys.implementation.cache_tag
    for flags, name in ([], tag), (["-O"], f"{tag}.opt-1"), (["-OO"], f"{tag}.opt-2"):
        compiled = site.tree / f"__pycache__/sitecustomize.{name}.pyc"
        # checked against its source it is only if one asks for that
        for more in ([], ["--check-hash-based-pycs", "always"]):
            said = site.python("-v", *flags, *more, "-c", "import numpy").stderr
            assert f"# code object from '{compiled}'" in said, said
            assert f"# wrote '{site.tree}" not in said
    before = {path: path.stat().st_mtime_ns for path in site.tree.rglob("*")}
    site.python("-c", "import numpy, customs_hook.core, customs_hook.reporters")
    assert before == {path: path.stat().st_mtime_ns for path in site.tree.rglob("*")}


def test_json_names_servers_interpreters_and_files(site: Site) -> None:
    answer = json.loads(site.installed("--format", "json", "--server", SERVER, "udp://[::1]:1"))
    keys = ["prefix", "pythonpath", "servers", "interpreters", "files", "warnings"]
    assert list(answer) == keys
    assert answer["prefix"] == answer["pythonpath"] == str(site.tree)
    assert answer["servers"] == [SERVER, "udp://[::1]:1"]
    version = ".".join(map(str, sys.version_info[:3]))
    assert answer["interpreters"] == [
        {
            "executable": PYTHON,
            "version": version,
            "implementation": sys.implementation.name,
            "tag": sys.implementation.cache_tag,
            "compiled": True,
            "error": None,
        }
    ]
    found = [str(path.relative_to(site.tree)) for path in site.tree.rglob("*") if path.is_file()]
    assert answer["files"] == sorted(found)
    assert any("/tmp is world-writable" in warning for warning in answer["warnings"])


def test_a_second_install_changes_nothing(site: Site) -> None:
    site.installed()
    first = site.contents()
    site.installed()
    assert site.contents() == first


def test_the_sites_own_settings_are_installed(site: Site) -> None:
    (site.folder / "packages.txt").write_text("-*\nnumpy\n")
    (site.folder / "site.conf").write_text(f"server = {site.url}\nsystem = cedar\n")
    files = ("--packages", f"{site.folder}/packages.txt", "--config", f"{site.folder}/site.conf")
    site.installed(*files)
    assert site.python("-c", "import multiprocessing").stderr == ""
    assert site.records() == 0
    site.python("-c", "import numpy")
    assert b'"system":"cedar"' in site.socket.recv(65536)


def test_errors_of_files_come_with_their_lines_and_nothing_changes(site: Site) -> None:
    site.installed()
    before = site.contents()
    packages, config = site.folder / "packages.txt", site.folder / "site.conf"
    packages.write_text("fine\nimport os\n")
    config.write_text("system = cedar\ncolour = red\n")
    done = site.install("--server", SERVER, "--packages", str(packages), "--config", str(config))
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.splitlines()[0].startswith(f"{config}:2: there is no key 'colour'")
    assert done.stderr.splitlines()[1].startswith(f"{packages}:2: write an import name")
    assert site.contents() == before


@pytest.mark.parametrize(
    "flags", [["--server", "udp://localhost:5140"], ["--server", SERVER, "--trace-dir=x"], []]
)
def test_wrong_flags_install_nothing(site: Site, flags: list[str]) -> None:
    done = site.run("install", "--prefix", str(site.tree), "--python", PYTHON, *flags)
    assert (done.returncode, done.stdout) == (64, "")
    assert not site.tree.exists()


def test_a_folder_of_other_files_is_not_touched(site: Site) -> None:
    site.tree.mkdir()
    (site.tree / "thesis.tex").write_text("years of work")
    done = site.install()
    assert (done.returncode, done.stdout) == (64, "")
    assert "neither empty nor a hook's tree" in done.stderr
    assert (site.tree / "thesis.tex").read_text() == "years of work"


def test_a_dry_run_writes_nothing(site: Site) -> None:
    assert site.installed("--server", SERVER, "--dry-run") == f"PYTHONPATH={site.tree}\n"
    assert not site.tree.exists()
    answer = json.loads(site.installed("--server", SERVER, "--dry-run", "--format", "json"))
    assert answer["interpreters"][0]["compiled"] is False
    assert "sitecustomize.py" in answer["files"]


def test_an_interpreter_that_fails_does_not_stop_the_others(site: Site) -> None:
    done = site.install("--server", site.url, "--python", "/nowhere/python3")
    assert (done.returncode, done.stdout) == (69, f"PYTHONPATH={site.tree}\n")
    assert "/nowhere/python3: No such file or directory" in done.stderr
    site.python("-c", "import numpy")
    assert site.records() == 1


def test_without_any_interpreter_nothing_is_installed(site: Site) -> None:
    done = site.run(
        *("install", "--prefix", str(site.tree), "--server", SERVER, "--python", "/bin/true")
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert not site.tree.exists()


@pytest.mark.long
def test_interpreters_are_found_and_compiled_for_once_each(site: Site) -> None:
    options = ("--prefix", str(site.tree), "--server", SERVER, "--format", "json")
    done = site.run("install", *options, PATH=f"{Path(PYTHON).parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    interpreters = json.loads(done.stdout)["interpreters"]
    found = [os.path.realpath(one["executable"]) for one in interpreters]
    assert PYTHON in found
    assert len(found) == len(set(found))
    compiled = [one["tag"] for one in interpreters if one["compiled"]]
    assert {path.name.split(".")[1] for path in site.tree.rglob("*.pyc")} == set(compiled)


@pytest.mark.long
def test_running_jobs_find_a_whole_hook_while_it_is_replaced(site: Site) -> None:
    """Each of many starts finds a whole hook: silent, and every record comes."""
    site.installed()
    results: list[subprocess.CompletedProcess[str]] = []
    is_done = threading.Event()

    def work() -> None:
        while not is_done.is_set():
            results.append(site.python("-c", "import numpy"))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    records = 0
    try:
        for _ in range(15):
            site.installed()
            # the socket's buffer does not hold the records of all fifteen turns
            records += site.records()
    finally:
        is_done.set()
        for worker in workers:
            worker.join()
    assert {(result.returncode, result.stdout, result.stderr) for result in results} == {
        (0, "", "")
    }
    assert records + site.records() == len(results) > 10


def test_the_tree_is_replaced_where_directories_cannot_be_exchanged(site: Site) -> None:
    """Some file systems lack the one step; here a library does without it for them."""
    source = site.folder / "lacking.c"
    source.write_text(
        "#include <errno.h>\n#include <stdio.h>\n"
        "long syscall(long number, ...)"
        '{ fprintf(stderr, "no call %ld", number); errno = EINVAL; return -1; }'
    )
    library = source.with_suffix(".so")
    # every Swift toolchain has clang
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    site.installed()
    (site.tree / "opt-out").touch()
    old = site.tree.stat().st_ino
    done = site.install("--server", site.url, "udp://[::1]:9", LD_PRELOAD=str(library))
    assert (done.returncode, "no call" in done.stderr) == (0, True)
    assert site.tree.stat().st_ino != old
    assert (site.tree / "opt-out").exists()
    assert "udp://[::1]:9" in (site.tree / "sitecustomize.py").read_text()
    names = ["hook", "lacking.c", "lacking.so", "numpy.py", "traces"]
    assert sorted(path.name for path in site.folder.iterdir()) == names


def test_a_command_installed_by_make_finds_its_source(site: Site) -> None:
    subprocess.run(
        ["make", "install", "PREFIX=/usr", f"DESTDIR={site.folder}/root"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    program = site.folder / "root/usr/bin/customs"
    site.installed("--server", site.url, program=program)
    site.python("-c", "import numpy")
    assert site.records() == 1
    shutil.rmtree(site.folder / "root/usr/share/customs/sitecustomize")
    done = site.install(program=program)
    assert (done.returncode, done.stdout) == (66, "")
    assert f"{site.folder}/root/usr/share/customs/sitecustomize" in done.stderr
    site.installed("--server", site.url, "--source", str(ROOT / "sitecustomize"), program=program)


def test_the_sweep_runs_by_its_path(site: Site) -> None:
    site.installed()
    command = [str(site.tree / "customs_sweep.py"), "-v"]
    done = subprocess.run(
        command, env=site.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "sent 0, kept 0" in done.stdout
