"""Peers of customsd, each as a receiver with a wide table in PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from support.daemon import DIE_WITH_PARENT
from support.ports import free_udp_port

from ingestcost.database import WIDE, Database
from ingestcost.generator import BUILT, program

PEERS = BUILT / "peers"
_ROOT = PEERS / "root"
_LIBRARIES = _ROOT / "usr/lib/x86_64-linux-gnu"


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
    """A loop in C that receives, reads and stores a row a record, without any recovery."""

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
        # It reports only at its end, so its time is read before.
        return -1

    def finish(self) -> int:
        """Ends it; returns the number of datagrams."""
        if self._count is None:
            self._process.send_signal(signal.SIGTERM)
            output, _ = self._process.communicate(timeout=60)
            self._count = int(output)
        return self._count

    def disk_bytes(self) -> int:
        return 0

    def stop(self) -> None:
        self.finish()
