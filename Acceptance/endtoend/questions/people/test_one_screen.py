"""What the help desk asks of a user and of a job fits the screen of a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from support.daemon import Customs
from support.stores import MakeStore

from endtoend.questions.terminal import on_terminal, plain, width_of


def test_a_user_is_on_one_screen(make_store: MakeStore, tmp_path: Path) -> None:
    """However many packages there are; the last line tells how many are left out."""
    store = make_store("sqlite")
    names = [f"package{number}" for number in range(200)] + ["数" * 60, "with blanks in it"]
    record = {"v": 1, "id": "1" * 32, "username": "u", "packages": dict.fromkeys(names)}
    archive = tmp_path / "records.jsonl"
    archive.write_text(json.dumps(record | {"prefix": "/a" * 100}) + "\n")
    customs = Customs(store.url, tmp_path)
    customs.json("import", str(archive))
    shown = plain(on_terminal(customs, "user", "u")).splitlines()
    assert len(shown) <= 24 and all(width_of(line) <= 80 for line in shown), shown
    left = next(int(found[1]) for line in shown if (found := re.search(r"and (\d+) more", line)))
    assert sum(line.count("package") for line in shown) - 1 == len(names) - left
    whole = customs.text("user", "u")
    assert len(whole.splitlines()) == 3 and "package199" in whole
    _add_jobs(customs, archive, record)
    shown = plain(on_terminal(customs, "user", "u", "--head")).splitlines()
    assert len(shown) <= 24 and all(width_of(line) <= 80 for line in shown), shown
    place = next(n for n, line in enumerate(shown) if line.startswith("last jobs"))
    jobs = shown[place + 1 :]
    assert [line.split()[0] for line in jobs] == ["39", "38", "37", "36", "35"]
    assert all("killed 1 of 2" in line and "run.py" in line for line in jobs)
    assert len(customs.text("user", "u", "--limit", "12").splitlines()) == 3 + 2 + 12
    store.close()


def _add_jobs(customs: Customs, archive: Path, record: dict[str, Any]) -> None:
    """Forty jobs, each of a process that was killed, and of another one."""
    records = [
        record
        | {"id": f"{2 * job + part:032x}", "job_id": str(job), "main": "/home/u/run.py"}
        | {"event_timestamp": f"2026-01-01T{job // 2:02}:{job % 2:02}:00Z", "step_id": str(part)}
        | {"end": ("killed", "exit")[part]}
        for job in range(40)
        for part in range(2)
    ]
    archive.write_text("".join(json.dumps(one) + "\n" for one in records))
    customs.json("import", str(archive))


def test_a_job_is_on_one_screen(make_store: MakeStore, tmp_path: Path) -> None:
    """With the table of its runs where that fits, or where it is wanted."""
    store = make_store("sqlite")
    packages = {f"package{number}": f"1.{number}" for number in range(200)}
    customs = Customs(store.url, tmp_path)
    archive = tmp_path / "records.jsonl"
    for job, runs in (("7", 2), ("8", 60)):
        records = [
            {
                **{"v": 1, "id": f"{int(job) * 100 + run:032x}", "username": "u", "job_id": job},
                **{"step_id": str(run), "packages": packages, "prefix": "/opt/env", "repo": "m1"},
                **{"python": "3.11.7", "end": "killed" if run == 1 else "exit"},
            }
            for run in range(runs)
        ]
        archive.write_text("".join(json.dumps(record) + "\n" for record in records))
        customs.json("import", str(archive))
        shown = plain(on_terminal(customs, "job", job, rows=24)).splitlines()
        assert len(shown) <= 24 and all(width_of(line) <= 80 for line in shown), shown
        facts = {line[:14].strip(): line[14:] for line in shown if line}
        assert facts["who"] == "u, account m1"
        assert facts["ended"].startswith("not known: Slurm has told nothing")
        assert facts["processes"] == f"{runs} in {runs} steps: 1 killed, {runs - 1} exit"
        assert facts["environments"] == "/opt/env with Python 3.11.7"
        assert facts["packages"].startswith("package0=1.0, package1=1.1, ")
        assert any("more" in line for line in shown)
        assert any(line.startswith("step ") for line in shown) == (job == "7")
        for words in (
            on_terminal(customs, "job", job, "--runs", rows=100),
            customs.text("job", job),
        ):
            assert (
                sum("/opt" not in line and "package0=1.0" in line for line in words.splitlines())
                > runs
            )
    store.close()
