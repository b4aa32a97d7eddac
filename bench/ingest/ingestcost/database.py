"""A PostgreSQL of the benchmark's own, set up as a site would for such a load."""

from __future__ import annotations

from types import TracebackType

from support.postgres import PostgresServer

from ingestcost.processes import CPUTime, cpu_time

# No setting trades safety for speed: commits are synced.
_SETTINGS = """
shared_buffers = 1GB
max_wal_size = 16GB
checkpoint_timeout = 15min
wal_buffers = 64MB
wal_compression = off
max_connections = 20
"""

# The table of a site whose only schema is the record.
WIDE = """CREATE TABLE wide (
    id uuid PRIMARY KEY, event_timestamp text, elapsed text, host text, pid integer, ppid integer,
    username text, uid integer, executable text, prefix text, python text, implementation text,
    main text, cluster text, job_id text, step_id text, num_nodes integer, qos text, repo text,
    packages text)"""

RUNS = """CREATE TABLE runs (
    run uuid PRIMARY KEY, first_seen bigint, last_seen bigint, started bigint, day integer,
    cluster integer, job integer, step integer, usr integer, executable integer, program integer,
    stack integer, environment integer, host integer, size_class smallint, flags smallint,
    processes integer, ranks integer, exceptions integer, signals integer, killed integer)"""


class Database:
    """One server; a fresh database for each measurement."""

    def __init__(self) -> None:
        self.server = PostgresServer()
        with (self.server.data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        self._made = 0

    def __enter__(self) -> Database:
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.remove()

    def create(self) -> tuple[str, str]:
        """Makes an empty database; returns its name and URL."""
        self._made += 1
        name = f"bench{self._made}"
        return name, self.server.create_database(name)

    def drop(self, name: str) -> None:
        self.server.drop_database(name)
        # Otherwise the next measurement would pay for it.
        self.server.execute("postgres", "CHECKPOINT")

    @property
    def folder(self) -> str:
        return str(self.server.folder)

    @property
    def cpu(self) -> CPUTime:
        """The resources that all of the server's processes have used."""
        assert self.server.process is not None
        return cpu_time(self.server.process.pid)

    def number(self, name: str, query: str) -> int:
        """The single number of a query's answer."""
        return int(self.server.execute(name, query)[0][0])

    def bytes_of_tables(self, name: str) -> int:
        """The size of the tables on disk with their indexes, after a vacuum."""
        self.server.execute(name, "VACUUM")
        return self.number(
            name,
            "SELECT COALESCE(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind = 'r' AND nspname IN ('customs', 'public')",
        )
