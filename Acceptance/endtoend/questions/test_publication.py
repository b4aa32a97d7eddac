"""Published and exported answers, and the rights of the roles."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from typing import Any

from support.centre import Centre
from support.maintenance import Fill, renamed
from support.reference.filters import Filter
from support.reference.questions import Reference


def test_public_answers_leave_small_groups_out(fill: Fill) -> None:
    """Usage of fewer than five users."""
    centre = Centre(3, records=700, tidy=True)
    customs = fill(renamed(centre.records))
    for question in (("top",), ("python",), ("versions", "PIL"), ("trend", "numpy"), ("stacks",)):
        whole = customs.json(*question)
        for most in (5, 7):
            assert customs.json(*question, "--public", "--min-users", str(most)) == [
                row for row in whole if row["users"] >= most
            ], question
        assert customs.json(*question, "--public") == [row for row in whole if row["users"] >= 5]
    assert any(row["users"] < 5 for row in customs.json("stacks"))
    assert not any(
        "kermit" in (row["prefix"] or "") for row in customs.json("environments", "--public")
    )

    chosen = Reference(centre.records).select(Filter())
    owners: dict[tuple[str, str], set[str | None]] = {}
    jobs: dict[Any, set[str]] = {}
    for p in chosen:
        jobs.setdefault(p.job, set()).update(p.packages)
    for p in chosen:
        for a in jobs[p.job] if p.job else ():
            for b in jobs[p.job]:
                owners.setdefault((a, b), set()).add(p.user)
    whole = customs.json("correlate")
    counts = [len(owners.get((row["a"], row["b"]), set()) - {None}) for row in whole]
    enough = str(sorted(counts)[len(counts) // 2])
    pairs = [row for row, count in zip(whole, counts, strict=True) if count >= int(enough)]
    assert 0 < len(pairs) < len(whole)
    assert customs.json("correlate", "--public", "--min-users", enough) == pairs
    named = [row for row in pairs if "numpy" in (row["a"], row["b"])]
    public = customs.json("correlate", "--public", "--min-users", enough, "--package", "numpy")
    assert len(public) == len(named)

    sizes: dict[int | None, set[str | None]] = {}
    for p in chosen:
        if p.job:
            sizes.setdefault(p.nodes, set()).add(p.user)
    assert customs.json("jobsizes", "--public", "--min-users", "9") == [
        row for row in customs.json("jobsizes") if len(sizes[row["nodes"]] - {None}) >= 9
    ]
    assert customs.json("ended", "--public", "--min-users", "7") == [
        row
        for row in customs.json("ended")
        if row["package"] in {r["package"] for r in customs.json("top") if r["users"] >= 7}
    ]
    # a moment is that of one process, a day that of many
    whole = customs.json("package", "numpy")
    public = customs.json("package", "numpy", "--public")
    for key in ("first_seen", "last_seen"):
        assert public[key] == f"{whole[key][:10]}T00:00:00Z" != whole[key]
    lonely = customs.json("package", "numpy", "--public", "--min-users", "100")
    assert (lonely["users"], lonely["versions"], lonely["job_sizes"]) == (0, [], [])
    assert lonely["used_with"] == []
    for question in (("user", "kermit1x"), ("who", "numpy"), ("job", "1000"), ("export",)):
        done = customs.run(*question, "--public")
        assert done.returncode == 64
        assert "--public" in done.stderr
        assert not done.stdout


def test_an_export_has_a_row_for_each_run_and_package(fill: Fill) -> None:
    """The same in both formats."""
    centre = Centre(13, records=2_500)
    customs = fill(centre.records)
    lines = customs.text("export", "--format", "jsonl", "--include-staff").splitlines()
    rows = [json.loads(line) for line in lines]
    table = list(csv.DictReader(io.StringIO(customs.text("export", "--include-staff"))))
    assert [row["run"] for row in table] == [row["run"] for row in rows]
    for text, row in zip(table, rows, strict=True):
        assert text.keys() == row.keys()
        for key, value in row.items():
            wanted = (
                {None: "", True: "true", False: "false"}.get(value, str(value))
                if (value is None or isinstance(value, bool))
                else str(value)
            )
            assert text[key] == wanted, key
    assert len({(row["run"], row["package"]) for row in rows}) == len(rows)
    assert [row["run"] for row in rows] == sorted(row["run"] for row in rows)

    told: Counter[Any] = Counter()
    for row in rows:
        key = (row["day"], row["cluster"], row["job_id"], row["username"], row["main"])
        told[(*key, row["package"], row["version"], row["direct"])] += row["processes"]
    sent: Counter[Any] = Counter()
    for p in Reference(centre.records).all:
        r = p.record
        for name, version in p.packages.items():
            direct = name in r["direct"] if r.get("direct") is not None else None
            cluster = r.get("cluster") or None
            key = (p.day.isoformat(), cluster, r.get("job_id") or None, p.user, r.get("main") or "")
            sent[(*key, name, version, direct)] += 1
    assert told == sent

    since = centre.newest.date() - timedelta(days=30)
    some = customs.text("export", "--format", "jsonl", "--since", since.isoformat(), "--direct")
    assert [json.loads(line) for line in some.splitlines()] == [
        row
        for row in rows
        if row["day"] >= since.isoformat() and row["direct"] and not row["is_staff"]
    ]
    assert len(customs.text("export", "--limit", "7").splitlines()) == 8
    assert customs.text("export", "--since", "2099-01-01", "--format", "jsonl") == ""
