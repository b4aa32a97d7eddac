"""`/healthz` and `/metrics`: methods, bounds on connections, and an address in use."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import time
from contextlib import ExitStack

import pytest
from loadgen.ledger import Ledger, load
from loadgen.records import Population
from support.daemon import PATIENCE, StartDaemon, Store, wait_until
from support.ports import free_tcp_port
from support.streams import Streams, closed_by_peer

# What the daemon bounds: connections, and the seconds in which a request must have come.
CONNECTIONS, REQUEST_SECONDS = 32, 10


def silent(port: int) -> socket.socket:
    """A connection that says nothing."""
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def ask(connection: http.client.HTTPConnection, method: str, path: str) -> tuple[int, bytes]:
    """Status and body; HEAD has no body."""
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_head_answers_as_get(start_daemon: StartDaemon, sqlite_store: Store) -> None:
    """The same status and headers without the body; the connection stays open."""
    streams = Streams(start_daemon, sqlite_store)
    connection = http.client.HTTPConnection("127.0.0.1", streams.http, timeout=PATIENCE)
    with contextlib.closing(connection):
        for path in ("/healthz", "/metrics", "/nothing"):
            answers = {}
            for method in ("GET", "HEAD", "GET"):
                connection.request(method, path)
                answer = connection.getresponse()
                body = answer.read()
                headers = {name.lower(): value for name, value in answer.getheaders()}
                headers.pop("date", None)
                assert method == "GET" or body == b""
                # figures change while they are asked for
                length = int(headers.pop("content-length"))
                assert method == "HEAD" or length == len(body)
                assert path == "/nothing" or length > 0
                answers[method] = answer.status, headers
            assert answers["GET"] == answers["HEAD"]
            assert answers["GET"][0] == (404 if path == "/nothing" else 200)
        # what is not served is refused, and that is an answer too
        assert ask(connection, "DELETE", "/metrics")[0] in (404, 405)


def test_the_longest_silent_connection_makes_room(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """A new request is answered although all connections are taken."""
    streams = Streams(start_daemon, sqlite_store)
    asking = http.client.HTTPConnection("127.0.0.1", streams.http, timeout=PATIENCE)
    with ExitStack() as stack:
        stack.enter_context(contextlib.closing(asking))
        crowd = []
        for _ in range(3 * CONNECTIONS):
            crowd.append(stack.enter_context(silent(streams.http)))
            # asked again and again it is never the one that goes
            assert ask(asking, "GET", "/healthz")[0] == 200
        for connection in crowd[: 2 * CONNECTIONS]:
            assert closed_by_peer(connection)
        assert 1 < streams.metric("http_connections") <= CONNECTIONS
        crowded_out = streams.metric('http_connections_ended_total{reason="too_many"}')
        assert 2 * CONNECTIONS < crowded_out <= 2 * CONNECTIONS + 4
    wait_until(lambda: streams.metric("http_connections") == 1, streams.daemon.log_tail)


def test_timeouts_end_silent_and_endless_requests(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """A connection that is used stays."""
    streams = Streams(start_daemon, sqlite_store)
    used = http.client.HTTPConnection("127.0.0.1", streams.http, timeout=PATIENCE)
    with (
        contextlib.closing(used),
        silent(streams.http) as nothing,
        silent(streams.http) as slow,
    ):
        start = time.monotonic()
        assert ask(used, "GET", "/healthz")[0] == 200
        same = used.sock
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        slow.settimeout(0.5)
        # a byte now and then does not make a request
        while time.monotonic() - start < PATIENCE:
            with contextlib.suppress(TimeoutError):
                if closed_by_peer(slow):
                    break
            with contextlib.suppress(ConnectionError):
                slow.sendall(b"x")
        assert closed_by_peer(nothing)
        assert REQUEST_SECONDS - 1 < time.monotonic() - start < PATIENCE / 2
        assert streams.metric('http_connections_ended_total{reason="timeout"}') == 2
        assert ask(used, "GET", "/healthz")[0] == 200
        assert used.sock is same


@pytest.mark.parametrize(
    "begins", ["", "GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"]
)
def test_a_stop_waits_for_no_http_connection(
    start_daemon: StartDaemon, sqlite_store: Store, begins: str
) -> None:
    """SIGTERM while clients hold connections, silent or in mid-request."""
    streams = Streams(start_daemon, sqlite_store)
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(silent(streams.http)).sendall(begins.encode())
        wait_until(lambda: streams.metric("http_connections") >= 8, streams.daemon.log_tail)
        start = time.monotonic()
        streams.daemon.stop()
        assert time.monotonic() - start < REQUEST_SECONDS


def test_an_http_address_in_use_is_logged_and_retried(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """The log names the key; receiving goes on; the page appears once the address is free."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = free_tcp_port()
        other.bind(("127.0.0.1", port))
        other.listen()
        daemon = start_daemon(sqlite_store, arguments=["--http", f"127.0.0.1:{port}"])
        daemon.send(load(Population(761), Ledger(), 10))
        daemon.settle(10)
        wait_until(lambda: "http" in daemon.log_tail(), daemon.log_tail)
        [told] = re.findall(r".* warning .*http.*", daemon.log.read_text())
        assert f"http=127.0.0.1:{port}" in told
        assert "Address already in use" in told
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def answers() -> bool:
        connection.close()
        with contextlib.suppress(OSError):
            return ask(connection, "GET", "/healthz")[0] == 200
        return False

    wait_until(answers, daemon.log_tail)
    connection.close()
    daemon.send(load(Population(762), Ledger(), 10))
    daemon.settle(20)
    # it is said once, however often it is tried
    assert daemon.log.read_text().count("could not listen") == 1
