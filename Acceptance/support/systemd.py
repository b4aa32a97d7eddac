"""systemd itself, as the first process of namespaces of its own, with the project's units."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

from support.daemon import CUSTOMSD, PATIENCE, ROOT, wait_until

SYSTEMD = Path("/lib/systemd/systemd")
_UNITS = ROOT / "etc/systemd"
_CGROUPS = (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup"))

# What it mounts is its own, and what it would change of the machine it cannot.
_BOOT = """
set -e
echo $$ > {cgroup}/cgroup.procs
exec unshare --cgroup --mount --uts --ipc --pid --fork --mount-proc --kill-child bash -ec '
mount --make-rprivate /
mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys
mount --bind /dev/null /dev/console
mount --bind {folder}/passwd /etc/passwd; mount --bind {folder}/group /etc/group
mount -t tmpfs tmpfs /run; mount --bind {folder}/lib /var/lib; mkdir -p /run/systemd /run/test
mount --bind {folder}/test /run/test
umount -R /sys/fs/cgroup
{mounts}
exec env -i PATH=$PATH container=other SYSTEMD_UNIT_PATH=/run/test/units \
    {systemd} --system --unit=default.target --show-status=0 --log-target=null
'
"""
_VERSION_1 = """mount -t tmpfs tmpfs /sys/fs/cgroup; mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd"""
_VERSION_2 = "mount -t cgroup2 cgroup2 /sys/fs/cgroup"
_TARGETS = ("basic", "default", "multi-user", "network", "shutdown", "sockets", "sysinit")

# pidfd_getfd(2), for which Python has no name: the same number on every architecture
_PIDFD_GETFD = 438
_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """systemd cannot be run here; the text says why."""


class Systemd:
    """A service manager with customsd's units, which receive on ports of loopback."""

    def __init__(self, folder: Path, tcp_port: int, udp_port: int) -> None:
        if not SYSTEMD.exists():
            raise Unavailable("no systemd")
        if os.geteuid() != 0:
            raise Unavailable("not root")
        self.folder = folder
        self._cgroup = self._make_cgroup()
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare(tcp_port, udp_port)

    def _make_cgroup(self) -> Path:
        for root in _CGROUPS:
            if (root / "cgroup.procs").exists():
                path = root / f"customs-test-{uuid.uuid4().hex}"
                try:
                    path.mkdir()
                except OSError:
                    continue
                return path
        raise Unavailable("no control groups may be made")

    def _prepare(self, tcp_port: int, udp_port: int) -> None:
        units, settings = self.folder / "test/units", self.folder / "test/etc/customs"
        binaries = self.folder / "test/bin"
        for path in (units, settings, binaries, units / "customsd.socket.d", self.folder / "lib"):
            path.mkdir(parents=True)
        self.folder.chmod(0o755)
        shutil.copy(CUSTOMSD, binaries)
        (settings / "customsd.toml").write_text("")
        for target in _TARGETS:
            (units / f"{target}.target").write_text("[Unit]\nDescription=nothing\n")
        for name in ("customsd.service", "customsd.socket"):
            text = (_UNITS / name).read_text()
            text = text.replace("@bindir@", "/run/test/bin")
            (units / name).write_text(text.replace("@sysconfdir@", "/run/test/etc"))
        (units / "customsd.socket.d/port.conf").write_text(
            f"[Socket]\nListenDatagram=\nListenDatagram=127.0.0.1:{udp_port}\n"
            f"ListenDatagram=/run/customs/records.sock\nListenStream=127.0.0.1:{tcp_port}\n"
        )
        for file, line in (
            ("passwd", "customs:x:64999:64999::/:/bin/false\n"),
            ("group", "customs:x:64999:\n"),
        ):
            others = [
                other
                for other in Path(f"/etc/{file}").read_text().splitlines(keepends=True)
                if not other.startswith("customs:")
            ]
            (self.folder / file).write_text("".join(others) + line)

    def start(self) -> None:
        """Boots, and starts the socket and the service."""
        version_1 = self._cgroup.parent.name == "systemd"
        boot = _BOOT.format(
            cgroup=self._cgroup,
            folder=self.folder,
            systemd=SYSTEMD,
            mounts=_VERSION_1 if version_1 else _VERSION_2,
        )
        with (self.folder / "boot.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "bash", "-c", boot],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: self._answers() or self._has_ended, lambda: "no answer", 30)
        except AssertionError as error:
            raise Unavailable(f"it does not answer: {self.said()}") from error
        if self._has_ended:
            raise Unavailable(f"it does not start: {self.said()}")
        self.control("start", "customsd.socket", "customsd.service")

    def stop(self) -> None:
        """Ends it with all that it has started."""
        if self._process:
            self._process.kill()
            self._process.wait(PATIENCE)
        # its processes are gone a moment after it
        wait_until(self._remove_cgroup, lambda: f"{self._cgroup} is in use")

    def _remove_cgroup(self) -> bool:
        for path in [*sorted(self._cgroup.rglob("*"), reverse=True), self._cgroup]:
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()
        return not self._cgroup.exists()

    def control(self, *arguments: str) -> str:
        """`systemctl` there."""
        done = self._run(*arguments)
        assert done.returncode == 0, f"systemctl {arguments}: {done.stderr}"
        return done.stdout

    def show(self, name: str) -> str:
        """A property of the service."""
        return self.control("show", "--value", f"--property={name}", "customsd.service").strip()

    @property
    def daemon(self) -> int:
        """The daemon's process, by its number outside."""
        wanted = self.show("MainPID")
        for path in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                for line in path.read_text().splitlines():
                    fields = line.split()
                    inside = fields[0] == "NSpid:" and fields[-1] == wanted and len(fields) == 3
                    if inside and self._is_ours(int(path.parent.name)):
                        return int(path.parent.name)
        raise AssertionError(f"no process {wanted}")

    def sockets(self) -> Iterator[socket.socket]:
        """Copies of the daemon's, one after the other."""
        pid = self.daemon
        watched = os.pidfd_open(pid)
        try:
            for path in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if not str(path.readlink()).startswith("socket:"):
                        continue
                    number = _libc.syscall(_PIDFD_GETFD, watched, int(path.name), 0)
                    if number >= 0:
                        with socket.socket(fileno=number) as copy:
                            yield copy
        finally:
            os.close(watched)

    @property
    def store_url(self) -> str:
        """The daemon's SQLite store, from outside."""
        return f"sqlite://{self.folder}/lib/customs/customs.sqlite"

    def said(self) -> str:
        """The errors of the boot."""
        return (self.folder / "boot.log").read_text(errors="replace")[-1_000:]

    @property
    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    @property
    def _first(self) -> int:
        assert self._process
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def _is_ours(self, pid: int) -> bool:
        return (
            Path(f"/proc/{pid}/ns/pid").readlink() == Path(f"/proc/{self._first}/ns/pid").readlink()
        )

    def _answers(self) -> bool:
        try:
            return self._run("list-units").returncode == 0
        except (IndexError, FileNotFoundError):
            return False

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", "-t", str(self._first), "-a", "systemctl", "--no-pager", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
