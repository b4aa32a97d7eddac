"""Completion of names in the store by bash: quick, read-only, and safe."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import CUSTOMS, PATIENCE, Customs, clean_environment
from support.stores import STORES, MakeStore

HOSTILE = (
    *("num$(touch {})", "num`touch {}`", "num;touch {}", "num'x", 'num"x', "num pad", "num*"),
    *("num\x1b[31m", "num\nx", "-num", "num\\x", "num&x"),
)
COMPLETE = """
shopt -s extglob
source "$1"
shift
COMP_LINE="$*" COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
COMP_POINT=${#COMP_LINE}
_customs customs "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module", params=STORES)
def asking(
    request: pytest.FixtureRequest, make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Customs]:
    """Names that begin alike, and others that a shell would run, expand or split."""
    home = tmp_path_factory.mktemp("completion")
    store = make_store(request.param)
    names = [name.format(home / "run") for name in HOSTILE]
    packages = dict.fromkeys(["numpy", "numba", *names])
    records = [
        {
            **{"v": 1, "id": f"{number:032x}", "username": user, "system": "perlmutter"},
            **{"job_id": "1", "cluster": "alder", "repo": f"m{number}", "packages": packages},
            **{"partition": "gpu_short", "qos": "debug"},
        }
        for number, user in enumerate(["alice", "albert", *names], 1)
    ]
    archive = home / "records.jsonl"
    archive.write_text("".join(json.dumps(record) + "\n" for record in records))
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    yield customs
    store.close()


def _complete(customs: Customs, *words: str, store: str | None = None) -> list[str]:
    """What bash offers for the last word."""
    bash = shutil.which("bash")
    assert bash
    script = customs.folder / "customs.bash"
    if not script.exists():
        command = [str(CUSTOMS), "--generate-completion-script", "bash"]
        script.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    done = subprocess.run(
        [bash, "-c", COMPLETE, "bash", str(script), str(CUSTOMS), *words],
        env=clean_environment(customs.folder) | {"CUSTOMS_STORE": store or customs.store_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert not done.stderr
    return [line for line in done.stdout.split("\n") if line]


def _pressed_again(
    customs: Customs, offered: list[str], *words: str, store: str | None = None
) -> list[str]:
    """The same, asked again as a person would: on a busy machine the time may be too short."""
    for _ in range(10):
        found = _complete(customs, *words, store=store)
        if found == offered:
            break
    return found


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("package", "num"), ["numba", "numpy"]),
        (("who", "nump"), ["numpy"]),
        *(
            ((command, "--package", "num"), ["numba", "numpy"])
            for command in ("jobsizes", "correlate", "ended", "top")
        ),
        (("report", "--old", "num"), ["numba", "numpy"]),
        *(((command, "nump"), ["numpy"]) for command in ("jobsizes", "correlate", "ended")),
        (("user", "al"), ["albert", "alice"]),
        (("top", "--user", "ali"), ["alice"]),
        (("top", "--system", "pe"), ["perlmutter"]),
        (("top", "--account", "m1"), ["m1"]),
        (("python", "--partition", "g"), ["gpu_short"]),
        (("stacks", "--qos", ""), ["debug"]),
        (("job", "1", "--cluster", "a"), ["alder"]),
        (("package", "zzz"), []),
    ],
)
def test_names_of_the_store_are_offered(
    asking: Customs, words: tuple[str, ...], offered: list[str]
) -> None:
    """None that a shell would run, expand or split."""
    assert _pressed_again(asking, offered, *words) == offered
    assert not (asking.folder / "run").exists()


def test_the_store_of_the_command_line_is_asked(asking: Customs) -> None:
    """Whatever quotes it is in."""
    for url in (asking.store_url, f"'{asking.store_url}'"):
        words = ("package", "--store", url, "num")
        nowhere = "sqlite:///nowhere/customs.sqlite"
        offered = ["numba", "numpy"]
        assert _pressed_again(asking, offered, *words, store=nowhere) == offered


def test_a_store_that_does_not_answer_offers_nothing_soon(tmp_path: Path) -> None:
    customs = Customs("sqlite:///nowhere/customs.sqlite", tmp_path)
    assert _complete(customs, "user", "a") == []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://x@127.0.0.1:{silent.getsockname()[1]}/x"
        start = time.monotonic()
        command = [str(CUSTOMS), "---completion", "user", "--", "positional@0", "2", "1"]
        done = subprocess.run(
            [*command, "customs", "user", "a"],
            env=clean_environment(tmp_path) | {"CUSTOMS_STORE": url},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        # a bound on waiting: a connection without a deadline would wait for minutes
        assert time.monotonic() - start < 10
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
