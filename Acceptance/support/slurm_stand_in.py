"""Commands in the place of Slurm's, which count how often they are called."""

from __future__ import annotations

from pathlib import Path

# Each call leaves a line in a file. They answer in the form of Slurm 22.05.
PREAMBLE = """\
#!/usr/bin/python3 -IS
import os, sys
with open({folder!r} + "/calls", "a") as calls:
    calls.write({name!r} + "\\n")
values = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:] if "=" in argument)
"""
SQUEUE = """
if os.path.exists({folder!r} + "/away"):
    sys.exit("slurm_load_jobs error: Unable to contact slurm controller")
columns = [column.split(":") for column in values["Format"].split(",")]
first, last = open({folder!r} + "/running").read().split()
for job in range(int(first), int(last) + 1):
    row = {{
        "JobID": str(job), "ArrayJobID": str(job), "RestartCnt": "0", "State": "RUNNING",
        "UserName": "alice", "UserID": "2001", "Account": "m1", "QOS": "regular",
        "Partition": "cpu", "Cluster": {cluster!r}, "NumNodes": "2", "NumTasks": "4",
        "SubmitTime": "2026-11-21T00:00:00", "StartTime": "2026-11-21T00:00:01",
        "TimeLimit": "10:00", "Name": "j" + str(job),
    }}
    print("".join(row.get(name, "N/A").ljust(int(width)) for name, width in columns))
"""
SACCT = """
if os.path.exists({folder!r} + "/away"):
    sys.exit("sacct: error: Problem talking to the database")
state = open({folder!r} + "/state").read()
fields = values["format"].split(",")
print(values["delimiter"].join(fields))
for job in values["jobs"].split(","):
  for more in eval(open({folder!r} + "/starts").read()):
    row = {{
        "JobIDRaw": job, "JobID": job, "Cluster": {cluster!r}, "State": state, "ExitCode": "0:0",
        "User": "alice", "UID": "2001", "Account": "m1", "QOS": "regular", "Partition": "cpu",
        "Submit": "2026-11-21T00:00:00", "Start": "2026-11-21T00:00:01",
        "End": "2026-11-21T00:01:01", "ElapsedRaw": "60", "TimelimitRaw": "10",
        "NNodes": "2", "NTasks": "", "NodeList": "n[1-2]", "AllocCPUS": "256",
        "AllocTRES": "cpu=256,gres/gpu=8,mem=1T,node=2", "TotalCPU": "04:16:00", "ReqMem": "1T",
        "MaxRSS": "",
        "JobName": "j" + job,
    }} | more
    print(values["delimiter"].join(row[field] for field in fields))
"""
SBATCH = """
print(len([line for line in open({folder!r} + "/calls") if line == "sbatch\\n"]))
"""


class StandIn:
    """Commands in the place of Slurm's, and the lines of a configuration that name them."""

    def __init__(self, folder: Path, *, cluster: str = "rig", interval: int = 1) -> None:
        self.calls = folder / "calls"
        self.away = folder / "away"
        self.calls.touch()
        self._folder = folder
        self.runs(1, 0)
        self.ends_as("COMPLETED")
        self.started()
        self.commands = ""
        for name, text in (("squeue", SQUEUE), ("sacct", SACCT), ("sbatch", SBATCH)):
            path = folder / name
            path.write_text(
                (PREAMBLE + text).format(folder=str(folder), name=name, cluster=cluster)
            )
            path.chmod(0o755)
            if name != "sbatch":
                self.commands += f'{name} = "{path}"\n'
        self.settings = (
            f'[slurm]\nsource = "commands"\ncluster = "{cluster}"\n'
            f"interval_s = {interval}\n{self.commands}"
        )
        self.canary = f'[canary]\nsbatch = "{folder}/sbatch"\nper_day = 86400\n'

    def runs(self, first: int, last: int) -> None:
        """Jobs with these numbers run."""
        (self._folder / "running").write_text(f"{first} {last}")

    def ends_as(self, state: str) -> None:
        """All other jobs have ended so."""
        (self._folder / "state").write_text(state)

    def started(self, *starts: dict[str, str]) -> None:
        """The rows of sacct for each ended job of a number, beside the usual ones."""
        (self._folder / "starts").write_text(repr(list(starts) or [{}]))

    def count(self, name: str) -> int:
        """How often a command was called."""
        return self.calls.read_text().splitlines().count(name)
