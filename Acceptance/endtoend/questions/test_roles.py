"""The rights of the database's roles."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.centre import Centre
from support.daemon import PATIENCE, ROOT, Customs, clean_environment
from support.postgres import find
from support.reference.filters import Filter
from support.reference.questions import Reference
from support.stores import MakeStore, PostgresStore

CENTRE = Centre(17, records=300, days=20)


class Roles:
    """A store with the roles of the delivered file."""

    def __init__(self, store: PostgresStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.customs = Customs(store.url, folder)
        self.add("records", CENTRE.lines())
        # as if the records had come by a socket whose peer the kernel names
        store.execute("UPDATE customs.runs SET flags = flags | 4")
        script = (ROOT / "etc/postgres/roles.sql").read_text()
        for _ in range(2):
            store.execute(script)

    def add(self, name: str, lines: str) -> None:
        archive = self.folder / f"{name}.jsonl"
        archive.write_text(lines)
        self.customs.json("import", str(archive))

    def start(self, role: str, *statements: str) -> subprocess.Popen[str]:
        words = [word for statement in statements for word in ("-c", statement)]
        return subprocess.Popen(
            [find("psql"), "-X", "-qAt", "-d", self.store.url, *words],
            env=clean_environment(self.folder)
            | {"PGOPTIONS": f"-c role={role} -c search_path=customs"},
            stdin=None if statements else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hold(self, role: str, *statements: str) -> subprocess.Popen[str]:
        """A session that goes on after its statements, until the program is killed."""
        process = self.start(role)
        assert process.stdin
        assert process.stdout
        process.stdin.write(";\n".join((*statements, "SELECT 'held'")) + ";\n")
        process.stdin.flush()
        while process.stdout.readline().strip() != "held":
            assert process.poll() is None
        return process

    def ask(self, role: str, *statements: str) -> tuple[int, str, str]:
        process = self.start(role, *statements)
        output, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output, errors


@pytest.fixture(scope="module")
def roles(make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    store = make_store("postgres")
    assert isinstance(store, PostgresStore)
    yield Roles(store, tmp_path_factory.mktemp("roles"))
    store.close()


def test_the_reader_reads_all_and_the_public_no_small_group(roles: Roles) -> None:
    _, runs, _ = roles.ask("customs_reader", "SELECT sum(processes) FROM named_runs")
    assert runs.strip() == str(len(CENTRE.records))
    _, public, _ = roles.ask("customs_public", "SELECT package, month, users FROM public_packages")
    names = list({name for record in CENTRE.records for name in record["packages"]})
    assert sorted(public.splitlines()) == sorted(
        f"{row['package']}|{row['month']}|{row['users'] // 5 * 5}"
        for row in Reference(CENTRE.records).trend(Filter(), *names)
        if row["users"] >= 5
    )
    assert public
    for table in ("runs", "users", "named_runs", "pruned_usage", "lock_names"):
        status, _, errors = roles.ask("customs_public", f"SELECT * FROM {table}")
        assert status != 0
        assert "permission denied" in errors


@pytest.mark.parametrize("role", ["customs_reader", "customs_public"])
def test_no_role_reads_the_keys(roles: Roles, role: str) -> None:
    """Of fingerprints and canaries: who knows them can forge both."""
    status, _, errors = roles.ask(role, "SELECT name, value FROM store_keys")
    assert status != 0
    assert "permission denied" in errors


@pytest.mark.parametrize("role", ["customs_reader", "customs_public"])
@pytest.mark.parametrize(
    "statement",
    [
        *("DELETE FROM runs", "TRUNCATE packed_days", "CREATE TABLE customs.x (a int)"),
        *("CREATE TABLE public.x (a int)", "CREATE TEMP TABLE x (a int)"),
        "CREATE FUNCTION pg_temp.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO LANGUAGE plpgsql 'BEGIN END'",
        *("BEGIN; LOCK TABLE runs IN SHARE MODE", "BEGIN; LOCK TABLE lock_names IN SHARE MODE"),
        *("SELECT * FROM lock_names FOR SHARE", "SELECT * FROM epochs FOR UPDATE"),
        "SELECT nextval('customs.users_id_seq')",
    ],
)
def test_no_role_writes_makes_or_holds_anything(roles: Roles, role: str, statement: str) -> None:
    status, _, errors = roles.ask(role, statement)
    assert status != 0
    assert "permission denied" in errors


def test_not_even_a_plan_tells_of_a_small_group(roles: Roles) -> None:
    """Neither by the rows that it read, nor by a function that sees them first."""
    _, plan, _ = roles.ask(
        "customs_public",
        "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM public_packages WHERE package = 'numpy'",
    )
    assert "published_packages" in plan
    for word in ("runs", "stack", "users u", "Aggregate"):
        assert word not in plan
    # cheap functions are tried first, and this one tells of the value in an error
    for statement in (
        "SELECT * FROM public_packages WHERE CAST(package AS int) > 0",
        "SELECT * FROM public_packages WHERE package::regclass IS NULL",
    ):
        shown = {row.split("|")[0] for row in _public(roles)}
        status, _, errors = roles.ask("customs_public", statement)
        assert status != 0
        assert any(f'"{name}"' in errors for name in shown), errors


def _public(roles: Roles) -> list[str]:
    return roles.ask("customs_public", "SELECT package FROM public_packages")[1].splitlines()


@pytest.mark.parametrize("role", ["customs_reader", "customs_public"])
def test_no_role_holds_up_the_writer(roles: Roles, role: str) -> None:
    """With all locks that it can get."""
    numbers = [7_310_868_735_955_235_189 + number for number in range(3)] + [0x6375_7374_6F6D_7377]
    statements = [f"SELECT pg_advisory_lock({number})" for number in numbers]
    if role == "customs_reader":
        statements.append("BEGIN; LOCK TABLE runs, jobs, users, epochs IN ACCESS SHARE MODE")
    with roles.hold(role, *statements) as holder:
        try:
            before = roles.customs.json("health")["stored"]
            seed = 18 if role == "customs_reader" else 19
            roles.add(role, Centre(seed, records=50, days=20).lines())
            assert roles.customs.json("health")["stored"] > before
            assert roles.customs.run("pack").returncode == 0
        finally:
            holder.kill()
