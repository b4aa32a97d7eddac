"""A page's files are, byte for byte, what the command line writes."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from support.daemon import Customs
from support.stores import STORES

from endtoend.web.conftest import Serve

# The path of a question, and its options; a flag has no value.
QUESTIONS: list[tuple[str, dict[str, str | None]]] = [
    ("top", {}),
    ("top", {"since": "90d", "by": "node-hours", "limit": "3"}),
    ("top", {"per": "account", "system": "cori"}),
    ("top", {"per": "user", "include-staff": None, "sort": "jobs:asc"}),
    ("top", {"per": "month", "columns": "month,users"}),
    ("top", {"month": "last-month", "tz": "Europe/Berlin"}),
    ("top", {"package": "numpy", "per": "system", "shares": None}),
    ("top", {"since": "60d", "against": "previous"}),
    ("top", {"envelope": None, "since": "60d"}),
    ("package/numpy", {}),
    ("package/gr\u00f6\u00dfe", {"compute": None}),
    ("package/o'reilly", {"login": None}),
    ("trend/torch/Bio", {"since": "365d"}),
    ("versions/numpy", {"older-than": "2.0"}),
    ("versions/PIL", {}),
    ("jobsizes", {"package": "mpi4py"}),
    ("correlate", {"min": "0.05", "limit": "7"}),
    ("environments", {"python": "<3.11"}),
    ("environments", {"prefix": "/home/*/envs/*"}),
    ("stacks", {"direct": None, "limit": "5"}),
    ("python", {"vouched": None}),
    ("ended", {"qos": "debug"}),
    ("who/h5py", {"by": "last-seen"}),
    ("who", {"python": "<3.11"}),
    ("new", {"since": "100d"}),
    ("hosts", {"silent": "0", "limit": "4"}),
    ("summary", {"since": "30d"}),
    ("user/user4", {"limit": "3"}),
    ("canaries", {}),
    ("health", {}),
]
# What every visitor may see.
PUBLIC = [
    ("top", {"since": "150d"}),
    ("package/numpy", {}),
    ("trend/numpy/scipy", {}),
    ("python", {}),
    ("stacks", {"limit": "3"}),
    ("correlate", {}),
]


def address(path: str, form: str, options: dict[str, str | None]) -> str:
    """The address of a question's file."""
    words = [
        quote(name, safe="") if value is None else urlencode({name: value})
        for name, value in options.items()
    ]
    return f"/{quote(path)}.{form}" + ("?" + "&".join(words) if words else "")


def command(path: str, options: dict[str, str | None]) -> list[str]:
    """The words of the same question on the command line."""
    name, *arguments = path.split("/")
    words = ["canary status"] if name == "canaries" else [name]
    given = [f"--{key}" if value is None else f"--{key}={value}" for key, value in options.items()]
    return [*words, *given, *arguments]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("path", "options"), QUESTIONS, ids=[f"{path} {' '.join(given)}" for path, given in QUESTIONS]
)
def test_files_are_those_of_the_command_line(
    store: str,
    path: str,
    options: dict[str, str | None],
    stores: dict[str, Customs],
    serve: Serve,
) -> None:
    site = serve(store)
    forms = ["json"] if "envelope" in options or path == "health" else ["json", "csv"]
    for form in forms:
        page = site.get(address(path, form, options))
        words = command(path, options)
        told = stores[store].text(words[0], *words[1:], "--format", form)
        assert page.status == 200, page.text
        assert page.text == told
        assert page.headers["content-type"].startswith(
            {"json": "application/json", "csv": "text/csv"}[form]
        )


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(("path", "options"), PUBLIC, ids=[path for path, _ in PUBLIC])
def test_files_of_anybody_are_those_that_may_be_published(
    store: str,
    path: str,
    options: dict[str, str | None],
    stores: dict[str, Customs],
    serve: Serve,
) -> None:
    site = serve(store, "--public")
    words = command(path, {**options, "public": None})
    told = stores[store].run(words[0], *words[1:], "--format", "csv").stdout
    page = site.get(address(path, "csv", options))
    # otherwise the test would compare nothing
    assert len(told.splitlines()) > 1
    assert page.text == told
    assert site.get(address(path, "csv", {**options, "public": None})).body == page.body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/package/nothing-is-called-this", 404),
        ("/job/nothing", 404),
        ("/user/nobody-is-called-this", 404),
        ("/top?since=tomorrowish", 400),
        ("/top.json?since=2026-01-01&month=2026-01", 400),
        ("/top.json?columns=nothing", 400),
        ("/top?store=/etc/passwd", 400),
        ("/top?python=x", 400),
        ("/top?system=nothing", 404),
        ("/who", 400),
        ("/package/%ff", 400),
        ("/top?limit=0", 400),
        ("/" + "a" * 5_000, 400),
    ],
)
def test_what_is_no_page_says_so(serve: Serve, path: str, status: int) -> None:
    page = serve("sqlite").get(path)
    assert page.status == status, page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in page.text


def test_only_get_and_head(serve: Serve) -> None:
    site = serve("sqlite")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        page = site.get("/", method)
        assert (page.status, page.headers["allow"]) == (405, "GET, HEAD")
    head = site.get("/packages", "HEAD")
    assert head.status == 200
    assert head.body == b""
    assert int(head.headers["content-length"]) > 1_000


def test_a_page_that_has_not_changed_is_not_sent_again(serve: Serve) -> None:
    site = serve("sqlite")
    page = site.get("/definitions", Accept_Encoding="gzip")
    assert page.headers["content-encoding"] == "gzip"
    again = site.get("/definitions", If_None_Match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert site.get("/definitions", If_None_Match='"other"').status == 200


def test_pages_load_nothing_else_and_run_nothing(serve: Serve) -> None:
    site = serve("sqlite")
    for path in ("/", "/packages", "/package/numpy", "/user/user4", "/definitions", "/health"):
        page = site.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in page.text
        assert " style=" not in page.text
        assert "http://" not in page.text.replace("http://www.w3.org/", "")
        assert "https://" not in page.text.split("<article>")[0]


def test_prometheus_reads_how_many_use_what(serve: Serve, stores: dict[str, Customs]) -> None:
    text = serve("sqlite").get("/metrics").text
    rows = stores["sqlite"].json("top", "--since", "29d")
    lines = [line for line in text.splitlines() if line.startswith("customs_package_users{")]
    assert len(lines) == min(50, len(rows))
    for row in rows:
        name = row["package"].replace("\\", "\\\\").replace('"', '\\"')
        assert f'customs_package_users{{package="{name}",window="30d"}} {row["users"]}' in lines
    assert serve("sqlite", "--public").get("/metrics").status == 404


def test_a_search_goes_to_the_page_if_there_is_one(serve: Serve) -> None:
    site = serve("sqlite")
    assert site.get("/search?q=numpy").headers["location"] == "/package/numpy"
    assert site.get("/search?q=user4&since=30d").headers["location"] == "/user/user4?since=30d"
    several = site.get("/search?q=user").text
    assert 'href="/user/user4"' in several
    assert "Nothing is called that" in site.get("/search?q=zzzz").text
    assert site.get("/search?q=user4&system=cori").status == 303
    assert "/user/" not in serve("sqlite", "--public").get("/search?q=user4").text


@pytest.mark.parametrize("path", ["top", "jobsizes", "python", "trend/numpy", "package/numpy"])
def test_pictures_are_those_of_the_command_line(
    path: str, serve: Serve, stores: dict[str, Customs]
) -> None:
    page = serve("postgres").get(address(path, "svg", {"since": "150d"}))
    words = command(path, {"since": "150d"})
    told = stores["postgres"].text(words[0], *words[1:], "--format", "svg")
    assert page.text == told
    assert page.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in page.headers["content-security-policy"]
