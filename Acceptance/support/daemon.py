"""A customsd of the test's own, and the customs command on its store."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from loadgen.send import connect, send

from support.ports import free_udp_port

ROOT = Path(__file__).resolve().parents[2]
#: The folder of both commands; `CUSTOMS_BIN` names another one, such as that of a debug build.
BINARIES = Path(os.environ.get("CUSTOMS_BIN", ROOT / ".build/release")).absolute()
CUSTOMSD = BINARIES / "customsd"
CUSTOMS = BINARIES / "customs"

# Bounds on waiting, not on speed: what takes longer than this is broken, even on a busy machine.
PATIENCE = 120.0

# Of the journal's format (docs/journal-format.md): a frame begins with a magic number, and holds
# records as they came.
FRAME_MAGIC = b"FRAM"
ENTRY_ID = re.compile(rb'"id":"([0-9a-f]{32})"')


class Store(Protocol):
    """A store that a test can take away from the daemon for a while."""

    name: str
    url: str

    def interrupt(self) -> None:
        """From now on nothing can be written to it."""

    def resume(self) -> None:
        """Puts an end to `interrupt`."""

    def close(self) -> None:
        """Releases its files and databases."""


def wait_until(
    condition: Callable[[], bool],
    what: Callable[[], str],
    patience: float = PATIENCE,
    *,
    every: float = 0.1,
) -> None:
    """Waits until `condition` holds; fails with `what()` if it does not come to hold.

    `every`: seconds between two looks; more where a look costs a process.
    """
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"after {patience:.0f} s still: {what()}"
        time.sleep(every)


def clean_environment(folder: Path) -> dict[str, str]:
    """The environment without what the programs under test would heed; home is the test's."""
    prefixes = (
        *("CUSTOMS_", "SLURM_", "PMI", "OMPI_", "PALS_", "PG", "PYTHON", "XDG_"),
        *("LISTEN_", "NOTIFY_", "INVOCATION_ID", "STATE_DIRECTORY"),
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "LC_ALL": "C.UTF-8",
    }


def run_to_its_end(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a program in a clean environment whose home is `folder`, whatever its exit code."""
    return subprocess.run(
        command,
        env=clean_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


# In front of a command: it must not outlive a test run that is killed.
DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")


class Customs:
    """The customs command on one store."""

    def __init__(self, store_url: str, folder: Path) -> None:
        self.store_url = store_url
        self.folder = folder

    def run(
        self, command: str, *arguments: str, store: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a subcommand, whatever its exit code."""
        return run_to_its_end(
            [str(CUSTOMS), *command.split(), "--store", store or self.store_url, *arguments],
            self.folder,
        )

    def text(self, command: str, *arguments: str) -> str:
        """The output of a subcommand, which must succeed."""
        done = self.run(command, *arguments)
        assert done.returncode == 0, (
            f"customs {command} {arguments}: {done.returncode}\n{done.stderr}"
        )
        return done.stdout

    def json(self, command: str, *arguments: str) -> Any:
        """A subcommand's answer."""
        return json.loads(self.text(command, "--format", "json", *arguments))

    def health(self) -> dict[str, Any]:
        """The counters."""
        health = self.health_if_any()
        assert health is not None, "the store is away, or has no tables"
        return health

    def health_if_any(self) -> dict[str, Any] | None:
        """The counters; none while the store is away, or too new to have its tables."""
        asked = self.run("health", "--format", "json")
        if asked.returncode == 69:
            return None
        assert asked.returncode == 0, asked
        health = json.loads(asked.stdout)
        assert isinstance(health, dict)
        return health


@dataclass(frozen=True)
class Inheritance:
    """Sockets that a daemon is given at its start, as a service manager gives them."""

    # a command that execs what follows it
    prefix: tuple[str, ...] = ()
    descriptors: tuple[int, ...] = ()


def inherits_nothing() -> AbstractContextManager[Inheritance]:
    """A daemon that opens its sockets itself."""
    return nullcontext(Inheritance())


class Daemon:
    """A customsd that receives on loopback, and on a unix datagram socket beside it."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        settings: str = "",
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
        state: Path | None = None,
        inherits: Callable[[], AbstractContextManager[Inheritance]] = inherits_nothing,
    ) -> None:
        self.folder = folder
        self.store = store
        self.customs = Customs(store.url, folder)
        self.state = state or folder / "journal"
        self.log = folder / "customsd.log"
        self.port = port or free_udp_port()
        self._inherits = inherits
        self.udp = f"udp://127.0.0.1:{self.port}"
        self.unix = f"unixgram://{folder}/records.sock"
        self.settings = folder / "customsd.toml"
        self.settings.write_text(settings)
        self.arguments = [
            *("--config", str(self.settings), "--store", store.url, "--state-dir", str(self.state)),
            *("--listen", self.udp, "--listen", self.unix, *arguments),
        ]
        self.environment = clean_environment(folder) | dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None

    # Life and death

    def start(self) -> Daemon:
        """Starts it and waits until it receives."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log, self._inherits() as inheritance:
            self.process = subprocess.Popen(
                [*DIE_WITH_PARENT, *inheritance.prefix, str(CUSTOMSD), *self.arguments],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=inheritance.descriptors,
            )
        wait_until(
            lambda: b"ready" in self.log.read_bytes()[offset:] or not self.is_alive,
            lambda: f"not ready; its log:\n{self.log_tail()}",
            every=0.02,
        )
        assert self.is_alive, (
            f"ended with {self.process.returncode} before it was ready:\n{self.log_tail()}"
        )
        return self

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL: no chance to end well."""
        assert self.process
        assert self.is_alive, self.log_tail()
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process = None

    def stop(self) -> None:
        """SIGTERM: it must drain and exit with 0."""
        assert self.process
        assert self.is_alive, f"ended by itself with {self.process.returncode}:\n{self.log_tail()}"
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        self.process = None
        assert status == 0, f"exit status {status} after SIGTERM:\n{self.log_tail()}"

    def abandon(self) -> None:
        """Ends it in whatever state a failed test left it."""
        if self.process and self.is_alive:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.process = None

    def log_tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4_000:] if self.log.exists() else "(no log)"

    # Traffic

    def send(
        self, messages: Iterable[bytes], *, rate: float = 10_000, url: str | None = None
    ) -> int:
        """Sends messages at a steady rate, over UDP unless told otherwise."""
        with connect(url or self.udp) as sender:
            return send(sender, messages, rate)

    def queued_bytes(self) -> int:
        """Bytes in the kernel's buffer of the UDP socket."""
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(f":{self.port:04X}"):
                return int(fields[4].split(":")[1], 16)
        return 0

    def journalled_ids(self) -> list[str]:
        """The ids of the records in the journal's files, in the order in which they came."""
        return [match.decode() for match in ENTRY_ID.findall(self._journal_bytes())]

    def torn_ids(self) -> list[str]:
        """The ids in the journal's last frame, which a kill may have left incomplete."""
        journal = self._journal_bytes()
        return [
            match.decode()
            for match in ENTRY_ID.findall(journal, max(0, journal.rfind(FRAME_MAGIC)))
        ]

    def _journal_bytes(self) -> bytes:
        # A segment's name is the number of its first entry, so names sort as entries do.
        return b"".join(path.read_bytes() for path in sorted(self.state.rglob("*.journal")))

    def settle(self, messages: int) -> dict[str, Any]:
        """Waits until `messages` have been received and none is pending; returns the counters."""
        health: dict[str, Any] = {}

        def settled() -> bool:
            assert self.is_alive, f"customsd ended:\n{self.log_tail()}"
            health.clear()
            health.update(self.customs.health_if_any() or {"received": 0, "pending": 0})
            # More than was sent cannot be waited away.
            return int(health["received"]) >= messages and int(health["pending"]) == 0

        wait_until(settled, lambda: f"{messages} sent, {health}\n{self.log_tail()}", every=0.25)
        assert_balanced(health)
        return health

    def settle_when_quiet(self) -> dict[str, Any]:
        """Waits until the kernel holds nothing for it and all that was received is stored.

        For tests that do not know how much arrived.
        """
        health: dict[str, Any] = {}

        def quiet() -> bool:
            assert self.is_alive, f"customsd ended:\n{self.log_tail()}"
            before = dict(health)
            is_read = self.queued_bytes() == 0
            health.clear()
            if is_read:
                health.update(self.customs.health_if_any() or {})
            # When a daemon last spoke is another time with each look; before that nothing counts.
            daemons = health.pop("daemons", [])
            has_spoken = any((each["last_word_seconds"] or 60) < 5 for each in daemons)
            return bool(has_spoken and before == health and not health["pending"])

        # The store is told once a second how much has been received.
        wait_until(quiet, lambda: f"{health}\n{self.log_tail()}", every=1.2)
        assert_balanced(health)
        return health


# Starts a daemon on a store, with the options of `Daemon`.
StartDaemon = Callable[..., Daemon]


def assert_balanced(health: Mapping[str, Any]) -> None:
    """The identity that holds at every moment."""
    accounted = health["stored"] + health["merged"] + health["duplicate"] + health["pending"]
    assert health["received"] == accounted + sum(health["rejected"].values()), health
    assert health["balanced"] is True, health


def check_configuration(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """`customsd --check` on a configuration."""
    file = folder / "check.toml"
    file.write_text(text)
    return run_to_its_end([str(CUSTOMSD), "--config", str(file), "--check"], folder)
