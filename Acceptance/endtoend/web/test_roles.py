"""Who sees what, and how visitors are known."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.daemon import CUSTOMS, PATIENCE, Customs

from endtoend.web.conftest import CENTRE, Serve
from endtoend.web.site import Page, Site

# Paths of all kinds of pages and files.
PATHS = (
    *("/", "/packages", "/package/numpy", "/together", "/environments", "/stacks", "/python"),
    *("/ended", "/accounts", "/hosts", "/health", "/canaries", "/definitions", "/summary"),
    *("/who/numpy", "/who?python=3.11", "/user/user4", "/user/user5", "/search?q=user", "/metrics"),
    *(
        "/top.json",
        "/top.json?per=user",
        "/top.csv?per=account",
        "/top.csv?user=user5",
        "/who/numpy.csv",
    ),
    *("/user/user4.json", "/user/user5.json", "/summary.json", "/hosts.csv", "/health.json"),
    *("/top.json?envelope", "/top.json?min-users=1", "/top.csv?account=m4&per=user"),
    *("/jobsizes.csv", "/trend/numpy.csv", "/versions/numpy.csv", "/new.csv", "/stacks.csv"),
    *("/top.json?account=m4", "/ended.csv?package=numpy", "/correlate.json?package=numpy"),
)
PUBLIC_NOT = (
    *("/accounts", "/hosts", "/health", "/canaries", "/summary", "/who/numpy", "/who?python=3.11"),
    *("/user/user4", "/user/user5", "/metrics", "/top.json?per=user", "/top.csv?per=account"),
    *("/who/numpy.csv", "/user/user4.json", "/user/user5.json", "/summary.json", "/hosts.csv"),
    *("/health.json", "/top.json?envelope"),
)
PEOPLE = sorted({record["username"] for record in CENTRE.records if record.get("username")})
ROLES = """
[web]
auth = "proxy"
trusted = ["127.0.0.1"]
public = true
staff = ["carol", "@root"]

[web.pi]
bob = ["m4"]
"""


def jobs_of_one() -> list[dict[str, Any]]:
    """Records of jobs, one of each, whose records all name one user."""
    jobs: dict[str, set[str]] = {}
    for record in CENTRE.records:
        if record.get("job_id"):
            jobs.setdefault(str(record["job_id"]), set()).add(str(record.get("username")))
    chosen: dict[str, dict[str, Any]] = {}
    for record in CENTRE.records:
        own = jobs.get(str(record.get("job_id")))
        if own and len(own) == 1 and own != {"None"}:
            chosen.setdefault(str(record["job_id"]), record)
    return list(chosen.values())


def names_in(page: Page) -> set[str]:
    """People whose names are in a page."""
    words = set(re.findall(r"[\w#\u0308.-]+", page.text))
    return {name for name in PEOPLE if name in words}


@pytest.fixture(scope="module")
def proxied(serve: Serve) -> Site:
    return serve("sqlite", settings=ROLES)


@pytest.mark.parametrize("path", PATHS)
def test_anybody_sees_no_name_and_no_small_number(proxied: Site, path: str) -> None:
    page = proxied.get(path)
    assert page.status in (200, 404, 400), page.text
    if path in PUBLIC_NOT:
        assert page.status == 404
    if path != "/definitions":
        assert not names_in(page), path
    if page.status == 200 and path.startswith("/top.json"):
        assert "username" not in page.text
        assert not re.search(r'"users": [1-4]\b', page.text)


@pytest.mark.parametrize("path", PATHS)
def test_staff_sees_everything(proxied: Site, path: str) -> None:
    page = proxied.get(path, X_Remote_User="carol")
    # the centre has no small public part, which is refused to be asked for with min-users alone
    assert page.status == (400 if "min-users" in path else 200), page.text


@pytest.mark.parametrize("path", PATHS)
def test_a_person_sees_of_others_what_anybody_sees(proxied: Site, path: str) -> None:
    page = proxied.get(path, X_Remote_User="user4")
    assert names_in(page) <= {"user4"} or path == "/definitions"
    own = path.startswith("/user/user4")
    assert (page.status == 200) == (own or proxied.get(path).status == 200)


@pytest.mark.parametrize("path", PATHS)
def test_a_pi_sees_own_accounts(proxied: Site, path: str, stores: dict[str, Customs]) -> None:
    page = proxied.get(path, X_Remote_User="bob")
    if path == "/top.csv?account=m4&per=user":
        told = stores["sqlite"].text("top", "--account=m4", "--per=user", "--format", "csv")
        assert page.text == told
    elif "account=m4" in path:
        assert page.text == proxied.get(path, X_Remote_User="carol").text
    else:
        assert not names_in(page) or path == "/definitions"
        assert (page.status == 200) == (proxied.get(path).status == 200)


def test_a_job_is_shown_to_staff_and_to_its_owner(proxied: Site) -> None:
    # a number may be on several clusters, which an address without a cluster does not tell apart
    record = next(
        record
        for record in jobs_of_one()
        if proxied.get(f"/job/{record['job_id']}", X_Remote_User="carol").status == 200
        and str(record["username"]).isascii()
    )
    path = f"/job/{record['job_id']}"
    owner = str(record["username"])
    for name in (None, "mallory", "bob"):
        headers = {"X_Remote_User": name} if name else {}
        for form in ("", ".json", ".csv", ".svg"):
            assert proxied.get(path + form, **headers).status == 404
    missing = proxied.get("/job/99999999", X_Remote_User="mallory")
    other = proxied.get(path, X_Remote_User="mallory")
    assert missing.text.replace("99999999", "") == other.text.replace(path[5:], "")
    assert proxied.get(path + ".json", X_Remote_User=owner).status == 200


def test_two_names_and_other_addresses_are_refused(serve: Serve) -> None:
    site = serve("sqlite", settings='[web]\nauth = "proxy"\ntrusted = ["192.0.2.1"]\n')
    page = site.get("/", X_Remote_User="carol")
    assert page.status == 403
    assert site.get("/").status == 403
    trusting = serve("sqlite", settings=ROLES)
    connection = http.client.HTTPConnection("127.0.0.1", trusting.port, timeout=PATIENCE)
    connection.putrequest("GET", "/hosts")
    connection.putheader("X-Remote-User", "carol")
    connection.putheader("X-Remote-User", "mallory")
    connection.endheaders()
    assert connection.getresponse().status == 403
    connection.close()


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a name and a password."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


@pytest.fixture(scope="module")
def passwords(home: Path) -> Iterator[Path]:
    file = home / "htpasswd"
    lines = []
    for name, method in (("carol", "-6"), ("user4", "-5"), ("dora", "-1")):
        done = subprocess.run(
            ["openssl", "passwd", method, f"{name}'s secret"],
            capture_output=True,
            text=True,
            check=True,
        )
        lines.append(f"{name}:{done.stdout.strip()}")
    file.write_text("\n".join(["# people", *lines, "broken", "empty:", "locked:!"]) + "\n")
    yield file


def test_names_and_passwords(serve: Serve, passwords: Path) -> None:
    settings = f'[web]\nauth = "basic"\nhtpasswd = "{passwords}"\nstaff = ["carol"]\n'
    site = serve("sqlite", settings=settings)
    asked = site.get("/")
    assert asked.status == 401
    assert asked.headers["www-authenticate"].startswith("Basic ")
    assert site.get("/hosts", **basic("carol", "carol's secret")).status == 200
    assert site.get("/hosts", **basic("user4", "user4's secret")).status == 404
    assert site.get("/user/user4", **basic("user4", "user4's secret")).status == 200
    assert site.get("/python", **basic("dora", "dora's secret")).status == 200
    for name, password in (
        *(("carol", "user4's secret"), ("carol", ""), ("nobody", "x"), ("empty", "")),
        *(("locked", "!"), ("broken", ""), ("# people", "")),
    ):
        begin = time.monotonic()
        assert site.get("/", **basic(name, password)).status == 401
        assert time.monotonic() - begin >= 1
    assert "secret" not in site.log.read_text()


def test_a_unix_socket_needs_no_address(home: Path, stores: dict[str, Customs]) -> None:
    path = home / "http"
    for left in (False, True):
        if left:
            # of a process that was killed
            gone = socket.socket(socket.AF_UNIX)
            path.unlink(missing_ok=True)
            gone.bind(str(path))
            gone.close()
        process = subprocess.Popen(
            [
                *(str(CUSTOMS), "web", "--store", stores["sqlite"].store_url),
                *("--auth", "proxy", "--listen", f"unix://{path}"),
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                client = socket.socket(socket.AF_UNIX)
                try:
                    client.connect(str(path))
                    break
                except OSError:
                    client.close()
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            client.sendall(b"GET /python HTTP/1.1\r\nHost: x\r\nX-Remote-User: user4\r\n")
            client.sendall(b"Connection: close\r\n\r\n")
            client.settimeout(PATIENCE)
            answer = b""
            while part := client.recv(65_536):
                answer += part
            assert answer.startswith(b"HTTP/1.1 200 ")
            client.close()
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('listen = "0.0.0.0:0"', "can be reached from other machines"),
        ('listen = "nonsense"', "HOST:PORT"),
        ('auth = "basic"', "needs htpasswd"),
        ('auth = "basic"\nhtpasswd = "/nowhere/htpasswd"', "cannot be read"),
        ('auth = "proxy"', "needs trusted"),
        ('auth = "proxy"\ntrusted = ["proxy.example.org"]', "no address"),
        ('auth = "oauth"', "none, proxy, basic"),
    ],
)
def test_settings_that_would_show_too_much_are_refused(
    home: Path, settings: str, words: str
) -> None:
    file = home / "refused.toml"
    file.write_text(f"[web]\n{settings}\n")
    done = subprocess.run(
        [str(CUSTOMS), "web", "--check", "--store", "sqlite:///nowhere", "--config", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 78, done
    assert words in done.stderr
