"""Names that are not the sender's own, by every transport: none is vouched for."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import sqlite3
import subprocess

import pytest
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import PATIENCE, Daemon, StartDaemon, Store
from support.streams import Streams, lines

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="other users send, which only root can make them do"
)

# Two whom this machine does not know, and one whom it does.
EVE, BOB = 4_000_101, 4_000_102
DAEMON = pwd.getpwnam("daemon").pw_uid

NAMES = [
    *("bob", "daemon", "root", "nobody"),
    *(f"#{BOB}", "#0", "#", "user-0123456789abcdef", ""),
]
# What a sender can say of its uid.
UIDS: list[int | None] = [EVE, BOB, 0, DAEMON, None]

_SEND = """
import socket, sys
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for line in sys.stdin: sender.sendto(line.encode(), sys.argv[1])
"""


def forgeries() -> list[bytes]:
    """A record for each name and uid, each a run of its own."""
    population = Population(411)
    messages = []
    for name in NAMES:
        for uid in UIDS:
            record = dict(population.sample().record, username=name, is_staff=False)
            record["main"] = f"/{name}/{uid}"
            record.pop("uid", None)
            if uid is not None:
                record["uid"] = uid
            messages.append(json.dumps(record).encode())
    return messages


def send_as(daemon: Daemon, uid: int, messages: list[bytes]) -> None:
    subprocess.run(
        [
            *("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"),
            *("/usr/bin/python3", "-I", "-S", "-c", _SEND, str(daemon.folder / "records.sock")),
        ],
        input=b"".join(message + b"\n" for message in messages),
        check=True,
        timeout=PATIENCE,
        cwd="/",
    )


def users(store: Store, *, vouched: bool) -> dict[str, int]:
    """The processes of each user, of runs that are vouched for, or of the others."""
    with contextlib.closing(
        sqlite3.connect(store.url.removeprefix("sqlite://"), timeout=60)
    ) as connection:
        rows = connection.execute(
            "SELECT u.name, sum(r.processes) FROM runs r JOIN users u ON u.id = r.usr"
            " WHERE (r.flags & 4) / 4 = ? GROUP BY u.name",
            [int(vouched)],
        )
        return dict(rows.fetchall())


@pytest.mark.parametrize(("uid", "name"), [(EVE, f"#{EVE}"), (DAEMON, "daemon")])
def test_the_kernels_number_and_the_machines_name_win(
    start_daemon: StartDaemon, sqlite_store: Store, uid: int, name: str
) -> None:
    """Whatever a user of the unix socket says of himself."""
    daemon = start_daemon(sqlite_store)
    messages = forgeries()
    send_as(daemon, uid, messages)
    daemon.settle(len(messages))
    assert users(sqlite_store, vouched=True) == {name: len(messages)}
    assert users(sqlite_store, vouched=False) == {}
    claims = daemon.customs.json("health", "--claims")["claims"]
    honest = sum(
        claimed in ("", name) and told in (uid, None) for claimed in NAMES for told in UIDS
    )
    assert claims["foreign_names"] == len(messages) - honest


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_nobody_vouches_for_what_anybody_can_send(
    start_daemon: StartDaemon,
    sqlite_store: Store,
    authority: Authority,
    server_certificate: Certificate,
    transport: str,
) -> None:
    """Nor does a name count that looks like a number or a pseudonym."""
    streams = Streams(start_daemon, sqlite_store, "", server_certificate)
    messages = forgeries()
    if transport == "udp":
        streams.daemon.send(messages, url=streams.daemon.udp)
    else:
        connection = (
            streams.connect() if transport == "tcp" else streams.connect_tls(authority.client())
        )
        with connection:
            connection.sendall(lines(messages))
            if transport == "tls":
                connection.unwrap()  # type: ignore[attr-defined]
            streams.daemon.settle(len(messages))
    streams.daemon.settle(len(messages))
    assert users(sqlite_store, vouched=True) == {}
    claimed = users(sqlite_store, vouched=False)
    assert "user-0123456789abcdef" not in claimed
    assert "#" not in claimed
    # only records that say this uid, and that have no name
    assert claimed[f"#{BOB}"] == sum(name.startswith(("#", "user-")) or not name for name in NAMES)
    assert streams.daemon.customs.json("top", "--vouched") == []


def test_vouched_and_other_processes_are_different_runs(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """In either order, with all else alike."""
    daemon = start_daemon(sqlite_store)
    base = dict(Population(412).sample().record, username="", uid=EVE, is_staff=False, main="/x")

    def processes(count: int) -> list[bytes]:
        return [json.dumps(base | {"id": os.urandom(16).hex()}).encode() for _ in range(count)]

    sent = 0
    for _ in range(2):
        send_as(daemon, EVE, processes(3))
        daemon.send(processes(5), url=daemon.udp)
        sent += 8
        daemon.settle(sent)
    assert users(sqlite_store, vouched=True) == {f"#{EVE}": 6}
    assert users(sqlite_store, vouched=False) == {f"#{EVE}": 10}
    with contextlib.closing(
        sqlite3.connect(sqlite_store.url.removeprefix("sqlite://"), timeout=60)
    ) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(2,)]
