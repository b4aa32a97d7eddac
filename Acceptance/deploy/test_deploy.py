"""What a centre installs to switch the hook on: each file does what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "etc" / "hook"
SLURM = ROOT / "etc" / "slurm"
EXAMPLE = "/opt/customs/hook"
TRACES = "/run/customs/traces"
SERVER = "udp://192.0.2.1:5140"
LMOD = Path("/usr/share/lmod/lmod/init/bash")
MODULES = Path("/usr/share/modules/init/bash")
SHELL_FILES = [
    SLURM / "taskprolog.sh",
    SLURM / "epilog.sh",
    HOOK / "profile.d" / "customs.sh",
    HOOK / "containers" / "ch-run-customs",
]


def run(
    command: list[str], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it with this environment and no other."""
    full = {"PATH": os.environ["PATH"], **(environment or {})}
    return subprocess.run(
        command,
        env=full,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def need(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"no {program}: install {package}")
    return path


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    """A hook's directory with a space in its name."""
    directory = tmp_path / "the hook"
    directory.mkdir()
    return directory


def adapted(source: Path, target: Path, changes: dict[str, str]) -> Path:
    """The file as a site installs it."""
    text = source.read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    target.write_text(text)
    target.chmod(0o755)
    return target


# --- all files


def test_every_file_names_the_same_places() -> None:
    files = [path for top in (HOOK, SLURM) for path in top.rglob("*") if path.is_file()]
    assert len(files) > 15
    for path in files:
        text = path.read_text()
        for found in re.findall(r"/opt/customs[\w/.-]*", text):
            assert found.rstrip(".").startswith(EXAMPLE), (path, found)
        for found in re.findall(r"/run/customs/[\w/-]+", text):
            assert found == TRACES, (path, found)
        for found in re.findall(r"\budp://[\w.:]+", text):
            assert found == SERVER, (path, found)


@pytest.mark.parametrize("path", SHELL_FILES, ids=lambda path: path.name)
def test_shellcheck_has_no_objection(path: Path) -> None:
    shellcheck = shutil.which("shellcheck") or str(ROOT / ".venv-test" / "bin" / "shellcheck")
    if not os.path.exists(shellcheck):
        pytest.skip("no shellcheck: install shellcheck")
    done = run([shellcheck, str(path)])
    assert done.returncode == 0, done.stdout


# --- TaskProlog


@pytest.fixture(params=["dash", "bash"])
def sh(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    return need(name, name)


@pytest.fixture
def taskprolog(hook: Path, tmp_path: Path) -> Path:
    line = f"hook_dir={EXAMPLE}"
    return adapted(
        SLURM / "taskprolog.sh", tmp_path / "taskprolog.sh", {line: f"hook_dir='{hook}'"}
    )


def prologue(sh: str, script: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment after Slurm has taken what the script prints."""
    done = run([sh, "-u", str(script)], environment)
    assert (done.returncode, done.stderr) == (0, "")
    after = dict(environment)
    for line in done.stdout.splitlines():
        word, _, assignment = line.partition(" ")
        name, equals, value = assignment.partition("=")
        assert (word, name, equals) == ("export", "PYTHONPATH", "=")
        after[name] = value
    return after


@pytest.mark.parametrize("before", [None, "/a", "/a b:/c", "/a:", "/a:$HOME:`id`:*"])
def test_taskprolog_puts_the_hook_in_front_once(
    sh: str, taskprolog: Path, hook: Path, before: str | None
) -> None:
    environment = {} if before is None else {"PYTHONPATH": before}
    once = prologue(sh, taskprolog, environment)
    assert once["PYTHONPATH"] == str(hook) + ("" if before is None else ":" + before)
    assert run([sh, str(taskprolog)], once).stdout == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", "{}"),
        ("{}:/a:{}", "{}:/a:{}"),
        ("/a:{}", "{}:/a"),
        ("/a:{}:/b c", "{}:/a:/b c"),
        ("/a:{}:{}:/b:{}", "{}:/a:/b"),
        (":/a:{}:*", "{}::/a:*"),
    ],
)
def test_taskprolog_puts_the_hook_first_wherever_it_stands(
    sh: str, taskprolog: Path, hook: Path, before: str, after: str
) -> None:
    """A module that was loaded since the profile has put its own in front."""
    environment = {"PYTHONPATH": before.replace("{}", str(hook))}
    expected = {"PYTHONPATH": after.replace("{}", str(hook))}
    assert prologue(sh, taskprolog, environment) == expected


def test_taskprolog_is_not_taken_in_by_a_longer_name(sh: str, taskprolog: Path, hook: Path) -> None:
    after = prologue(sh, taskprolog, {"PYTHONPATH": f"{hook}/lib"})
    assert after["PYTHONPATH"] == f"{hook}:{hook}/lib"


@pytest.mark.parametrize(
    ("value", "added"), [("1", False), ("yes", False), ("0", True), ("", True)]
)
def test_taskprolog_heeds_the_opt_out(sh: str, taskprolog: Path, value: str, added: bool) -> None:
    after = prologue(sh, taskprolog, {"CUSTOMS_OPT_OUT": value})
    assert ("PYTHONPATH" in after) is added


@pytest.mark.parametrize("before", ["", "/a\n/b"])
def test_taskprolog_leaves_alone_what_is_empty_or_two_lines(
    sh: str, taskprolog: Path, before: str
) -> None:
    assert run([sh, str(taskprolog)], {"PYTHONPATH": before}).stdout == ""


def test_taskprolog_without_the_directory(sh: str, taskprolog: Path, hook: Path) -> None:
    hook.rmdir()
    assert prologue(sh, taskprolog, {"PYTHONPATH": "/a"}) == {"PYTHONPATH": "/a"}


@pytest.mark.parametrize("target", ["/dev/full", "closed"])
def test_taskprolog_whose_output_goes_nowhere_ends_well(
    sh: str, taskprolog: Path, target: str
) -> None:
    redirection = ">&-" if target == "closed" else f">{target}"
    done = run([sh, "-c", f'{sh} "$1" {redirection}', "sh", str(taskprolog)])
    assert (done.returncode, done.stderr) == (0, "")


# --- the epilog

SWEEP = """
import json, os, sys
with open({out!r}, "w") as file:
    json.dump([sys.argv[1:], sorted(os.environ), sys.flags.isolated, sys.flags.no_site], file)
{then}
"""


class Epilog:
    """The epilog with a stand-in for the sweep."""

    def __init__(self, directory: Path, seconds: int = 20) -> None:
        self.hook = directory / "the hook"
        self.hook.mkdir(exist_ok=True)
        self.out = directory / "out.json"
        self.settings = directory / "hook.env"
        self.script = adapted(
            SLURM / "epilog.sh",
            directory / "epilog.sh",
            {
                f"hook_dir={EXAMPLE}": f"hook_dir='{self.hook}'",
                "settings=/etc/customs/hook.env": f"settings='{self.settings}'",
                "seconds=20": f"seconds={seconds}",
            },
        )
        self.sweep()

    def sweep(self, then: str = "") -> None:
        text = SWEEP.format(out=str(self.out), then=then)
        (self.hook / "customs_sweep.py").write_text(text)

    def silent(self, sh: str, environment: dict[str, str] | None = None) -> float:
        began = time.monotonic()
        done = run([sh, "-u", str(self.script)], environment)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return time.monotonic() - began

    def seen(self) -> list[object]:
        answer: list[object] = json.loads(self.out.read_text())
        return answer


@pytest.fixture
def epilog(tmp_path: Path) -> Epilog:
    return Epilog(tmp_path)


def test_epilog_sweeps(sh: str, epilog: Epilog) -> None:
    epilog.silent(sh)
    assert epilog.seen()[0] == ["--trace-dir", TRACES, "--server", SERVER]


def test_epilog_takes_nothing_from_the_environment(sh: str, epilog: Epilog, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "python3").chmod(0o755)
    hostile = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "PYTHONPATH": str(tmp_path),
        "PYTHONSTARTUP": "x",
        "PYTHONHOME": "/nowhere",
        "CUSTOMS_SERVER": "udp://203.0.113.1:1",
        "CUSTOMS_OPT_OUT": "1",
        "IFS": "/",
        "SPANK_X": "1",
    }
    epilog.silent(sh, hostile)
    assert epilog.seen() == [
        ["--trace-dir", TRACES, "--server", SERVER],
        ["LC_ALL", "PATH"],
        1,
        1,
    ]
    assert not (tmp_path / "ran").exists()


def test_epilog_reads_its_settings(sh: str, epilog: Epilog) -> None:
    epilog.settings.write_text(
        '# a comment\nCUSTOMS_TRACE_DIR="/run/two words"\nnonsense (\n"\n'
        "PATH=/nowhere\nCUSTOMS_PYTHON=\nCUSTOMS_SERVER=unixgram:///run/a=b"
    )
    epilog.silent(sh)
    assert epilog.seen()[0] == ["--trace-dir", "/run/two words", "--server", "unixgram:///run/a=b"]


@pytest.mark.parametrize(
    "then", ["sys.exit(3)", "raise RuntimeError", "os.kill(os.getpid(), 9)", "print('x' * 100000)"]
)
def test_epilog_ends_well_whatever_the_sweep_does(sh: str, epilog: Epilog, then: str) -> None:
    epilog.sweep(then)
    epilog.silent(sh)
    assert epilog.out.exists()


def test_epilog_reports_what_was_killed(sh: str, epilog: Epilog, tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("takes root, as the epilog does")
    shutil.copytree(ROOT / "sitecustomize", epilog.hook, dirs_exist_ok=True)
    traces = tmp_path / "traces"
    (traces / "0").mkdir(parents=True)
    traces.chmod(0o1777)
    (traces / "0").chmod(0o700)
    # a number that no process can have
    head = {"v": 1, "id": "0" * 32, "pid": 4194305, "started": 0.5}
    (traces / "0" / "1").write_text(json.dumps(head) + "\nnumpy 1.26.4\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        epilog.settings.write_text(
            f"CUSTOMS_TRACE_DIR={traces}\n"
            f"CUSTOMS_SERVER=udp://127.0.0.1:{server.getsockname()[1]}\n"
        )
        epilog.silent(sh)
        datagram = server.recv(65536)
    record = json.loads(datagram[datagram.index(b"{") :])
    assert (record["end"], record["packages"]) == ("killed", {"numpy": "1.26.4"})
    assert list((traces / "0").iterdir()) == []


@pytest.mark.parametrize("missing", ["sweep", "hook", "python", "settings is a folder"])
def test_epilog_ends_well_whatever_is_missing(sh: str, epilog: Epilog, missing: str) -> None:
    if missing == "python":
        epilog.settings.write_text("CUSTOMS_PYTHON=/nowhere/python3\n")
    elif missing == "settings is a folder":
        epilog.settings.mkdir()
    else:
        shutil.rmtree(epilog.hook)
        if missing == "sweep":
            epilog.hook.mkdir()
    epilog.silent(sh)


@pytest.mark.parametrize(
    "then",
    [
        "import time; time.sleep(60)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
        "import subprocess; subprocess.run(['sleep', '60'])",
    ],
    ids=["hangs", "ignores SIGTERM", "has a child that hangs"],
)
def test_epilog_is_bounded(tmp_path: Path, then: str) -> None:
    epilog = Epilog(tmp_path, seconds=1)
    epilog.sweep(then)
    assert epilog.silent(need("sh", "dash")) < 10


def test_epilog_check_shows_the_sweep(epilog: Epilog) -> None:
    epilog.sweep("print('swept 3'); sys.exit(4)")
    done = run([need("sh", "dash"), str(epilog.script), "--check"])
    assert done.returncode == 4
    assert "customs_sweep.py --trace-dir" in done.stdout
    assert "swept 3" in done.stdout


# --- profiles


@pytest.fixture(params=["dash", "bash", "ksh", "zsh"])
def login_shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    return need(name, name)


@pytest.fixture(params=["tcsh", "bsd-csh"])
def c_shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    return need(name, {"bsd-csh": "csh"}.get(name, name))


PROFILE_CASES = [
    ({}, "HOOK"),
    ({"PYTHONPATH": ""}, "HOOK"),
    ({"PYTHONPATH": "/a b:/c"}, "HOOK:/a b:/c"),
    ({"PYTHONPATH": "/a:HOOK"}, "HOOK:/a"),
    ({"PYTHONPATH": "/a:HOOK:/b c:HOOK:"}, "HOOK:/a:/b c:"),
    ({"PYTHONPATH": "HOOK"}, "HOOK"),
    ({"PYTHONPATH": "/a", "CUSTOMS_OPT_OUT": "1"}, "/a"),
    ({"PYTHONPATH": "/a", "CUSTOMS_OPT_OUT": "0"}, "HOOK:/a"),
    ({"PYTHONPATH": "/a", "CUSTOMS_OPT_OUT": ""}, "HOOK:/a"),
]


def read_profile(shell: list[str], script: str, environment: dict[str, str], hook: Path) -> str:
    given = {name: value.replace("HOOK", str(hook)) for name, value in environment.items()}
    done = run([*shell, script], given)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.replace(str(hook), "HOOK")


@pytest.mark.parametrize(("environment", "expected"), PROFILE_CASES)
def test_profile_of_bourne_shells(
    login_shell: str, hook: Path, tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    source = HOOK / "profile.d" / "customs.sh"
    file = adapted(source, tmp_path / "p.sh", {f"={EXAMPLE}": f"='{hook}'"})
    script = f". {file}; . {file}; set | grep -c ^customs_; printenv PYTHONPATH"
    after = read_profile([login_shell, "-uc"], script, environment, hook)
    assert after == f"0\n{expected}\n"


@pytest.mark.parametrize(("environment", "expected"), PROFILE_CASES)
def test_profile_of_c_shells(
    c_shell: str, hook: Path, tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    source = HOOK / "profile.d" / "customs.csh"
    file = adapted(source, tmp_path / "p.csh", {EXAMPLE: str(hook)})
    script = f"source {file}; source {file}; set | grep -c ^customs_; printenv PYTHONPATH"
    after = read_profile([c_shell, "-fc"], script, environment, hook)
    # there the other copies stay, behind
    first, colon, rest = after.partition(":")
    assert first + colon + rest.replace("HOOK:", "").replace(":HOOK", "") == f"0\n{expected}\n"


def test_profiles_without_the_directory(tmp_path: Path, login_shell: str, hook: Path) -> None:
    script = f". {HOOK}/profile.d/customs.sh; printenv PYTHONPATH"
    if os.path.isdir(EXAMPLE):
        pytest.skip(f"{EXAMPLE} is there")
    assert read_profile([login_shell, "-uc"], script, {"PYTHONPATH": "/a"}, hook) == "/a\n"


# --- modules

STEPS = """
show() { echo "$1 [${PYTHONPATH-unset}]"; }
module load customs-hook; show load
module load customs-hook; show again
module load other; module purge; show purge
module --force purge; show force
export PYTHONPATH=/a:HOOK:/b; module load customs-hook; show present
module load other; show other
"""
AFTER = """\
load [HOOK]
again [HOOK]
purge [HOOK]
force [unset]
present [HOOK:/a:/b]
other [HOOK:/other:/a:/b]
"""


def module_session(init: Path, modules: Path, extra: dict[str, str] | None = None) -> str:
    script = f"source {init}\n" + STEPS.replace("HOOK", EXAMPLE)
    home = modules.parent / "home"
    home.mkdir()
    environment = {"MODULEPATH": str(modules), "HOME": str(home), "USER": "user", **(extra or {})}
    done = run([need("bash", "bash"), "--noprofile", "--norc", "-c", script], environment)
    # an emptied variable is as good as none
    return done.stdout.replace(EXAMPLE, "HOOK").replace("force []", "force [unset]")


@pytest.mark.parametrize("duplicates", ["no", "yes"])
def test_module_of_lmod(tmp_path: Path, duplicates: str) -> None:
    if not LMOD.exists():
        pytest.skip("no Lmod: install lmod (not beside environment-modules)")
    modules = tmp_path / "modulefiles"
    shutil.copytree(HOOK / "modulefiles" / "lmod", modules)
    (modules / "other.lua").write_text('prepend_path("PYTHONPATH", "/other")\n')
    extra = {"LMOD_DUPLICATE_PATHS": duplicates, "LMOD_PAGER": "none"}
    assert module_session(LMOD, modules, extra) == AFTER


def test_module_of_environment_modules(tmp_path: Path) -> None:
    if not MODULES.exists():
        pytest.skip("no Environment Modules: install environment-modules (not beside lmod)")
    modules = tmp_path / "modulefiles"
    shutil.copytree(HOOK / "modulefiles" / "environment-modules", modules)
    (modules / "other").write_text("#%Module\nprepend-path PYTHONPATH /other\n")
    # it knows no priorities
    after = AFTER.replace("other [HOOK:/other:", "other [/other:HOOK:")
    assert module_session(MODULES, modules) == after


# --- systemd


@pytest.mark.parametrize("unit", sorted((HOOK / "systemd").iterdir()), ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path) -> None:
    analyze = need("systemd-analyze", "systemd")
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("no /usr/bin/python3: install python3")
    done = run([analyze, "verify", str(unit)])
    assert done.returncode == 0, done.stderr
    # what it says of other units is not ours
    assert unit.name not in done.stderr


def test_tmpfiles_makes_the_trace_directory(tmp_path: Path) -> None:
    tmpfiles = need("systemd-tmpfiles", "systemd")
    if os.geteuid() != 0:
        pytest.skip("only root makes directories of root's")
    (tmp_path / "run").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (tmp_path / "etc" / "group").write_text("root:x:0:\n")
    configuration = HOOK / "tmpfiles.d" / "customs-hook.conf"
    for _ in range(2):
        done = run([tmpfiles, f"--root={tmp_path}", "--create", str(configuration)])
        assert (done.returncode, done.stderr) == (0, "")
    made = (tmp_path / TRACES[1:]).stat()
    assert oct(made.st_mode) == "0o41777"
    assert made.st_uid == 0
    assert oct((tmp_path / "run" / "customs").stat().st_mode) == "0o40755"


# --- SPANK

HARNESS = Path(__file__).with_name("spank_harness.c")


@pytest.fixture(scope="session")
def spank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin, with stand-ins for what slurmstepd provides."""
    compiler = need("cc", "gcc")
    if not os.path.exists("/usr/include/slurm/spank.h"):
        pytest.skip("no slurm/spank.h: install libslurm-dev")
    directory = tmp_path_factory.mktemp("spank")
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
    plugin = directory / "spank_customs.so"
    source = str(SLURM / "spank_customs.c")
    done = run([compiler, *flags, "-fPIC", "-shared", "-o", str(plugin), source])
    assert (done.returncode, done.stderr) == (0, "")
    harness = directory / "harness"
    done = run([compiler, *flags, "-o", str(harness), str(HARNESS), source])
    assert (done.returncode, done.stderr) == (0, "")
    return harness


def task(harness: Path, hook: Path, opt_out: Path, environment: dict[str, str]) -> str | None:
    """The PYTHONPATH of a task of uid 1234 whose environment is this one, after the plugin."""
    arguments = [f"path={hook}", f"opt_out_file={opt_out}"]
    done = subprocess.run(
        [str(harness), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.removesuffix("\n") if done.stdout else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "HOOK"),
        ({"PYTHONPATH": "/a b"}, "HOOK:/a b"),
        ({"PYTHONPATH": "HOOK:/a:HOOK"}, None),
        ({"PYTHONPATH": "/a:HOOK:/b"}, "HOOK:/a:/b"),
        ({"PYTHONPATH": "/a:HOOK::HOOK"}, "HOOK:/a:"),
        ({"PYTHONPATH": "HOOK/lib:HOO"}, "HOOK:HOOK/lib:HOO"),
        ({"PYTHONPATH": ""}, None),
        ({"PYTHONPATH": "/" + "x" * 99000}, "HOOK:/" + "x" * 99000),
        ({"PYTHONPATH": "/" + "x" * 110000}, None),
        ({"CUSTOMS_OPT_OUT": "1"}, None),
        ({"CUSTOMS_OPT_OUT": "0"}, "HOOK"),
        ({"CUSTOMS_OPT_OUT": ""}, "HOOK"),
    ],
)
def test_spank_changes_the_environment_of_a_task(
    spank: Path, hook: Path, tmp_path: Path, before: dict[str, str], after: str | None
) -> None:
    given = {name: value.replace("HOOK", str(hook)) for name, value in before.items()}
    expected = after and after.replace("HOOK", str(hook))
    assert task(spank, hook, tmp_path / "none", given) == expected


@pytest.mark.parametrize(
    ("listed", "recorded"),
    [
        ("# nobody\n\n", True),
        ("1234\n", False),
        ("bob\n  1234  # with his consent\r\n", False),
        ("alice", False),
        ("12345\n123\nalicea\n", True),
        ("#alice\n", True),
    ],
)
@pytest.mark.parametrize("variable", ["USER", "LOGNAME", "SLURM_JOB_USER"])
def test_spank_heeds_the_opt_out_file(
    spank: Path, hook: Path, tmp_path: Path, listed: str, recorded: bool, variable: str
) -> None:
    opt_out = tmp_path / "opt-out"
    opt_out.write_text(listed)
    assert (task(spank, hook, opt_out, {variable: "alice"}) is not None) is recorded


def test_spank_without_the_directory(spank: Path, hook: Path, tmp_path: Path) -> None:
    hook.rmdir()
    assert task(spank, hook, tmp_path / "none", {}) is None
