"""Sends records outside of the hook's exit: for ``reporters`` and ``customs_sweep.py``."""

import os
import sys

from customs_hook import facts, presence, report


def send_record(names, servers=None):
    """Send a record with the packages ``names``, for the published interface's reporter.

    ``servers``: addresses; None for those of the environment or the site. Users who have opted out
    are left out, and so are all ranks of an MPI program but the first.
    """
    if os.environ.get("CUSTOMS_OPT_OUT", "0") not in ("", "0"):
        return
    settings = site()
    is_rank = facts.rank(os.environ) in (None, 0)
    if not is_rank or presence.unit("record.optout").has_opted_out(settings["opt_out_file"]):
        return
    record = facts.head(settings)
    packages = {name: presence.version(sys.modules, name) for name in names}
    report.finish(record, packages, None, report.ending())
    report.send(report.messages(record), servers or configured_servers(settings))


def configured_servers(settings):
    """Return the addresses that the environment names, else those that the site has set."""
    claimed = os.environ.get("CUSTOMS_SERVER")
    return claimed.split(",") if claimed else settings["servers"]


def site():
    """Return the site's settings, from the hook's own file: the module's name may be another's.

    Errors thrown: OSError if it cannot be read, ValueError if its marks are missing.
    """
    path = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/sitecustomize.py"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    variables = {}
    exec(text[text.index("# --- site") : text.index("# --- end of")], variables)
    return variables["SITE"]
