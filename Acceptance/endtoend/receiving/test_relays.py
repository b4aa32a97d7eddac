"""A real relay between the sender and the daemon."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.certificates import Authority, Certificate
from support.daemon import DIE_WITH_PARENT, PATIENCE, StartDaemon, Store, wait_until
from support.ports import free_udp_port
from support.streams import (
    Streams,
)


@contextlib.contextmanager
def rsyslog(folder: Path, configuration: str) -> Iterator[subprocess.Popen[bytes]]:
    """An rsyslogd of the test's own."""
    program = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
    assert program, "no rsyslogd (Debian: apt-get install rsyslog rsyslog-openssl)"
    file = folder / "rsyslog.conf"
    file.write_text(configuration)
    with (folder / "rsyslog.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(*DIE_WITH_PARENT, program, "-n", "-f", str(file)),
                *("-i", str(folder / "rsyslog.pid")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def is_bound(port: int) -> bool:
    """Whether somebody receives on a UDP port."""
    return any(
        line.split()[1].endswith(f":{port:04X}")
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]
    )


@pytest.mark.parametrize("form", ["tcp_counted", "tcp_lines", "tls"])
def test_records_through_rsyslog_arrive_once(
    start_daemon: StartDaemon,
    store: Store,
    authority: Authority,
    server_certificate: Certificate,
    folder: Path,
    form: str,
) -> None:
    """omfwd, in both framings and over TLS with a client's certificate."""
    streams = Streams(start_daemon, store, "", server_certificate, authority=authority)
    relay = authority.issue("relay")
    udp = free_udp_port()
    framing = "octet-counted" if form == "tcp_counted" else "traditional"
    target = f'target="127.0.0.1" port="{streams.tls if form == "tls" else streams.tcp}"'
    secure = (
        ' StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"'
        if form == "tls"
        else ""
    )
    with rsyslog(
        folder,
        f"""
global(workDirectory="{folder}" maxMessageSize="16k"
    defaultNetstreamDriverCAFile="{authority.own.certificate}"
    defaultNetstreamDriverCertFile="{relay.certificate}"
    defaultNetstreamDriverKeyFile="{relay.key}")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{udp}" rcvbufSize="8m")
action(type="omfwd" protocol="tcp" {target} TCP_Framing="{framing}"{secure}
    template="RSYSLOG_SyslogProtocol23Format")
""",
    ):
        ledger = Ledger()
        messages = list(load(Population(231), ledger, 2_000))
        wait_until(lambda: is_bound(udp), (folder / "rsyslog.log").read_text)
        # what rsyslog's own socket has no room for is not ours to lose
        streams.daemon.send(messages, url=f"udp://127.0.0.1:{udp}", rate=1_000)
        health = streams.daemon.settle(2_000)
    assert health["rejected"] == {}
    assert health["stored"] + health["merged"] == 2_000
    transport = "tls" if form == "tls" else "tcp"
    assert streams.metric(f'accepted_total{{transport="{transport}"}}') == 2_000
