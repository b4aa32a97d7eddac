"""Those who take records in: all are started, asked and stopped in the same way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from support.daemon import CUSTOMSD, DIE_WITH_PARENT, Daemon, wait_until
from support.ports import free_udp_port
from support.service_manager_stand_in import ServiceManagerStandIn

from ingestcost.database import WIDE, Database
from ingestcost.generator import BUILT, program

PEERS = BUILT / "peers"
_ROOT = PEERS / "root"
_LIBRARIES = _ROOT / "usr/lib/x86_64-linux-gnu"


class Receiver(Protocol):
    """One who takes records in, on a place of its own."""

    name: str

    @property
    def database(self) -> Database | None: ...

    def start(self, folder: Path) -> str:
        """Starts it with nothing stored; returns where to send to."""

    @property
    def pid(self) -> int: ...

    def stored(self) -> int:
        """How many records are where they are to stay."""

    def disk_bytes(self) -> int:
        """What is stored takes so many bytes on disk."""

    def stop(self) -> None:
        """Ends it and takes away what it stored."""


class _File:
    """customsd's store in SQLite."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite://{path}"

    def interrupt(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class _Table:
    """customsd's store in PostgreSQL."""

    name = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url

    def interrupt(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class Ours:
    """customsd, on PostgreSQL or on SQLite."""

    def __init__(
        self,
        database: Database | None,
        *,
        by: str = "udp",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.by = by
        self.environment = environment
        self.name = "customsd, " + ("PostgreSQL" if database else "SQLite")
        self.daemon: Daemon
        self._http = 0
        self._name = ""

    def start(self, folder: Path) -> str:
        self._sqlite = folder / "customs.sqlite"
        store: _File | _Table = _File(self._sqlite)
        if self.database:
            self._name, url = self.database.create()
            store = _Table(url)
        self._http = free_udp_port()
        arguments = ["--http", f"127.0.0.1:{self._http}"]
        tcp = free_udp_port()
        if self.by == "tcp":
            arguments += ["--listen", f"tcp://127.0.0.1:{tcp}"]
        self.daemon = Daemon(folder, store, arguments=arguments, environment=self.environment)
        self.launch()
        if self.by == "tcp":
            return f"tcp:{tcp}"
        if self.by == "unixgram":
            return self.daemon.unix.replace("unixgram://", "unix:")
        return f"udp:{self.daemon.port}"

    def launch(self) -> None:
        """Starts the daemon, for the first time or again."""
        self.daemon.start()

    def kill(self) -> None:
        """SIGKILL."""
        self.daemon.kill()

    @property
    def pid(self) -> int:
        assert self.daemon.process is not None
        return self.daemon.process.pid

    def metrics(self) -> dict[str, float]:
        """What the daemon says of itself: cheaper to ask than the store."""
        url = f"http://127.0.0.1:{self._http}/metrics"
        with urllib.request.urlopen(url, timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return {
            name: float(value)
            for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")
        }

    def stored(self) -> int:
        # Told with each batch; the store itself is not asked meanwhile.
        said = self.metrics()
        return int(said["customs_received_total"] - said["customs_pending"])

    def kernel_dropped(self) -> int:
        return int(self.metrics().get("customs_kernel_dropped_total", 0))

    def disk_bytes(self) -> int:
        if self.database:
            return self.database.bytes_of_tables(self._name)
        return self._sqlite.stat().st_size

    def rejected(self) -> dict[str, int]:
        """Rejected messages by reason, by the store's account."""
        return {str(why): int(n) for why, n in self.daemon.customs.health()["rejected"].items()}

    def execute(self, script: str) -> list[list[str]]:
        """Runs SQL in its database."""
        assert self.database
        return self.database.server.execute(self._name, script)

    def counted(self) -> int:
        """How many different records the store has, by its own account."""
        health = self.daemon.customs.health()
        return int(health["stored"]) + int(health["merged"])

    def stop(self) -> None:
        self.daemon.abandon()
        if self.database:
            self.database.drop(self._name)


class Held(Ours):
    """customsd with a socket that somebody else holds, as systemd does: it outlives the daemon."""

    def start(self, folder: Path) -> str:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        to = super().start(folder)
        return to

    def launch(self) -> None:
        if not self._socket.getsockname()[1]:
            self._socket.bind(("127.0.0.1", self.daemon.port))
            # With a service manager there is no --listen: what is handed over stands for it.
            self.daemon.arguments = [
                part
                for part in self.daemon.arguments
                if part not in ("--listen", self.daemon.udp, self.daemon.unix)
            ]
        descriptor = self._socket.fileno()
        take = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{descriptor}'
        command = ["sh", "-c", take, "sh", str(CUSTOMSD), *self.daemon.arguments]
        offset = self.daemon.log.stat().st_size if self.daemon.log.exists() else 0
        with self.daemon.log.open("ab") as log:
            self.daemon.process = subprocess.Popen(
                [*DIE_WITH_PARENT, *command],
                env=self.daemon.environment,
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(
            lambda: b"ready" in self.daemon.log.read_bytes()[offset:] or not self.daemon.is_alive,
            lambda: f"not ready; its log:\n{self.daemon.log_tail()}",
        )

    def stop(self) -> None:
        super().stop()
        self._socket.close()


class Kept(Ours):
    """customsd over TCP under what stands for systemd: its connections outlive it."""

    def start(self, folder: Path) -> str:
        self._manager = ServiceManagerStandIn(folder)
        store: _File | _Table = _File(folder / "customs.sqlite")
        if self.database:
            self._name, url = self.database.create()
            store = _Table(url)
        self._http = free_udp_port()
        self.daemon = Daemon(
            folder,
            store,
            arguments=[
                *("--http", f"127.0.0.1:{self._http}"),
                *("--listen", f"tcp://127.0.0.1:{self._manager.tcp_port}"),
            ],
            environment={**(self.environment or {}), **self._manager.environment},
            port=self._manager.udp_port,
            inherits=self._manager.inherited,
        )
        self.launch()
        return f"tcp:{self._manager.tcp_port}"

    def stop(self) -> None:
        super().stop()
        self._manager.close()


class _Peer:
    """A peer: a configuration, a process, a wide table in PostgreSQL."""

    name = ""
    database: Database

    def __init__(self, database: Database) -> None:
        self.database = database
        self._process: subprocess.Popen[bytes] | None = None
        self._name = self._url = ""

    def command(self, folder: Path, port: int) -> list[str]:
        raise NotImplementedError

    def start(self, folder: Path) -> str:
        self._name, self._url = self.database.create()
        self.database.server.execute(self._name, WIDE)
        port = free_udp_port()
        libraries = [_LIBRARIES, _ROOT / "lib/x86_64-linux-gnu", _ROOT / "usr/lib/syslog-ng"]
        environment = os.environ | {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
        self._log = folder / "peer.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*DIE_WITH_PARENT, *self.command(folder, port)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 30
        while f":{port:04X} " not in Path("/proc/net/udp").read_text():
            if self._process.poll() is not None or time.monotonic() > end:
                said = self._log.read_text(errors="replace")[-2_000:]
                raise RuntimeError(f"{self.name} does not start: {said}")
            time.sleep(0.05)
        return f"udp:{port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stored(self) -> int:
        return self.database.number(self._name, "SELECT count(*) FROM wide")

    def disk_bytes(self) -> int:
        return self.database.bytes_of_tables(self._name)

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.database.drop(self._name)


_COLUMNS = (
    *("id", "event_timestamp", "elapsed", "host", "pid", "ppid", "username", "uid", "executable"),
    *("prefix", "python", "implementation", "main", "cluster", "job_id", "step_id", "num_nodes"),
    *("qos", "repo", "packages"),
)


class Rsyslog(_Peer):
    """rsyslog with imudp, mmjsonparse and ompgsql, tuned."""

    name = "rsyslog, tuned"

    def command(self, folder: Path, port: int) -> list[str]:
        values = ", ".join(f"'%$!{column}%'" for column in _COLUMNS)
        configuration = folder / "rsyslog.conf"
        configuration.write_text(f"""\
module(load="imudp" threads="1" batchSize="128" timeRequery="1000")
module(load="mmjsonparse")
module(load="ompgsql")
main_queue(queue.type="FixedArray" queue.size="2000000" queue.dequeueBatchSize="4096"
    queue.workerThreads="1")
template(name="row" type="string" option.stdsql="on"
    string="INSERT INTO wide ({", ".join(_COLUMNS)}) VALUES ({values})")
input(type="imudp" address="127.0.0.1" port="{port}" rcvbufSize="64m" ruleset="records")
ruleset(name="records" queue.type="FixedArray" queue.size="2000000" queue.dequeueBatchSize="4096"
        queue.workerThreads="2" queue.workerThreadMinimumMessages="1000") {{
    action(type="mmjsonparse" cookie="")
    action(type="ompgsql" template="row" conninfo="{self._url}")
}}
""")
        place = ["-f", str(configuration), "-i", str(folder / "rsyslog.pid")]
        modules = ["-M", str(_LIBRARIES / "rsyslog")]
        return [str(_ROOT / "usr/sbin/rsyslogd"), "-n", *place, *modules]


class SyslogNG(_Peer):
    """syslog-ng with json-parser and sql, tuned."""

    name = "syslog-ng, tuned"

    def command(self, folder: Path, port: int) -> list[str]:
        values = ", ".join(f'"${{.r.{column}}}"' for column in _COLUMNS[:-1])
        columns = ", ".join(f'"{column} text"' for column in _COLUMNS)
        configuration = folder / "syslog-ng.conf"
        configuration.write_text(f"""\
@version: 3.38
options {{ stats-freq(0); log-fifo-size(2000000); use-dns(no); time-reopen(1); }};
source s {{ network(transport("udp") ip("127.0.0.1") port({port}) so-rcvbuf(67108864)
    flags(syslog-protocol) log-fetch-limit(1000)); }};
parser p {{ json-parser(prefix(".r.")); }};
destination d {{ sql(type(pgsql) host("{self.database.folder}")
    port("5432") username("customs") password("") database("{self._name}") table("wide")
    columns({columns}) values({values}, "$(format-json --key .r.packages.* --shift-levels 2)")
    flags(explicit-commits) batch-lines(1000) batch-timeout(200) log-fifo-size(2000000)); }};
log {{ source(s); parser(p); destination(d); }};
""")
        files = ["-f", str(configuration), "-R", str(folder / "persist")]
        files += ["-p", str(folder / "pid"), "-c", str(folder / "control")]
        modules = ["--module-path", str(_ROOT / "usr/lib/syslog-ng/3.38")]
        return [str(_ROOT / "usr/sbin/syslog-ng"), "-F", "--no-caps", *files, *modules]


class PlainLoop(_Peer):
    """A loop in C that receives, reads and stores a row a record, and recovers nothing."""

    name = "loop in C, staged"

    def command(self, folder: Path, port: int) -> list[str]:
        return [str(program("loop")), str(port), self._url]


class ReceiveOnly:
    """A loop in C that takes datagrams and does nothing with them."""

    name = "receive only"
    database: Database | None = None

    def start(self, folder: Path) -> str:
        port = free_udp_port()
        self._process = subprocess.Popen(
            [*DIE_WITH_PARENT, str(program("receive")), str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self._count: int | None = None
        return f"udp:{port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def stored(self) -> int:
        # It can be asked only by its end; its time is taken before.
        return -1

    def finish(self) -> int:
        """Ends it; how many it took."""
        if self._count is None:
            self._process.send_signal(signal.SIGTERM)
            output, _ = self._process.communicate(timeout=60)
            self._count = int(output)
        return self._count

    def disk_bytes(self) -> int:
        return 0

    def stop(self) -> None:
        self.finish()
