"""The file that says what accounts belong to: where it comes from, and what it may be."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.daemon import CUSTOMS, PATIENCE, Customs, clean_environment
from support.stores import MakeStore

TABLE = "account,field,pi\nm1,physics,Curie\nm2,physics,Rubin\n"


@pytest.fixture(scope="module")
def asking(make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory) -> Customs:
    """Alice works for two accounts of one field, Bob for an unknown one, Carol for none."""
    home = tmp_path_factory.mktemp("accounts")
    store = make_store("sqlite")
    uses = (("alice", "m1"), ("alice", "m2"), ("bob", "m3"), ("carol", None))
    lines = [
        json.dumps(
            {
                **{"v": 1, "id": f"{number:032x}", "event_timestamp": "2026-05-17T12:00:00Z"},
                **{"username": user, "job_id": str(number), "repo": account, "num_nodes": 1},
                "packages": {"numpy": "2.0"},
            }
        )
        for number, (user, account) in enumerate(uses, 1)
    ]
    archive = home / "records.jsonl"
    archive.write_text("\n".join(lines) + "\n")
    customs = Customs(store.url, home)
    customs.json("import", str(archive))
    (home / "accounts.csv").write_text(TABLE)
    return customs


def _run(customs: Customs, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(CUSTOMS), *words, "--store", customs.store_url],
        env=clean_environment(customs.folder) | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_option_environment_and_configuration_name_the_file(asking: Customs) -> None:
    """The first of them that does."""
    file, other = str(asking.folder / "accounts.csv"), asking.folder / "other.csv"
    other.write_text("account,field\n")
    configuration = asking.folder / "customsd.toml"
    configuration.write_text(f"[questions]\naccounts = '{file}'\n")
    words = ("top", "--per", "field", "--columns", "field,users,jobs", "--format", "csv")
    told = "field,users,jobs\n,1,1\n(unmapped),1,1\nphysics,1,2\n"
    none = "field,users,jobs\n(unmapped),2,3\n,1,1\n"
    named = ("--config", str(configuration))
    for given, variables, answer in (
        (("--accounts", file), {}, told),
        ((), {"CUSTOMS_ACCOUNTS": file}, told),
        (named, {}, told),
        ((), {"CUSTOMS_CONFIG": str(configuration)}, told),
        (named, {"CUSTOMS_ACCOUNTS": str(other)}, none),
        ((*named, "--accounts", file), {"CUSTOMS_ACCOUNTS": str(other)}, told),
    ):
        done = _run(asking, *words, *given, **variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, answer, ""), (given, variables)


def test_who_has_what_the_accounts_belong_to(asking: Customs) -> None:
    """With the file; the filter selects people by it."""
    file = str(asking.folder / "accounts.csv")
    rows = asking.json("who", "numpy", "--accounts", file)
    assert {row["username"]: (row["fields"], row["pis"]) for row in rows} == {
        "alice": (["physics"], ["Curie", "Rubin"]),
        "bob": (["(unmapped)"], ["(unmapped)"]),
        "carol": ([], []),
    }
    assert "fields" not in asking.json("who", "numpy")[0]
    words = ("who", "numpy", "--accounts", file)
    for value, people in (("physics", ["alice"]), ("(unmapped)", ["bob"])):
        assert [row["username"] for row in asking.json(*words, "--field", value)] == people
    done = asking.run(*words, "--field", "phisics")
    assert (done.returncode, done.stdout) == (66, "")
    assert "there is no field 'phisics'; did you mean 'physics'?" in done.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("account,field\nm1,a\nm1,b\n", "line 3: account 'm1' has other values than in line 2"),
        ("account,field\nm1,a,b\n", "line 2: 3 values for 2 columns"),
        ("account;field\n", "line 1: there is no column 'account'"),
        ("account,feild\nm1,a\n", "no column 'field'; its columns are account, feild"),
        ("account,fi\x1b[31meld\nm1,a\n", "its columns are account, fi\ufffd[31meld"),
        (None, "No such file"),
    ],
)
def test_another_file_is_refused_with_its_name(
    asking: Customs, tmp_path: Path, text: str | None, why: str
) -> None:
    """By 66 where the option names it, and by 78 where the configuration does."""
    file = tmp_path / "accounts.csv"
    if text is not None:
        file.write_text(text)
    words = ("top", "--per", "field")
    done = _run(asking, *words, "--accounts", str(file))
    assert (done.returncode, done.stdout) == (66, "")
    assert f"--accounts {file}" in done.stderr and why in done.stderr
    done = _run(asking, *words, CUSTOMS_ACCOUNTS=str(file))
    assert (done.returncode, done.stdout) == (78, "")
    assert "CUSTOMS_ACCOUNTS" in done.stderr and why in done.stderr
    # no other question minds
    assert _run(asking, "top", CUSTOMS_ACCOUNTS=str(file)).returncode == 0


def test_endless_and_missing_files_are_refused(asking: Customs) -> None:
    done = _run(asking, "top", "--per", "pi", "--accounts", "/dev/zero")
    assert (done.returncode, done.stdout) == (66, "")
    assert "too large" in done.stderr
    for words, named in ((("--per", "pi"), "--per pi"), (("--field", "x"), "--field")):
        done = _run(asking, "top", *words)
        assert (done.returncode, done.stdout) == (64, "")
        assert f"{named}: needs a file" in done.stderr and "CUSTOMS_ACCOUNTS" in done.stderr
