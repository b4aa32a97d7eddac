"""What the site has set: ``hook.conf`` and ``packages.txt`` beside ``sitecustomize.py``.

``hook.conf`` holds lines ``key = value``; ``#`` begins a comment. The keys:

``server``: addresses separated by commas, ``udp://ADDRESS:PORT`` (numeric, IPv6 in brackets) or
``unixgram:///PATH``. One is chosen at random for each process. ``CUSTOMS_SERVER`` overrides it.

``opt_out_file``: a file of user names or uids, one a line, of whom nothing is recorded.

``system``, ``subsystem``: what the records say of the place; empty for nothing.

``packages.txt`` lists further packages to watch, an import name a line. ``CUSTOMS_PACKAGES`` names
another file in its place.

A file that is not there or cannot be read counts as empty, and what cannot be understood is passed
over: there is nobody to tell.
"""

import os

#: The directory on PYTHONPATH.
TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_DEFAULTS = {
    "server": "udp://127.0.0.1:5140",
    "opt_out_file": "/etc/customs/opt-out",
    "system": "",
    "subsystem": "",
}
#: Read of a file at most, bytes.
_MAXIMUM = 1 << 20


def read():
    """Return the settings of ``hook.conf``, every key with a text."""
    settings = dict(_DEFAULTS)
    for line in lines(TREE + "/hook.conf"):
        key, equals, value = line.partition("=")
        if equals and key.strip() in settings:
            settings[key.strip()] = value.strip()
    return settings


def packages(environment):
    """Return the names of the packages that are watched beside the built-in ones."""
    path = environment.get("CUSTOMS_PACKAGES") or TREE + "/packages.txt"
    return [line for line in lines(path) if all(part.isidentifier() for part in line.split("."))]


def lines(path):
    """Return a small file's lines without comments and blanks; none if it cannot be read."""
    try:
        # whoever puts a FIFO there must not make every program wait
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return []
    try:
        text = os.read(descriptor, _MAXIMUM).decode("utf-8", "replace")
    except OSError:
        return []
    finally:
        os.close(descriptor)
    stripped = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in stripped if line]
