"""Usage records as a busy centre sends them: few stacks and programs, many processes, by a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Version strings are fixed, so that the same seed gives the same bytes on every machine.
VERSIONS: dict[str, str | None] = {
    "numpy": "2.4.6",
    "scipy": "1.17.1",
    "pandas": "3.1.1",
    "matplotlib": "3.10.8",
    "multiprocessing": None,
    "h5py": "3.15.1",
    "astropy": "7.2.0",
    "astropy.io.fits": None,
    "mpi4py": "4.1.1",
    "dask": "2026.3.0",
    "numba": "0.64.0",
    "netCDF4": "1.7.4",
    "xarray": "2026.2.0",
    "sklearn": "1.8.0",
    "joblib": "1.5.3",
    "tensorflow": "2.20.0",
    "torch": "2.13.0",
    "seaborn": "0.13.2",
    "statsmodels": "0.14.6",
    "ipykernel": "7.1.0",
    # Capitals, so that an order by some language's rules differs from the order by bytes.
    "Bio": "1.86",
    "PIL": "12.1.0",
}

CLUSTERS = ("alder", "birch")

Run = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """The packages that a program imports, and those that its own code names."""

    packages: dict[str, str | None]
    direct: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program of one user: the values that its processes share."""

    username: str
    uid: int
    executable: str
    prefix: str
    main: str
    stack: Stack
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A job of one user on one cluster, and the program that it runs."""

    program: Program
    job_id: str
    cluster: str
    num_nodes: int
    account: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One record, as sent and as its ledger needs it."""

    id: str
    record: dict[str, object]
    program: Program
    job: Job | None

    @property
    def datagram(self) -> bytes:
        """The record as one RFC 5424 message."""
        return encode(self.record)

    @property
    def run(self) -> Run:
        """The key of a run."""
        step = str(self.record.get("step_id", ""))
        day = str(self.record["event_timestamp"])[:10]
        job = (self.job.cluster, self.job.job_id) if self.job else None
        program = self.program
        packages = tuple(sorted(program.stack.packages.items()))
        stack = (packages, tuple(sorted(program.stack.direct)))
        return (day, job, step, program.username, program.executable, program.main, stack)


def encode(record: dict[str, object], *, header: dict[str, object] | None = None) -> bytes:
    """The message that the hook would send for `record`, with another one's header if given."""
    said = record if header is None else header
    body = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    head = f"<134>1 {said['event_timestamp']} {said['host']} customs {said['pid']} imports -"
    return f"{head} {body}".encode()


class Population:
    """Users, programs and jobs; `samples` draws processes from them."""

    def __init__(
        self,
        seed: int,
        *,
        users: int = 200,
        stacks: int = 40,
        jobs: int = 1_500,
        staff: float = 0.05,
        newest: datetime | None = None,
    ) -> None:
        self.random = random.Random(seed)
        # The last two days: old enough to be past, new enough for every default period.
        self.newest = newest or datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        names = sorted(VERSIONS)
        self.stacks: list[Stack] = []
        for _ in range(stacks):
            chosen = self.random.sample(names, self.random.randint(1, 8))
            direct = tuple(name for name in chosen if self.random.random() < 0.6)
            self.stacks.append(Stack({name: VERSIONS[name] for name in chosen}, direct))
        self.programs: list[Program] = []
        for number in range(users):
            is_staff = self.random.random() < staff
            for _ in range(self.random.randint(1, 3)):
                prefix = self.random.choice(("/usr", "/opt/conda", f"/home/u{number:04}/venv"))
                self.programs.append(
                    Program(
                        username=f"u{number:04}",
                        uid=20_000 + number,
                        executable=f"{prefix}/bin/python3",
                        prefix=prefix,
                        main=f"/home/u{number:04}/src/step{self.random.randint(1, 5)}.py",
                        stack=self.random.choice(self.stacks),
                        is_staff=is_staff,
                    )
                )
        self.jobs = [
            Job(
                program=self.random.choice(self.programs),
                job_id=str(4_000_000 + number),
                cluster=self.random.choice(CLUSTERS),
                num_nodes=self.random.choice((1, 1, 1, 1, 2, 4, 16, 128)),
                account=f"m{self.random.randint(1000, 1040)}",
            )
            for number in range(jobs)
        ]

    def sample(self) -> Sample:
        """One more process."""
        draw = self.random
        job = draw.choice(self.jobs) if draw.random() < 0.9 else None
        program = job.program if job else draw.choice(self.programs)
        identity = f"{draw.getrandbits(128):032x}"
        when = self.newest - timedelta(microseconds=draw.randrange(48 * 3600 * 1_000_000))
        record: dict[str, object] = {
            "v": 1,
            "id": identity,
            "event_timestamp": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "elapsed": round(draw.uniform(0.1, 5_000.0), 3),
            "host": f"nid{draw.randrange(10_000):05}",
            "pid": draw.randrange(2, 4_000_000),
            "ppid": draw.randrange(1, 4_000_000),
            "username": program.username,
            "uid": program.uid,
            "executable": program.executable,
            "prefix": program.prefix,
            "python": "3.11.7",
            "implementation": "cpython",
            "main": program.main,
            "packages": program.stack.packages,
            "direct": program.stack.direct,
            "end": "exit" if draw.random() < 0.97 else "exception",
            "is_staff": program.is_staff,
            "is_compute": job is not None,
        }
        if job:
            record |= {
                "cluster": job.cluster,
                "system": job.cluster,
                "job_id": job.job_id,
                "step_id": str(draw.randrange(2)),
                "num_nodes": job.num_nodes,
                "num_tasks": job.num_nodes,
                "rank": 0,
                "qos": "regular",
                "partition": "batch",
                "repo": job.account,
            }
        return Sample(identity, record, program, job)

    def samples(self, count: int) -> Iterator[Sample]:
        """`count` more processes, all with different ids."""
        for _ in range(count):
            yield self.sample()
