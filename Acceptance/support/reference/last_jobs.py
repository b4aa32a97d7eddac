"""The last jobs of a person, from their processes."""

from __future__ import annotations

from support.centre import Record
from support.reference.counting import ends, group, most_used
from support.reference.processes import Process
from support.reference.values import stamp

MOST = 10


def last_jobs(chosen: list[Process]) -> list[Record]:
    """Like `last_jobs` of `customs user`; Slurm has told nothing."""
    jobs = group([p for p in chosen if p.job], lambda p: p.job or ("", "", 0, 0))
    last = {job: max(p.time for p in own) for job, own in jobs.items()}
    newest = sorted(jobs, key=lambda job: (job[0], job[1], -job[2]))
    newest.sort(key=lambda job: last[job], reverse=True)
    return [
        {
            "job_id": job[1],
            "cluster": job[0] or None,
            "restart": job[2],
            "account": jobs[job][0].account or None,
            "num_nodes": jobs[job][0].nodes,
            "state": None,
            "exit_code": None,
            "last_seen": stamp(last[job]),
            "main": next(iter(most_used(p.record.get("main") for p in jobs[job])), None),
            "processes": len(jobs[job]),
            **{end: n for end, n in ends(jobs[job]).items() if not end.endswith("percent")},
            "packages": _packages(jobs[job]),
            "direct": _direct(jobs[job]),
        }
        for job in newest[:MOST]
    ]


def _packages(own: list[Process]) -> dict[str, str | None]:
    names = sorted({name for p in own for name in p.packages})
    versions = {
        name: {v for p in own if name in p.packages if (v := p.packages[name]) is not None}
        for name in names
    }
    return {name: ", ".join(sorted(versions[name])) if versions[name] else None for name in names}


def _direct(own: list[Process]) -> list[str] | None:
    told = [p for p in own if p.packages and p.record.get("direct") is not None]
    if not told:
        return None
    return sorted({name for p in told for name in p.packages if name in p.record["direct"]})
