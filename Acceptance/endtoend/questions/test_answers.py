"""The contract's answers: their keys, their numbers by a ledger, and equality of both stores."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from extent import half
from loadgen.ledger import Ledger, load
from loadgen.records import Job, Population, Sample
from support.daemon import Customs, Daemon
from support.stores import STORES, MakeStore

TOP_KEYS = {"package", "users", "jobs", "processes", "node_hours"}
PACKAGE_KEYS = {
    *("package", "users", "jobs", "processes", "first_seen", "last_seen"),
    *("versions", "by_month", "job_sizes", "used_with"),
}
JOB_KEYS = {
    *(
        "job_id",
        "cluster",
        "username",
        "account",
        "qos",
        "partition",
        "num_nodes",
        "state",
        "exit_code",
    ),
    *("submit", "start", "end", "elapsed_seconds", "source", "runs"),
    *("name", "num_tasks", "node_list", "time_limit_seconds", "restart"),
    *("array_job_id", "array_task_id"),
    *("alloc_cpus", "cpu_seconds", "gpus", "req_mem", "max_rss", "steps"),
}
RUN_KEYS = {
    *("step_id", "username", "executable", "main", "python", "processes", "ranks_reported"),
    *("first_seen", "last_seen", "end", "packages", "direct"),
    *("prefix", "exit", "exception", "signal", "killed"),
}
USER_KEYS = {"username", "jobs", "processes", "packages", "environments", "last_jobs"}
HEALTH_KEYS = {
    *("received", "stored", "merged", "duplicate", "rejected", "kernel_dropped", "pending"),
    *("oldest_pending_seconds", "last_record", "balanced", "canary_loss", "daemons", "other_names"),
}


@dataclass
class Corpus:
    """The same load on both stores."""

    ledger: Ledger
    customs: dict[str, Customs]

    def busiest_job(self) -> Job:
        """The job with most processes, which has several runs."""
        counts = Counter(job.job_id for job in self.jobs())
        return max(self.jobs(), key=lambda job: (counts[job.job_id], job.job_id))

    def jobs(self) -> Iterator[Job]:
        """The job of each process outside the staff."""
        for sample in self.samples():
            if sample.job:
                yield sample.job

    def samples(self) -> Iterator[Sample]:
        """The processes outside the staff."""
        return (sample for sample in self.ledger.distinct.values() if not sample.program.is_staff)


@pytest.fixture(scope="module")
def corpus(make_store: MakeStore) -> Iterator[Corpus]:
    """4,000 records with duplicates and damage, sent to a daemon on each store."""
    ledger = Ledger()
    messages = list(
        load(Population(41, users=60, jobs=300), ledger, 4_000, twice=0.02, damaged=0.02)
    )
    folder = Path(tempfile.mkdtemp(prefix="customs-answers-", dir="/tmp"))
    corpus = Corpus(ledger, {})
    stores = []
    try:
        for kind in STORES:
            home = folder / kind
            home.mkdir()
            store = make_store(kind)
            stores.append(store)
            daemon = Daemon(home, store)
            try:
                daemon.start()
                daemon.send(messages)
                daemon.settle(ledger.messages)
                daemon.stop()
            finally:
                daemon.abandon()
            corpus.customs[kind] = daemon.customs
        yield corpus
    finally:
        for store in stores:
            store.close()
        shutil.rmtree(folder)


@pytest.fixture(params=STORES)
def customs(request: pytest.FixtureRequest, corpus: Corpus) -> Customs:
    """The command on each store in turn."""
    return corpus.customs[request.param]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("staff", [False, True])
def test_top_counts_users_jobs_and_processes_as_sent(
    corpus: Corpus, customs: Customs, direct: bool, staff: bool
) -> None:
    options = ["--direct"] * direct + ["--include-staff"] * staff
    rows = customs.json("top", "--limit", "1000", *options)
    assert all(row.keys() == TOP_KEYS for row in rows)
    expected = corpus.ledger.top(include_staff=staff, direct=direct)
    assert {row["package"]: (row["users"], row["jobs"], row["processes"]) for row in rows} == {
        name: (len(usage.users), len(usage.jobs), usage.processes)
        for name, usage in expected.items()
    }
    assert all(
        isinstance(row["node_hours"], (int, float)) and row["node_hours"] >= 0 for row in rows
    )


@pytest.mark.parametrize("by", ["users", "jobs", "processes", "node-hours"])
def test_top_orders_most_first(customs: Customs, by: str) -> None:
    """By each measure; `--limit` cuts the rest."""
    rows = customs.json("top", "--by", by, "--limit", "1000")
    values = [row[by.replace("-", "_")] for row in rows]
    assert len(values) > 5
    assert values == sorted(values, reverse=True)
    assert customs.json("top", "--by", by, "--limit", "5") == rows[:5]


def test_filters_select_period_system_and_account(corpus: Corpus, customs: Customs) -> None:
    assert (
        customs.json("top", "--since", (datetime.now(UTC) + timedelta(days=2)).date().isoformat())
        == []
    )
    assert customs.json("top", "--until", "2001-01-01") == []
    assert customs.json("top", "--since", "30d") == customs.json("top")
    for option, name in (("--system", "no-such-system"), ("--account", "no-such-account")):
        done = customs.run("top", option, name)
        assert (done.returncode, done.stdout, name in done.stderr) == (66, "", True)

    job = corpus.busiest_job()
    of_system: dict[str, int] = {}
    of_account: dict[str, int] = {}
    for sample in corpus.samples():
        for name in sample.program.stack.packages:
            if sample.job and sample.job.cluster == job.cluster:
                of_system[name] = of_system.get(name, 0) + 1
            if sample.job and sample.job.account == job.account:
                of_account[name] = of_account.get(name, 0) + 1

    def processes(*options: str) -> dict[str, int]:
        rows = customs.json("top", "--limit", "1000", *options)
        return {row["package"]: row["processes"] for row in rows}

    assert processes("--system", job.cluster) == of_system
    assert processes("--account", job.account) == of_account


def test_package_has_its_keys_and_numbers(corpus: Corpus, customs: Customs) -> None:
    answer = customs.json("package", "numpy")
    assert answer.keys() == PACKAGE_KEYS
    usage = corpus.ledger.top()["numpy"]
    assert answer["package"] == "numpy"
    assert (answer["users"], answer["jobs"], answer["processes"]) == (
        len(usage.users),
        len(usage.jobs),
        usage.processes,
    )
    [version] = answer["versions"]
    assert version == {"version": "2.4.6", "users": len(usage.users), "jobs": len(usage.jobs)}
    assert all(row.keys() == {"month", "users", "jobs"} for row in answer["by_month"])
    assert all(row.keys() == {"nodes", "jobs"} for row in answer["job_sizes"])
    assert sum(row["jobs"] for row in answer["job_sizes"]) == len(usage.jobs)
    assert all(row.keys() == {"package", "jobs", "pearson"} for row in answer["used_with"])
    assert all(row["pearson"] is None or -1 <= row["pearson"] <= 1 for row in answer["used_with"])
    assert "numpy" not in {row["package"] for row in answer["used_with"]}
    times = [
        _time(str(sample.record["event_timestamp"]))
        for sample in corpus.samples()
        if "numpy" in sample.program.stack.packages
    ]
    assert (_time(answer["first_seen"]), _time(answer["last_seen"])) == (min(times), max(times))


def test_job_has_every_run_of_its_processes(corpus: Corpus, customs: Customs) -> None:
    job = corpus.busiest_job()
    answer = customs.json("job", job.job_id, "--cluster", job.cluster)
    assert answer.keys() == JOB_KEYS
    expected = {
        "job_id": job.job_id,
        "cluster": job.cluster,
        "username": job.program.username,
        "account": job.account,
        "qos": "regular",
        "partition": "batch",
        "num_nodes": job.num_nodes,
        "source": "environment",
    }
    assert {key: answer[key] for key in expected} == expected
    assert customs.json("job", job.job_id) == answer

    samples = [sample for sample in corpus.samples() if sample.job == job]
    assert sum(run["processes"] for run in answer["runs"]) == len(samples)
    assert len(answer["runs"]) == len({sample.run for sample in samples}) > 1
    for run in answer["runs"]:
        assert run.keys() == RUN_KEYS
        assert run["username"] == job.program.username
        assert run["executable"] == job.program.executable
        assert run["main"] == job.program.main
        assert run["python"] == "3.11.7"
        assert run["packages"] == job.program.stack.packages
        assert sorted(run["direct"]) == sorted(job.program.stack.direct)
        mine = [
            sample
            for sample in samples
            if sample.record["step_id"] == run["step_id"]
            and str(sample.record["event_timestamp"])[:10] == run["first_seen"][:10]
        ]
        assert run["processes"] == run["ranks_reported"] == len(mine)
        assert run["end"] == (
            "exception" if any(s.record["end"] == "exception" for s in mine) else "exit"
        )
        times = [_time(str(sample.record["event_timestamp"])) for sample in mine]
        assert (_time(run["first_seen"]), _time(run["last_seen"])) == (min(times), max(times))


def test_user_has_its_keys_and_numbers(corpus: Corpus, customs: Customs) -> None:
    username = corpus.busiest_job().program.username
    answer = customs.json("user", username)
    assert answer.keys() == USER_KEYS
    samples = [sample for sample in corpus.samples() if sample.program.username == username]
    assert answer["username"] == username
    assert answer["processes"] == len(samples)
    assert answer["jobs"] == len({sample.job.job_id for sample in samples if sample.job})
    packages = {name for sample in samples for name in sample.program.stack.packages}
    assert set(answer["packages"]) == packages
    assert set(answer["environments"]) == {sample.program.prefix for sample in samples}


def test_health_has_its_keys_and_types(corpus: Corpus, customs: Customs) -> None:
    """Other tests check its numbers."""
    health = customs.health()
    assert health.keys() == HEALTH_KEYS
    assert health["canary_loss"] is None
    assert health["pending"] == 0
    assert _time(health["last_record"]) <= datetime.now(UTC)
    assert health["rejected"] == dict(corpus.ledger.rejected)


def _questions(corpus: Corpus) -> list[list[str]]:
    job = corpus.busiest_job()
    return [
        ["top"],
        *(
            ["top", "--by", by, "--limit", "1000"]
            for by in ("users", "jobs", "processes", "node-hours")
        ),
        ["top", "--direct", "--include-staff", "--limit", "1000"],
        ["top", "--system", job.cluster, "--since", "2d"],
        ["top", "--account", job.account],
        *(["package", name] for name in ("numpy", "multiprocessing", "astropy.io.fits", "mpi4py")),
        ["job", job.job_id, "--cluster", job.cluster],
        *(["job", other] for other in sorted({each.job_id for each in corpus.jobs()})[:20]),
        *(
            ["user", name]
            for name in sorted({sample.program.username for sample in corpus.samples()})[:20]
        ),
    ]


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_both_stores_give_the_same_bytes(corpus: Corpus, form: str) -> None:
    """In every format: JSON for each question, and CSV and tables for one half each."""
    asked = _questions(corpus)
    for command, *arguments in asked if form == "json" else half(asked, int(form == "csv")):
        answers = [
            customs.text(command, "--format", form, *arguments)
            for customs in corpus.customs.values()
        ]
        assert answers[0] == answers[1], [command, *arguments]
        assert answers[0], [command, *arguments]
    sqlite, postgres = (_timeless(customs.health()) for customs in corpus.customs.values())
    assert sqlite == postgres


def test_csv_has_the_rows_and_keys_of_json(customs: Customs) -> None:
    rows = customs.json("top", "--limit", "1000")
    text = customs.text("top", "--limit", "1000", "--format", "csv")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["package"] for row in table] == [row["package"] for row in rows]
    assert table[0].keys() == TOP_KEYS
    assert [int(row["processes"]) for row in table] == [row["processes"] for row in rows]


def test_a_table_in_a_pipe_has_no_colour_and_the_rows_of_json(
    corpus: Corpus, customs: Customs
) -> None:
    rows = customs.json("top", "--limit", "1000")
    text = customs.text("top", "--limit", "1000", "--format", "table")
    assert "\x1b" not in text
    for row in rows:
        assert any(
            row["package"] in line and str(row["users"]) in line for line in text.splitlines()
        ), row
    job = corpus.busiest_job()
    for command in (
        ["package", "numpy"],
        ["job", job.job_id],
        ["user", job.program.username],
        ["health"],
    ):
        text = customs.text(command[0], "--format", "table", *command[1:])
        assert "\x1b" not in text
        assert text.strip()


def test_an_unknown_name_ends_with_66_or_zeros(customs: Customs) -> None:
    """A job, a user or a package without any record."""
    for question in (
        ["job", "999999999"],
        ["user", "nobody-of-that-name"],
        ["package", "no_such_package"],
    ):
        done = customs.run(question[0], "--format", "json", *question[1:])
        if done.returncode == 0:
            answer = json.loads(done.stdout)
            assert answer["jobs"] == answer["processes"] == 0, (question, done)
        else:
            # EX_NOINPUT
            assert done.returncode == 66, (question, done)
            assert question[1] in done.stderr
            assert not done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["top", "--by", "beauty"],
        ["top", "--format", "xml"],
        ["top", "--limit", "many"],
        ["top", "--since", "yesteryear"],
        ["top", "--since", "2026-11-21T99:99:99+++"],
        ["top", "--since", "2026-11-21T12:00:00+25:00"],
        ["top", "--until", "2026-11-21T12:00:00Zulu"],
        ["top", "--until", "2026-11-21T"],
        ["health", "--claims", "--public"],
        ["top", "--no-such-option"],
        ["job"],
        ["no-such-command"],
    ],
)
def test_wrong_usage_exits_64(corpus: Corpus, arguments: list[str]) -> None:
    """EX_USAGE, with a word on standard error and nothing on standard output."""
    done = corpus.customs["sqlite"].run(*arguments)
    assert done.returncode == 64, done
    assert done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    "url",
    ["postgres://customs@/customs?host=/nonexistent", "sqlite:///nonexistent/customs.sqlite"],
)
def test_unavailable_store_exits_69(corpus: Corpus, url: str) -> None:
    """EX_UNAVAILABLE, and the store's name on standard error."""
    for question in (["top"], ["health"], ["job", "1"]):
        done = corpus.customs["sqlite"].run(*question, store=url)
        assert done.returncode == 69, done
        assert "nonexistent" in done.stderr
        assert not done.stdout


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _timeless(health: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in health.items()
        if key not in {"last_record", "oldest_pending_seconds", "daemons"}
    }
