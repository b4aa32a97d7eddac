"""Records of a small centre in which everything is awkward that can be, by a seed."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from loadgen.records import encode

Record = dict[str, Any]

PACKAGES: dict[str, tuple[str | None, ...]] = {
    "numpy": ("1.26.4", "2.0.0rc1", "2.0.0", "2.1.3", "2.0.0.post1"),
    "scipy": ("1.9", "1.10.1", "1.14.0+local.1"),
    "torch": ("2.4.0+cu121", "2.13.0", None),
    "mpi4py": ("3.1.6", "4.0.0"),
    "multiprocessing": (None,),
    "astropy.io.fits": (None,),
    "PIL": ("9.5.0", "not-a-version", ""),
    "größe": ("2024.1", "1!0.1"),
    "Bio": ("1.86",),
    "bio": ("1.85",),
    "h5py": ("3.9.0", "3.10.0"),
    # capitals, dots and quotes, to test code that sorts, splits or quotes
    "o'reilly": ('1.0"; --',),
}

# Looks like another name, and is none: a letter and two dots.
APART = unicodedata.normalize("NFD", "größe")

# Newer than these only the second half of the records' time.
LATE = ("Bio", "größe", APART)

PREFIXES = (
    "/usr",
    "/usr/local",
    "/opt/conda",
    "/home/{user}/miniforge3/envs/work",
    "/home/{user}/project/.venv",
    "/opt/spack/opt/linux/gcc-12/python-3.11.7-abcdef",
    "/opt/cray/pe/python/3.11.7",
    "/nowhere/else",
    None,
)


class Centre:
    """Twelve users, of whom some are staff, some nameless, and one has two accounts.

    There is usage on three days of ten: for each day that is not packed, a question asks the store
    once more. The three are neighbours, and the newest day is one of them.
    """

    def __init__(
        self, seed: int, *, records: int = 1_500, days: int = 200, tidy: bool = False
    ) -> None:
        self.draw = random.Random(seed)
        self.days = days
        # in a tidy centre a job is one user's on one system's compute nodes
        self.tidy = tidy
        # noon of yesterday, so that a time zone or a long test run makes no other day of it
        today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        self.newest = today - timedelta(days=1)
        self.jobs: list[Record] = []
        for number in range(120):
            self.jobs.append(self._job(number))
        self.records = [self._record() for _ in range(records)]

    def messages(self) -> Iterator[bytes]:
        """Messages to send: every record, some of them twice, some in parts."""
        late: list[bytes] = []
        for index, record in enumerate(self.records):
            message = encode(record)
            if index % 19 == 0 and len(record["packages"]) > 1:
                late.extend(self._parts(record))
                continue
            yield message
            if index % 17 == 0:
                late.append(message)
        yield from late

    def lines(self) -> str:
        """The records alone, a line each."""
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in self.records)

    def _parts(self, record: Record) -> Iterator[bytes]:
        names = sorted(record["packages"])
        for part, chosen in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), 1):
            packages = {name: record["packages"][name] for name in chosen}
            halved = record | {"packages": packages, "part": part, "parts": 2}
            if record.get("direct") is not None:
                halved["direct"] = [name for name in record["direct"] if name in packages]
            yield encode(halved)

    def _job(self, number: int) -> Record:
        """Job ids are the same on both clusters, and every seventh job was requeued."""
        draw = self.draw
        user = draw.randrange(12)
        day = self._used(draw.randrange(self.days))
        job: Record = {
            "number": number,
            "cluster": ("alder", "birch")[number % 2],
            "job_id": str(1_000 + number // 2),
            "user": user,
            "day": day,
            "num_nodes": draw.choice((None, 1, 1, 2, 4, 128, 1_000_000, 1_000_001)),
            "restarts": 2 if number % 7 == 0 else 1,
            # one user works for two accounts
            "repo": f"m{user}" if user != 4 else draw.choice(("m4", "m5")),
            "says_account": draw.random() < 0.8,
            "array": 900 if number % 5 == 0 else None,
        }
        if number >= 100 and abs(self.jobs[number - 100]["day"] - day) > 20:
            # the number comes round again
            job["job_id"] = self.jobs[number - 100]["job_id"]
        if user == 11:
            job["repo"] = unicodedata.normalize(("NFC", "NFD")[number % 2], "mü")
        return job

    def _used(self, day: int) -> int:
        """The day with usage for a drawn one; a job may go on to the day after it."""
        back = self.days - day
        return self.days - (back - back % 10 + back % 2)

    def _user(self, number: int) -> Record:
        if number == 9:
            return {"uid": 4_711}
        if number == 10:
            return {}
        if number == 11:
            return {"username": "Ülkü", "uid": 5_000}
        # a name that differs from another's in capitals only
        name = "User7" if number == 8 else f"user{number}"
        return {"username": name, "uid": 1_000 + number, "is_staff": number in (2, 3)}

    def _record(self) -> Record:
        draw = self.draw
        job = draw.choice(self.jobs) if draw.random() < 0.75 else None
        user = job["user"] if job else draw.randrange(12)
        if job and draw.random() < 0.03 and not self.tidy:
            user = draw.randrange(12)
        day = (
            min(job["day"] + draw.choice((0, 0, 0, 1)), self.days)
            if job
            else self._used(draw.randrange(self.days + 1))
        )
        when = self.newest - timedelta(days=self.days - day, seconds=draw.randrange(43_000))
        stamp = when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if draw.random() < 0.1:
            # the same moment in another zone, where it may be another day
            stamp = when.astimezone(timezone(timedelta(hours=draw.choice((-11, 9))))).isoformat()
        record: Record = {
            "v": 1,
            "id": f"{draw.getrandbits(128):032x}",
            "event_timestamp": stamp,
            "elapsed": draw.choice((0, 1.5, 30, 3_600.25, 31_622_401, 1.3e9)),
            "host": f"nid{draw.randrange(20):03}",
            "pid": draw.randrange(2, 60_000),
            **self._user(user),
            "executable": draw.choice(("/usr/bin/python3", f"/home/user{user}/bin/python")),
            "prefix": (draw.choice(PREFIXES) or "").format(user=f"user{user}") or None,
            "python": draw.choice(("3.9.18", "3.11.7", "3.11.7", "3.13.0")),
            "implementation": draw.choice(("cpython", "cpython", "pypy", None)),
            "main": draw.choice(("-c", "", f"/home/user{user}/run.py", "-m pytest")),
            "end": draw.choice(("exit", "exit", "exit", "exception", "signal", "killed", None)),
            "system": draw.choice(("perlmutter", "perlmutter", "cori", None)),
            "container": draw.choice((None,) * 8 + ("podman", "apptainer")),
            "is_shifter": True if draw.random() < 0.03 else None,
            "is_compute": draw.random() < 0.9 if job else draw.choice((None, False, True)),
        }
        # no two users use the same packages
        known = [name for place, name in enumerate(sorted(PACKAGES)) if (place + user * 5) % 12 > 3]
        names = draw.sample(known, draw.choice((0, 1, 2, 3, 5, 8)))
        if day < self.days // 2:
            names = [name for name in names if name not in LATE]
        # versions are drawn anew each time: within a job they change
        record["packages"] = {name: draw.choice(PACKAGES[name]) for name in names}
        if draw.random() < 0.8:
            record["direct"] = [name for name in names if draw.random() < 0.5]
        if job:
            record |= {
                "cluster": job["cluster"],
                "job_id": job["job_id"],
                "step_id": str(draw.randrange(2)),
                "num_nodes": job["num_nodes"],
                "rank": draw.choice((None, 0, 1)),
                "restart": draw.randrange(job["restarts"]) or None,
                "array_job_id": job["array"],
                "array_task_id": int(job["job_id"]) if job["array"] else None,
                "het_group": draw.choice((None, 0, 1)),
            }
            if self.tidy:
                record |= {"system": "perlmutter", "is_compute": True}
            if job["says_account"]:
                # not every record says it: some process lost its environment
                record["repo"] = job["repo"] if draw.random() < 0.9 else None
        told = {
            key: value for key, value in record.items() if value is not None or draw.random() < 0.5
        }
        self._make_awkward(told, job)
        return told

    def _make_awkward(self, record: Record, job: Record | None) -> None:
        """By the record's identity, so that nothing else changes."""
        bits = int(record["id"], 16)
        if record.get("username") == "Ülkü" and bits & 1:
            record["username"] = unicodedata.normalize("NFD", "Ülkü")
        if record.get("uid") == 5_000 and record.get("prefix"):
            record["prefix"] = record["prefix"].replace("user11", record["username"])
        if job and job["number"] % 3:
            record["partition"] = ("cpu", "gpu")[job["number"] % 3 - 1]
        if job and job["number"] % 4:
            record["qos"] = ("regular", "debug", "debug")[job["number"] % 4 - 1]
        if bits & 0xC00:
            record["subsystem"] = ("", "cpu", "gpu")[(bits >> 10 & 3) - 1]
        version = record["packages"].get("größe")
        if version is not None and bits & 6:
            record["packages"][APART] = version
            if bits & 2:
                del record["packages"]["größe"]
            if "größe" in record.get("direct", ()):
                record["direct"].append(APART)
                record["direct"].remove("größe")
        elif version is not None and bits & 8 and "größe" in record.get("direct", ()):
            # what was imported only looks like this
            record["direct"] = [APART if name == "größe" else name for name in record["direct"]]
        if job and job["number"] % 4 == 0 and bits & 0x70 == 0:
            # it ran for almost six days
            record["elapsed"] = 500_000
        if job and job["number"] % 3 == 1 and bits & 0x300:
            record.pop("num_nodes", None)
