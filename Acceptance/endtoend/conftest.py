"""Fixtures: the release binaries, both stores, and daemons that are gone after each test."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from extent import IS_WHOLE
from support.centre import Record
from support.certificates import Authority, Certificate
from support.daemon import CUSTOMS, CUSTOMSD, Customs, Daemon, StartDaemon, Store
from support.maintenance import Fill, Pack
from support.postgres import PostgresServer
from support.stores import STORES, MakeStore, PostgresStore, SQLiteStore, opened

PACKED = ("live", "packed")

_numbers = itertools.count(1)

# what runs in the background of a shell has SIGINT ignored, and so would have what is started here
signal.signal(signal.SIGINT, signal.default_int_handler)
# and what nohup starts has SIGHUP ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out pairs that only a whole run tries, and puts the long tests first.

    Else a worker is still at a long one when the others are done.

    With `--dist worksteal` each worker begins with a slice of all tests in their order, and all
    slices are equally long. So each slice begins with a share of the long tests; the cases of one
    test stay together, for several at a time may ask too much of a machine.
    """
    left_out = [item for item in items if not IS_WHOLE and _is_other_pair(item)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long")]
    rest = [item for item in items if item.get_closest_marker("long") is None]
    items.clear()
    for left in range(workers, 0, -1):
        size = (len(long) + len(rest)) // left
        share = min(size, -(-len(long) // left))
        items += long[:share] + rest[: size - share]
        del long[:share], rest[: size - share]


def _is_other_pair(item: pytest.Item) -> bool:
    """Whether a test on each store, with days packed or not, tries other pairs of the two.

    It tries each store once and each of the others once. Its name says which with which, so that
    the tests together try all pairs.
    """
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    values = item.callspec.params
    if "store" not in values or "pack" not in values:
        return False
    turn = zlib.crc32(item.originalname.encode())
    return (STORES.index(values["store"]) + PACKED.index(values["pack"]) + turn) % 2 == 1


@pytest.fixture(scope="session", autouse=True)
def binaries() -> None:
    """Without the binaries nothing here can be tested, and that is a failure."""
    for binary in (CUSTOMSD, CUSTOMS):
        assert binary.exists(), f"no {binary}: run 'make build' first"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests that need one."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The site's own."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server_certificate(authority: Authority) -> Certificate:
    """The daemon's."""
    return authority.issue("server")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a name short enough for unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="customs-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def postgres_template(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A database with a daemon's tables, to be copied: to make them takes 300 ms of CPU."""
    store = PostgresStore(postgres_server, "customs_template")
    daemon = Daemon(tmp_path_factory.mktemp("template"), store).start()
    daemon.stop()
    store.execute("DELETE FROM customs.sources")
    return store.database


@pytest.fixture(scope="session")
def make_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> MakeStore:
    """Makes a store of either kind without records; that of PostgreSQL has its tables already."""

    def make(kind: str) -> Store:
        if kind == "sqlite":
            return SQLiteStore(tmp_path_factory.mktemp("store"))
        server: PostgresServer = request.getfixturevalue("postgres_server")
        template: str = request.getfixturevalue("postgres_template")
        # copied as files, for to log every page takes twice the time
        copy = ("--template", template, "--strategy", "file_copy")
        return PostgresStore(server, f"customs_{next(_numbers)}", *copy)

    return make


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, make_store: MakeStore) -> Iterator[Store]:
    """A store without records; each test that asks for one runs on both kinds."""
    yield from opened(make_store, request.param)


@pytest.fixture
def sqlite_store(make_store: MakeStore) -> Iterator[Store]:
    """An empty SQLite store, for tests that a store's kind cannot concern."""
    yield from opened(make_store, "sqlite")


@pytest.fixture
def postgres_store(postgres_server: PostgresServer) -> Iterator[PostgresStore]:
    """An empty database of PostgreSQL, without any table."""
    made = PostgresStore(postgres_server, f"customs_{next(_numbers)}")
    yield made
    made.close()


@pytest.fixture
def start_daemon(folder: Path) -> Iterator[StartDaemon]:
    """Starts daemons in the test's folder. One that still runs at the end must end well."""
    daemons: list[Daemon] = []

    def start(store: Store, **options: object) -> Daemon:
        home = folder / str(len(daemons))
        home.mkdir()
        daemon = Daemon(home, store, **options)  # type: ignore[arg-type]
        daemons.append(daemon)
        return daemon.start()

    try:
        yield start
        for daemon in daemons:
            if daemon.process is not None:
                daemon.stop()
    finally:
        for daemon in daemons:
            daemon.abandon()
            print(f"-- {daemon.log}\n{daemon.log_tail()}")


@pytest.fixture
def daemon(start_daemon: StartDaemon, store: Store) -> Daemon:
    """A daemon on each kind of store."""
    return start_daemon(store)


@pytest.fixture(params=PACKED)
def pack(request: pytest.FixtureRequest) -> Pack:
    """Packs all days that are not, as a daemon does in time; or leaves them."""
    return (lambda customs: customs.json("pack")) if request.param == "packed" else lambda _: None


@pytest.fixture
def fill(store: Store, folder: Path, pack: Pack) -> Fill:
    """Imports records into a store."""

    def fill(records: list[Record]) -> Customs:
        customs = Customs(store.url, folder)
        archive = folder / f"{len(list(folder.iterdir()))}.jsonl"
        archive.write_text("".join(json.dumps(record) + "\n" for record in records))
        assert customs.json("import", str(archive))["received"] == len(records)
        pack(customs)
        return customs

    return fill
