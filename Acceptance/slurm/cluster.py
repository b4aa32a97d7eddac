"""A real Slurm on this machine (../slurm-rig), with the hook installed as a centre does it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.daemon import CUSTOMS, PATIENCE, ROOT, clean_environment

RIG = ROOT / "Acceptance/slurm-rig"
# What users' jobs run, whatever else this machine has.
PYTHON = "/usr/bin/python3"
NODES = ("node01", "node02", "node03", "node04")
PARTITIONS = ("regular", "debug")

# Installed packages lie in such a folder, and not beside the program.
PACKAGES = "site-packages"
IMPORTS = f"""\
import os
import sys
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), {PACKAGES!r}))
import numpy
"""
TRAIN = f"""\
{IMPORTS}
import time
time.sleep(float(sys.argv[1]) if sys.argv[1:] else 0)
"""
PROGRAMS = {
    f"{PACKAGES}/numpy.py": "__version__ = '1.26.4'\n",
    "train.py": TRAIN,
    # talks to the other ranks, so that they must be of one world
    "ranks.py": f"{IMPORTS}\nfrom mpi4py import MPI\nassert MPI.COMM_WORLD.allreduce(1) == 4\n",
    "fail.py": f"{IMPORTS}\nsys.exit(3)\n",
    "greedy.py": f"{IMPORTS}\nhoard = [bytearray(b'x') * 50_000_000 for _ in range(40)]\n",
}


# Slurm's shortest time limit is a minute, and it looks at limits each half minute.
LIMIT_PATIENCE = 240.0

Job = dict[str, Any]


class FileStore:
    """An SQLite file, as `daemon.Store`."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite://{folder}/customs.sqlite"

    def interrupt(self) -> None:
        """Not asked for here."""

    def resume(self) -> None:
        """Not asked for here."""

    def close(self) -> None:
        """Nothing to give back."""


def why_not() -> str | None:
    """Why there can be no cluster on this machine; none if there can."""
    if os.geteuid() != 0:
        return "only root can start a Slurm whose jobs are other users'"
    tried = subprocess.run(
        ["unshare", "--uts", "--mount", "true"], stderr=subprocess.PIPE, text=True, check=False
    )
    if tried.returncode != 0:
        return f"this machine lets nobody make namespaces: {tried.stderr.strip()}"
    asked = subprocess.run(
        [str(RIG / "start.sh"), "--check"], capture_output=True, text=True, check=False
    )
    return asked.stderr.strip() if asked.returncode != 0 else None


class Cluster:
    """The cluster `rig`: four nodes, and the users alice, bob and carol."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "rig/state"
        self.hooks = folder / "rig/hooks"
        self.work = folder / "work"
        self.hook = folder / "hook"
        self.opt_out = folder / "opt-out"
        self.environment = clean_environment(folder) | {
            "RIG_STATE": str(self.state),
            "RIG_HOOKS": str(self.hooks),
        }
        self.has_cgroups = False

    def start(self, *, is_idle: bool = True) -> None:
        """Starts what does not run of it; jobs may run unless it is to be idle then."""
        done = subprocess.run(
            [str(RIG / "start.sh")],
            env=self.environment | {"RIG_IDLE": str(int(is_idle))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        self.has_cgroups = "RIG_CGROUP=v1" in (self.state / "env.sh").read_text()

    def stop(self) -> None:
        """Takes it down and forgets it."""
        subprocess.run(
            [str(RIG / "stop.sh"), "--wipe"], env=self.environment, timeout=120, check=False
        )

    def install(self, server: str) -> None:
        """Installs the hook's tree, TaskProlog, epilog and a trace directory, as a centre does."""
        settings = self.folder / "hook.conf"
        # where a process with no environment is looked for in a job's control group
        settings.write_text(
            f"compute = env:SLURM_JOB_ID, host:node*\nopt_out_file = {self.opt_out}\n"
        )
        self.opt_out.touch()
        command = [
            *(str(CUSTOMS), "hook", "install", "--prefix", str(self.hook), "--server", server),
            *("--trace-dir", "/run/node/traces", "--python", PYTHON),
            *("--config", str(settings)),
        ]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        for node in NODES:
            traces = self.state / f"private/{node}/run/node/traces"
            traces.mkdir(parents=True, exist_ok=True)
            traces.chmod(0o1777)
        settings = self.folder / "hook.env"
        settings.write_text(
            f"CUSTOMS_HOOK_DIR={self.hook}\nCUSTOMS_TRACE_DIR=/run/node/traces\n"
            f"CUSTOMS_SERVER={server}\nCUSTOMS_PYTHON={PYTHON}\n"
        )
        self._deploy("taskprolog", "^hook_dir=.*", f"hook_dir={self.hook}")
        self._deploy("epilog", "^settings=.*", f"settings={settings}")
        (self.work / PACKAGES).mkdir(parents=True)
        for name, text in PROGRAMS.items():
            (self.work / name).write_text(text)
        self.work.chmod(0o755)

    def _deploy(self, name: str, pattern: str, line: str) -> None:
        text = (ROOT / f"etc/slurm/{name}.sh").read_text()
        changed, count = re.subn(pattern, line, text, flags=re.MULTILINE)
        assert count == 1
        place = self.hooks / f"{name}.d/customs"
        place.write_text(changed)
        place.chmod(0o755)

    @contextmanager
    def spank(self) -> Iterator[None]:
        """The SPANK plugin instead of the TaskProlog."""
        plugin = self.folder / "spank_customs.so"
        flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared"]
        source = ROOT / "etc/slurm/spank_customs.c"
        subprocess.run(["cc", *flags, "-o", str(plugin), str(source)], check=True)
        line = self.hooks / "spank/10-customs.conf"
        prolog = self.hooks / "taskprolog.d/customs"
        line.write_text(f"required {plugin} path={self.hook} opt_out_file={self.opt_out}\n")
        prolog.chmod(0o644)
        try:
            yield
        finally:
            prolog.chmod(0o755)
            line.unlink()

    def program(self, name: str) -> str:
        """A copy of train.py under another name, so that its run is told from others."""
        return self.copy("train.py", name)

    def copy(self, original: str, name: str) -> str:
        """A copy of one of the programs under another name."""
        path = self.work / f"{name}.py"
        if not path.exists():
            shutil.copy(self.work / original, path)
        return f"{PYTHON} {path}"

    def run(self, *command: str, user: str = "root", check: bool = True) -> str:
        """The output of a command; it must succeed unless `check` is false."""
        done = subprocess.run(
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--", *command],
            env=clean_environment(self.folder) | {"HOME": "/", "USER": user, "LOGNAME": user},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stderr}"
        return done.stdout

    def submit(self, user: str, script: str, *options: str) -> str:
        """Submits a batch job; its number."""
        common = ["--parsable", "--chdir=/", "--output=/dev/null", *options]
        return self.run("sbatch", *common, f"--wrap={script}", user=user).strip()

    def accounting(self, job: str, *fields: str) -> list[list[str]]:
        """The rows of sacct, in UTC, one for each start of a job."""
        text = self.run(*("env", "TZ=UTC", "sacct", "-nPXDj", job, f"--format={','.join(fields)}"))
        return [line.split("|") for line in text.splitlines()]

    def stop_daemons(self) -> None:
        """Slurm's controller and its accounting are gone; nodes and jobs go on."""
        for name in ("slurmctld", "slurmdbd"):
            pid = int((self.state / f"pid/{name}.pid").read_text())
            subprocess.run(["kill", str(pid)], check=True)
            subprocess.run(
                ["timeout", "60", "tail", f"--pid={pid}", "-f", "/dev/null"], check=False
            )
