"""The forms in which records come: relays, both sockets, archives, parts, older messages."""

from __future__ import annotations

import functools
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from loadgen.ledger import Ledger, load
from loadgen.records import Population, Sample, encode
from support.daemon import (
    PATIENCE,
    Customs,
    Daemon,
    StartDaemon,
    Store,
    assert_balanced,
    wait_until,
)

# Each takes the JSON of a record and makes a message of it.
FORMS = {
    "rfc5424": b"<134>1 2026-01-02T03:04:05.678901Z nid00001 customs 4242 imports - %s",
    "rfc5424_nil_values": b"<134>1 - - - - - - %s",
    "rfc5424_structured_data": rb'<134>1 - n customs 1 imports [a@1 k="v \" \] w"][b@1] %s',
    "rfc5424_byte_order_mark": b"<134>1 2026-01-02T03:04:05Z n customs 1 imports - \xef\xbb\xbf%s",
    "rfc5424_offset": b"<134>1 2026-01-02T03:04:05.678901+02:00 n customs 1 imports - %s",
    "rfc5424_cee": b"<134>1 2026-01-02T03:04:05Z n customs 1 imports - @cee: %s",
    "rfc3164": b"<134>Jan  2 03:04:05 nid00001 customs[4242]: %s",
    "rfc3164_no_pid": b"<134>Jan  2 03:04:05 nid00001 customs: %s",
    "rfc3164_cee": b"<134>Jan 12 03:04:05 nid00001 customs[4242]: @cee: %s",
    "rfc3164_cee_close": b"<134>Jan 12 03:04:05 nid00001 customs[4242]: @cee:%s",
    "rfc3339_header": b"<134>2026-01-02T03:04:05.678901+01:00 nid00001 customs[4242]: %s",
    "bare": b"<134>%s",
    "bare_cee": b"<134>@cee: %s",
    "trailing_line_feed": b"<134>1 - n customs 1 imports - %s\n",
    "trailing_nul": b"<134>1 - n customs 1 imports - %s\0",
    "trailing_both": b"<134>1 - n customs 1 imports - %s\n\0",
}


@pytest.mark.parametrize("transport", ["udp", "unix"])
def test_each_form_of_a_relay_is_accepted(daemon: Daemon, transport: str) -> None:
    """None is taken for another record."""
    messages = []
    population = Population(70)
    for form, template in FORMS.items():
        sample = population.sample()
        record = sample.record | {"packages": {form: "1.0"}, "direct": [form], "is_staff": False}
        messages.append(template.replace(b"%s", json.dumps(record).encode()))
    daemon.send(messages, url=getattr(daemon, transport))
    health = daemon.settle(len(FORMS))
    assert health["rejected"] == {}
    assert health["stored"] == len(FORMS)
    top = {
        row["package"]: row["processes"] for row in daemon.customs.json("top", "--limit", "1000")
    }
    assert top == dict.fromkeys(FORMS, 1)


def test_older_messages_are_accepted_beside_new_records(daemon: Daemon) -> None:
    """The older service sent one message for each library."""
    older = [
        b"<134>1 - n customs 1 imports - " + json.dumps(message).encode()
        for message in (
            {
                "service": "Python",
                "subservice": "numpy",
                "version": "1.21.0",
                "user": "u0001",
                "hostname": "n",
            },
            {
                "service": "Python",
                "subservice": "scipy",
                "version": "1.7.0",
                "user": "u0001",
                "hostname": "n",
            },
        )
    ]
    daemon.send(older)
    health = daemon.settle(2)
    assert health["stored"] + health["merged"] == 2
    top = {row["package"]: row["processes"] for row in daemon.customs.json("top")}
    assert top == {"numpy": 1, "scipy": 1}


def test_unknown_keys_are_no_error(daemon: Daemon) -> None:
    """A newer hook may say more than this daemon knows."""
    sample = Population(71).sample()
    record = sample.record | {
        "is_staff": False,
        "new_key": {"deep": [1, {"er": None}]},
        "another": "x",
    }
    daemon.send([b"<134>" + json.dumps(record).encode()])
    health = daemon.settle(1)
    assert health["stored"] == 1
    assert health["rejected"] == {}


def test_a_record_of_required_keys_alone_is_stored(daemon: Daemon) -> None:
    """All other values are null."""
    nothing = dict.fromkeys(Population(72).sample().record)
    for number, rest in enumerate(({}, nothing)):
        record = rest | {"v": 1, "id": f"{number:032x}", "packages": {"numpy": None}}
        daemon.send([b"<134>1 - - - - - - " + json.dumps(record).encode()])
    health = daemon.settle(2)
    assert health["rejected"] == {}
    assert health["stored"] + health["merged"] == 2
    [row] = daemon.customs.json("top")
    assert (row["package"], row["processes"], row["jobs"]) == ("numpy", 2, 0)


def test_text_of_every_script_comes_out_as_it_went_in(daemon: Daemon) -> None:
    """Escapes and surrogates too, through `customs job`."""
    awkward = 'a"b\\c/\b\f\n\r\t é ß 漢字 😀 \u2028 \x7f {}[],:'
    sample = Population(73).sample()
    record = sample.record | {
        **{"main": f"/home/{awkward}/x.py", "job_id": "77", "cluster": "alder", "username": "José"},
        **{"is_staff": False, "packages": {"numpy": awkward}, "direct": []},
    }
    for number, ascii_only in enumerate((True, False)):
        text = json.dumps(record | {"id": f"{number:032x}"}, ensure_ascii=ascii_only)
        daemon.send([b"<134>1 - - - - - - " + text.encode()])
    health = daemon.settle(2)
    assert (health["stored"], health["merged"]) == (1, 1)
    [run] = daemon.customs.json("job", "77")["runs"]
    assert run["main"] == record["main"]
    assert run["packages"] == {"numpy": awkward}
    assert run["username"] == "José"
    assert run["direct"] == []


def test_parts_of_a_long_record_are_one_process(daemon: Daemon) -> None:
    """They are united in whatever order they come, and count once."""
    sample = Population(74).sample()
    parts = [{"numpy": "2.4.6"}, {"scipy": "1.17.1"}, {"pandas": "3.1.1"}]
    messages = [
        b"<134>1 - - - - - - "
        + json.dumps(
            sample.record
            | {
                "packages": packages,
                "direct": list(packages),
                "part": number,
                "parts": 3,
                "is_staff": False,
            }
        ).encode()
        for number, packages in enumerate(parts, 1)
    ]
    daemon.send([messages[2], messages[0], messages[2], messages[1], messages[0]])
    health = daemon.settle(5)
    assert health["duplicate"] == 2
    assert {row["package"]: row["processes"] for row in daemon.customs.json("top")} == {
        "numpy": 1,
        "scipy": 1,
        "pandas": 1,
    }


@pytest.mark.long
def test_a_part_without_its_siblings_counts_after_a_minute(
    start_daemon: StartDaemon, sqlite_store: Store, postgres_store: Store
) -> None:
    """Parts wait a minute for their siblings, over a crash too."""
    daemons = [start_daemon(sqlite_store), start_daemon(postgres_store)]
    samples = list(Population(76).samples(50))
    for daemon in daemons:
        daemon.send(
            encode(
                sample.record
                | {"packages": {f"part{part}": None}, "part": part, "parts": 3, "is_staff": False}
            )
            for sample in samples
            for part in (1, 3)
        )
    for daemon in daemons:
        wait_until(functools.partial(_has_received, daemon, 100), daemon.log_tail)
        waiting = daemon.customs.health()
        assert_balanced(waiting)
        assert waiting["pending"] == 100
        daemon.kill()
        daemon.start()
    for daemon in daemons:
        health = daemon.settle(100)
        assert health["received"] == health["stored"] + health["merged"] == 100
        processes = {row["package"]: row["processes"] for row in daemon.customs.json("top")}
        assert processes == {"part1": 50, "part3": 50}


def _has_received(daemon: Daemon, messages: int) -> bool:
    health = daemon.customs.health_if_any()
    return health is not None and health["received"] == messages


def test_the_kernel_names_the_sender_of_a_unix_datagram(
    start_daemon: StartDaemon, sqlite_store: Store
) -> None:
    """A record over the unix socket cannot claim another user."""
    daemon = start_daemon(sqlite_store)
    sample = Population(75).sample()
    message = json.dumps(
        sample.record | {"username": "somebody", "uid": 4_000_000, "is_staff": False}
    )
    # Root may speak for others, as relays do; so if the tests run as root, somebody else sends.
    uid = os.geteuid()
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        _SEND,
        str(daemon.folder / "records.sock"),
        message,
    ]
    if uid == 0:
        uid = 65_534
        command = [
            "setpriv",
            f"--reuid={uid}",
            "--regid=65534",
            "--clear-groups",
            "/usr/bin/python3",
            *command[1:],
        ]
    subprocess.run(command, check=True, timeout=PATIENCE, cwd="/")
    daemon.settle(1)
    assert daemon.customs.json("user", f"#{uid}")["processes"] == 1


@pytest.mark.parametrize(
    ("uid", "name", "user"),
    [
        # a name that is another user's on this machine, and one that is no user's
        (65_534, "daemon", "#65534"),
        (65_534, "nobody", "nobody"),
        (65_534, "stranger", "#65534"),
        (4_000_001, "daemon", "#4000001"),
        # the machine knows no name of this uid
        (4_000_001, "stranger", "#4000001"),
        (4_000_001, "#1", "#4000001"),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="another user sends, which only root can make one do")
def test_a_name_of_another_uid_is_not_taken(
    start_daemon: StartDaemon, sqlite_store: Store, uid: int, name: str, user: str
) -> None:
    """Also when the record's uid is the sender's."""
    daemon = start_daemon(sqlite_store)
    record = Population(76).sample().record
    message = json.dumps(record | {"username": name, "uid": uid, "is_staff": False})
    subprocess.run(
        [
            *("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"),
            *("/usr/bin/python3", "-I", "-S", "-c", _SEND),
            *(str(daemon.folder / "records.sock"), message),
        ],
        check=True,
        timeout=PATIENCE,
        cwd="/",
    )
    daemon.settle(1)
    assert daemon.customs.json("user", user)["processes"] == 1


_SEND = """
import socket, sys
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.sendto(sys.argv[2].encode(), sys.argv[1])
"""


# Archives


def _in_two(plain: bytes, compress: Callable[[bytes], bytes]) -> bytes:
    """The bytes of `cat a.gz b.gz`: members that meet in the middle of a line."""
    half = len(plain) // 2
    return compress(plain[:half]) + compress(plain[half:])


# Each makes a file's name and its content.
COMPRESSIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("records.log", bytes),
    "gzip": ("records.log.gz", gzip.compress),
    "gzip_members": ("records.log.gz", lambda plain: _in_two(plain, gzip.compress)),
    "zstd": ("records.log.zst", zstandard.compress),
    "zstd_frames": ("records.log.zst", lambda plain: _in_two(plain, zstandard.compress)),
    # Known by their first bytes, whatever their name.
    "misnamed": ("records.txt", gzip.compress),
}


@pytest.mark.parametrize("form", COMPRESSIONS)
def test_an_archive_imported_twice_counts_once(store: Store, folder: Path, form: str) -> None:
    """The import needs no daemon."""
    ledger = Ledger()
    # Reasons that keep to one line of an archive.
    reasons = ["bad_json", "missing_key", "no_record", "unknown_version", "too_long"]
    lines = list(load(Population(81), ledger, 1_000, twice=0.02, damaged=0.02, reasons=reasons))
    name, compress = COMPRESSIONS[form]
    archive = folder / name
    archive.write_bytes(compress(b"".join(line + b"\n" for line in lines)))
    customs = Customs(store.url, folder)

    first = customs.json("import", str(archive))
    assert_balanced(first)
    assert first["received"] == ledger.messages
    assert first["stored"] + first["merged"] == len(ledger.distinct)
    assert first["stored"] == len(ledger.runs)
    assert first["duplicate"] == ledger.duplicates
    assert first["rejected"] == dict(ledger.rejected)
    top = customs.text("top", "--format", "json", "--limit", "1000")
    processes = {row["package"]: row["processes"] for row in json.loads(top)}
    assert processes == {name: usage.processes for name, usage in ledger.top().items()}

    again = customs.json("import", str(archive))
    assert_balanced(again)
    assert again["stored"] + again["merged"] == 0
    assert customs.text("top", "--format", "json", "--limit", "1000") == top
    assert_balanced(customs.health())


def test_json_lines_of_several_files_are_imported(store: Store, folder: Path) -> None:
    """Bare JSON, one record a line; the last line has no line feed."""
    samples: list[Sample] = list(Population(82).samples(600))
    files = []
    for number in range(3):
        file = folder / f"{number}.jsonl"
        part = samples[number * 200 : (number + 1) * 200]
        file.write_text("\n".join(json.dumps(sample.record) for sample in part))
        files.append(str(file))
    counters = Customs(store.url, folder).json("import", *files)
    assert counters["received"] == counters["stored"] + counters["merged"] == 600


def test_an_import_beside_a_daemon_adds_to_its_counts(daemon: Daemon, folder: Path) -> None:
    """The sum is balanced."""
    ledger = Ledger()
    messages = list(load(Population(83), ledger, 500))
    daemon.send(messages)
    daemon.settle(500)
    archive = folder / "records.log"
    other = Ledger()
    archive.write_bytes(b"".join(line + b"\n" for line in load(Population(84), other, 500)))
    counters = daemon.customs.json("import", str(archive))
    assert counters["stored"] + counters["merged"] == 500
    health = daemon.customs.health()
    assert_balanced(health)
    assert health["stored"] + health["merged"] == 1_000


def test_an_unreadable_archive_is_named_on_standard_error(store: Store, folder: Path) -> None:
    """The command fails, and names the file."""
    done = Customs(store.url, folder).run("import", str(folder / "missing.log"))
    assert done.returncode != 0
    assert 0 < done.returncode < 128
    assert "missing.log" in done.stderr


def test_import_shows_progress_only_on_standard_error(store: Store, folder: Path) -> None:
    """Its JSON can be piped."""
    archive = folder / "records.log"
    archive.write_bytes(b"".join(sample.datagram + b"\n" for sample in Population(85).samples(100)))
    done = Customs(store.url, folder).run("import", "--format", "json", str(archive))
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["received"] == 100
    assert "\x1b" not in done.stderr
