"""The pages under many connections, slow clients and a store that goes away."""

from __future__ import annotations

import http.client
import socket
import time
from contextlib import ExitStack, suppress
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from loadgen.records import encode
from support.daemon import PATIENCE, Customs, wait_until
from support.stores import PostgresStore

from endtoend.web.conftest import CENTRE, Serve
from endtoend.web.site import Site, serving

CONNECTIONS = 2_000
HOSTILE = (
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "\u202egpj.exe",
    "x" * 3_000,
    "a\tb\nc",
    "' OR 1=1 --",
    "../../etc/passwd",
)


def test_two_thousand_silent_connections_keep_nobody_out(serve: Serve) -> None:
    site = serve("sqlite")
    site.get("/python")
    memory = site.memory()
    with ExitStack() as stack:
        for number in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", site.port), PATIENCE)
            stack.enter_context(connection)
            if number % 2:
                # a request that never ends
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-")
        begin = time.monotonic()
        assert site.get("/python").status == 200
        assert time.monotonic() - begin < 5
        assert site.memory() - memory < 100 << 20
    assert site.get("/python").status == 200


def test_a_client_that_does_not_read_holds_up_nobody(serve: Serve) -> None:
    site = serve("sqlite")
    with ExitStack() as stack:
        for _ in range(50):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.connect(("127.0.0.1", site.port))
            stack.enter_context(connection)
            connection.sendall(b"GET /definitions HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        assert site.get("/definitions").status == 200


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 5_000 + b"\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_its_connection_alone(serve: Serve, request_line: bytes) -> None:
    site = serve("sqlite")
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE) as connection:
        connection.sendall(request_line)
        connection.settimeout(PATIENCE)
        with suppress(ConnectionResetError):
            connection.recv(65_536)
    assert site.get("/definitions").status == 200


def test_hostile_names_are_shown_and_do_nothing(home: Path, serve: Serve) -> None:
    folder = home / "hostile"
    folder.mkdir()
    archive = folder / "records.jsonl"
    template = next(record for record in CENTRE.records if "numpy" in record["packages"])
    lines = []
    for number, name in enumerate(HOSTILE):
        record = dict(
            template, id=f"{number:032x}", username=name[:200], main=name, prefix="/" + name
        )
        lines.append(encode(record).decode())
    archive.write_text("\n".join(lines) + "\n")
    customs = Customs(f"sqlite://{folder}/customs.sqlite", folder)
    customs.json("import", str(archive))
    with serving(customs.store_url, folder) as site:
        for path in ("/", "/packages", "/environments", "/top?per=user", "/who/numpy", "/ended"):
            page = site.get(path)
            assert page.status == 200, page.text
            for word in ("<script", "<svg onload", "\u202e", "onload=alert(1)>"):
                assert word not in page.text
        for row in customs.json("top", "--per", "user"):
            if row["user"]:
                assert site.get(link(site, row["user"])).status == 200


def link(site: Site, name: str) -> str:
    """The address of a person's page, as the list of people has it."""
    page = site.get("/top?per=user")
    path = "/user/" + quote(name, safe="")
    assert path in unescape(page.text)
    return path


def test_pages_outlive_the_store_for_a_while(home: Path, postgres_store: PostgresStore) -> None:
    folder = home / "away"
    folder.mkdir()
    archive = folder / "records.jsonl"
    archive.write_text(CENTRE.lines())
    Customs(postgres_store.url, folder).json("import", str(archive))
    settings = "[web]\nstale_s = 6\nquestion_s = 3\n"
    with serving(postgres_store.url, folder, settings=settings) as site:
        begin = time.monotonic()
        page = site.get("/python")
        assert page.status == 200
        postgres_store.interrupt()
        kept = site.get("/python")
        assert kept.status == 200
        assert b"As of" in kept.body
        assert site.get("/stacks").status == 503
        assert site.get("/stacks").headers["retry-after"]
        wait_until(lambda: site.get("/healthz").status == 503, lambda: "the store away")
        wait_until(lambda: site.get("/python").status == 503, lambda: "an old page no longer sent")
        assert time.monotonic() - begin >= 6
        postgres_store.resume()
        wait_until(lambda: site.get("/python").status == 200, lambda: "the page again")
        wait_until(lambda: site.get("/healthz").status == 200, lambda: "the store back")


def test_connections_are_used_again(serve: Serve) -> None:
    site = serve("sqlite")
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    for _ in range(50):
        connection.request("GET", "/definitions")
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    connection.close()
