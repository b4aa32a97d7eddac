"""A sweep shares its time between people: none delays another, and none is several."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.receiver import HOOK, Receiver, environment, run

from hook.hostile.users import ALICE, MALLORY, as_user, leave, needs_root, open_to_all, victim
from hook.sweeps import head, sweep, text

#: The last uid that login.defs(5) keeps for subordinate ones by default; no account has it.
KEPT = 600_100_000


def part(name: str) -> Any:
    """Return a module of the sweep, from the hook's own directory."""
    if str(HOOK) not in sys.path:
        sys.path.append(str(HOOK))
    return importlib.import_module(f"customs_hook.sweeper.{name}")


@needs_root
def test_a_user_with_all_slots_does_not_delay_another(receiver: Receiver, traces: Path) -> None:
    """The heavy user's traces alone take several times the sweep's time."""
    leave(traces, MALLORY, 0, b"")
    body = [f"a{number:x}" for number in range(5000)]

    def fill() -> None:
        for slot in range(1024):
            path = traces / str(MALLORY) / str(slot)
            path.write_bytes(text(head(), *body)[: 32768 - 1] + b"\n")

    as_user(MALLORY, fill)
    victims = [ALICE + number for number in range(5)]
    for _ in range(3):
        for uid in victims:
            leave(traces, uid, 5, text(head(uid=uid), "numpy"))
        said = sweep(traces, receiver.url, "--max-seconds", "4")
        users = [line.split("uid ")[1].split(",")[0] for line in said.splitlines() if "pid" in line]
        # they are done while he has had some turns
        assert {int(user) for user in users[:60]} >= set(victims), users[:60]
        receiver.datagrams()


def test_the_next_turn_is_of_the_one_that_has_used_least_time() -> None:
    done: list[str] = []

    def steps(name: str, count: int, seconds: float) -> Iterator[None]:
        for _ in range(count):
            done.append(name)
            time.sleep(seconds)
            yield

    heavy, light = steps("heavy", 20, 0.02), [steps(f"l{n}", 5, 0) for n in range(20)]
    for _ in part("turns").turns([heavy, *light]):
        pass
    assert len(done) == 20 + 20 * 5
    # one step, and then as many as all others together have had
    assert done[:102].count("heavy") < 4


def test_thousands_of_users_hold_few_descriptors() -> None:
    begun: set[int] = set()
    most = 0

    def steps(number: int) -> Iterator[None]:
        nonlocal most
        begun.add(number)
        most = max(most, len(begun))
        yield
        yield
        begun.discard(number)

    for _ in part("turns").turns(steps(number) for number in range(2000)):
        pass
    assert (len(begun), most) == (0, 256)


def test_subordinate_uids_are_their_owners(tmp_path: Path) -> None:
    (tmp_path / "subuid").write_text(
        "root:5000000000:10\n0:6000000000:1\nno-such-user:7000000000:5\nbroken\nx:1:y\n"
    )
    (tmp_path / "login.defs").write_text("# x\nSUB_UID_MIN 8000000000\nSUB_UID_MAX 8000000009\n")
    uids = [0, 5000000000, 5000000009, 6000000000, 7000000004]
    others = [5000000010, 6000000001, 7000000005]
    kept = [8000000000, 8000000009]
    persons = part("persons").Persons([*uids, *others, *kept], str(tmp_path))
    assert [persons.owner(uid) for uid in uids] == [0, 0, 0, 0, None]
    # without an account, and not kept for such ranges: as the file system says
    assert [persons.owner(uid) for uid in others] == others
    assert [persons.owner(uid) for uid in kept] == [None, None]
    assert persons.name(0) == "root"
    assert persons.name(others[0]) == f"#{others[0]}"


@needs_root
def test_uids_without_a_person_make_none(receiver: Receiver, traces: Path) -> None:
    uids = range(KEPT - 200, KEPT)
    for uid in uids:
        directory = traces / str(uid)
        directory.mkdir(mode=0o700)
        (directory / "1").write_bytes(text(head(uid=uid), "numpy"))
        for path in (directory / "1", directory):
            os.chown(path, uid, uid)
    record = victim(traces)
    sweep(traces, receiver.url)
    sent = [found for found in receiver.records() if found["uid"] in uids]
    assert sent == []
    assert not list(traces.glob("*/1"))
    assert record["uid"] == ALICE


@needs_root
def test_where_root_makes_the_directories_no_user_takes_anothers(
    receiver: Receiver, packages: Path, traces: Path
) -> None:
    traces.chmod(0o1755)
    own = traces / str(ALICE)
    own.mkdir(mode=0o700)
    os.chown(own, ALICE, ALICE)

    def squat() -> None:
        for name in ("junk", str(ALICE + 1), f"{ALICE}/x"):
            with pytest.raises(OSError, match="denied"):
                (traces / name).mkdir()

    as_user(MALLORY, squat)
    for uid, count in ((ALICE, 1), (MALLORY, 0)):
        code = "import numpy, os; os.kill(os.getpid(), 9)"
        open_to_all(packages)
        variables = environment(receiver, packages, CUSTOMS_TRACE_DIR=str(traces))
        run(["-c", code], variables, "/usr/bin/python3", user=uid)
        sweep(traces, receiver.url)
        assert [found["uid"] for found in receiver.records()] == [ALICE] * count


@needs_root
@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1775])
def test_a_directory_of_another_purpose_is_left_alone(
    mode: int, receiver: Receiver, traces: Path
) -> None:
    """As /run/user: root's, with a directory for each user, which is named by the uid."""
    leave(traces, MALLORY, "precious", b"")
    traces.chmod(mode)
    assert "left alone" in sweep(traces, receiver.url)
    assert (traces / str(MALLORY) / "precious").exists()
