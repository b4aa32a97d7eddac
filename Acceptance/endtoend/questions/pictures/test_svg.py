"""Answers as pictures: which questions have one, and what it says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from support.centre import Centre
from support.daemon import CUSTOMS, PATIENCE, Customs, clean_environment
from support.stores import MakeStore

from endtoend.questions.terminal import on_terminal

SVG = "{http://www.w3.org/2000/svg}"
PICTURED = [
    *(["top"], ["top", "--per", "month"], ["top", "--per", "nodes", "--by", "jobs"]),
    *(["top", "--columns", "package,jobs"], ["top", "--public"], ["package", "numpy"]),
    *(["job", "77"], ["jobsizes"], ["correlate"], ["correlate", "--package", "numpy"]),
    *(["environments"], ["stacks"], ["trend", "numpy", "scipy"], ["trend", "numpy", "--public"]),
    *(["versions", "numpy"], ["new"], ["python"], ["ended"], ["who", "numpy"], ["hosts"]),
    *(["health"], ["health", "--claims"], ["canary", "status"]),
    *(["canary", "status", "--by", "path"], ["top", "--since", "2099-01-01"]),
]
REFUSED = [
    *(["summary"], ["user", "user1"], ["pack"], ["import", "/dev/null"], ["top", "--envelope"]),
    *(["prune", "--older-than", "0d"], ["anonymize", "--older-than", "0d"], ["top", "--head"]),
    *(["hook", "check"], ["canary", "run"], ["top", "--columns", "package"]),
]


@pytest.fixture(scope="module")
def asking(make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customs]:
    """The command on a small centre with names that are markup."""
    home = tmp_path_factory.mktemp("pictures")
    store = make_store("sqlite")
    centre = Centre(3, records=300)
    hostile: dict[str, object] = {"id": "7" * 32, "job_id": "77", "cluster": "alder"}
    hostile |= {"packages": {"numpy": "<b>&\u202e", "]]>": "1"}, "username": "<script>"}
    archive = home / "records.jsonl"
    archive.write_text(centre.lines() + json.dumps(centre.records[0] | hostile))
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    yield customs
    store.close()


def _picture(customs: Customs, words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(CUSTOMS), *words, "--format", "svg"],
        env=clean_environment(customs.folder) | {"CUSTOMS_STORE": customs.store_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("words", PICTURED, ids=" ".join)
def test_a_picture_is_a_file_of_its_own(asking: Customs, words: list[str]) -> None:
    """It is well-formed, has its words, and neither runs nor loads anything."""
    done = _picture(asking, words)
    assert done.returncode == 0, done
    text = done.stdout
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    title, description = root[0], root[1]
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "defs", "pattern", "g", "path", "rect", "text"),
    }
    for word in ("href", "onload", "@import", "\u202e", "<b>"):
        assert word not in text


def test_marks_have_the_numbers_of_the_answer(asking: Customs) -> None:
    """A reader who hears the picture hears the answer's numbers."""
    root = ElementTree.fromstring(asking.text("top", "--limit", "5", "--format", "svg"))
    titles = [element.text for element in root.iter(f"{SVG}title")][1:]
    rows = asking.json("top", "--limit", "5")
    assert [title.partition(" users,")[0] for title in titles if title] == [
        f"{row['package']}: {row['users']:,}" for row in rows
    ]
    assert "without staff; first 5 rows" in (root[1].text or "")


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_has_no_picture_says_so(asking: Customs, words: list[str]) -> None:
    """EX_USAGE before anything is done, with the option and the way out."""
    before = asking.json("health")
    done = _picture(asking, words)
    assert done.returncode == 64
    assert "svg" in done.stderr or "--envelope" in done.stderr or "--head" in done.stderr
    assert done.stdout == ""
    assert asking.json("health") == before


def test_a_terminal_shows_no_picture(asking: Customs) -> None:
    """Its text would be of no use there."""
    shown = on_terminal(asking, "top", "--format", "svg", status=64)
    assert "a terminal shows no pictures" in shown
    assert "<svg" not in shown
