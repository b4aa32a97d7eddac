"""What the site may set. ``customs hook install`` writes this file; by hand it may be edited too.

Environment variables of a process override two of them: ``CUSTOMS_SERVER`` (addresses separated by
commas) and ``CUSTOMS_PACKAGES`` (the path of a package list).
"""

#: Where records go: ``udp://ADDRESS:PORT`` (numeric, IPv6 in brackets) or ``unixgram:///PATH``.
#: One is chosen at random for each process.
SERVERS = ("udp://127.0.0.1:5140",)

#: A file of further packages to watch, a name a line, ``#`` begins a comment; None for none.
PACKAGES_FILE = None

#: A file of user names or uids, one a line, of whom nothing is recorded.
OPT_OUT_FILE = "/etc/customs/opt-out"

#: What the records say of the place; empty: nothing.
SYSTEM = ""
SUBSYSTEM = ""
