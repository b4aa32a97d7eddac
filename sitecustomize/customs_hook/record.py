"""The record of this process, as the wire wants it: one JSON object in an RFC 5424 message."""

import os
import sys

from customs_hook import direct, place, settings
from customs_hook.jsontext import encode

#: What the daemon accepts in one datagram, bytes of JSON.
MAXIMUM = 8192
#: What fits one Ethernet frame.
AIM = 1400
#: Left out, in this order, to keep a record within one frame.
_SPARE = ("subsystem", "implementation", "prefix", "elapsed", "ppid")


def datagrams(names, began=None):
    """Return the messages, as bytes, that say what this process imported.

    ``names``: the watched packages; ``began``: seconds since 1970 at which it started.
    """
    now = _now()
    head = "<134>1 %s %s customs %d imports - " % (
        _timestamp(now),
        _header_word(place.host()),
        os.getpid(),
    )
    return [(head + text).encode("ascii") for text in bodies(make(names, began, now))]


def make(names, began, now):
    """Return the record as a dictionary; what is not known is not in it."""
    environment = os.environ
    version = sys.version_info
    kind = place.container(environment)
    record = {
        "v": 1,
        "id": "".join("%02x" % byte for byte in bytearray(os.urandom(16))),
        "event_timestamp": _timestamp(now),
        "elapsed": None if began is None else max(0.0, round(now - began, 3)),
        "host": place.host(),
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "username": place.user(environment),
        "uid": os.getuid(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "python": "%d.%d.%d" % version[:3],
        "implementation": sys.implementation.name,
        "main": program(),
        "end": _end(),
        "container": kind,
        "is_shifter": True if kind == "shifter" else None,
        "system": settings.SYSTEM,
        "subsystem": settings.SUBSYSTEM,
        "rank": place.rank(environment),
    }
    record.update(place.job(environment))
    record["is_compute"] = "job_id" in record
    record = {key: value for key, value in record.items() if value is not None and value != ""}
    record["main"] = program()
    record["packages"] = {name: _version(name) for name in names}
    used = direct.packages(names)
    if used is not None:
        record["direct"] = used
    return record


def bodies(record):
    """Return the record as JSON texts: one, or as many parts as it takes, which share its id."""
    record = dict(record)
    text = encode(record)
    for key in _SPARE:
        if len(text) <= AIM:
            return [text]
        if key in record:
            del record[key]
            text = encode(record)
    if len(text) <= MAXIMUM:
        return [text]
    return _parts(record)


def program():
    """Return the program's path, or ``-c``, ``-m NAME``, or nothing; never its arguments."""
    variables = place.main_globals()
    spec = variables.get("__spec__")
    name = getattr(spec, "name", None)
    if name and name != "__main__":
        return "-m " + (name[:-9] if name.endswith(".__main__") else name)
    # a worker that multiprocessing spawned runs its parent's program
    parent = sys.modules.get("__mp_main__")
    path = place.main_file()
    if not path and type(parent) is type(sys):
        path = parent.__dict__.get("__file__")
    if path:
        path = os.path.abspath(path)
        # of a zip archive or a directory it is the archive's path that the user gave
        return os.path.dirname(path) if name == "__main__" else path
    arguments = getattr(sys, "argv", None)
    return "-c" if arguments and arguments[0] == "-c" else ""


def _end():
    # the interpreter leaves it behind when it has printed a traceback
    failed = getattr(sys, "last_type", None) is not None
    interactive = hasattr(sys, "ps1") or "ipykernel" in sys.modules
    return "exception" if failed and not interactive else "exit"


def _version(name):
    """Return a package's version where its module has it as a text; nothing of it is run."""
    module = sys.modules.get(name)
    variables = module.__dict__ if isinstance(module, type(sys)) else {}
    version = variables.get("__version__")
    return version[:64] if type(version) is str else None


def _parts(record):
    packages = sorted(record.pop("packages").items())
    used = set(record.pop("direct", ()))
    known = "direct" in record or bool(used)
    head = {key: value for key, value in record.items() if key in ("v", "id")}
    room = MAXIMUM - 64
    chunks = [[]]
    size = len(encode(record))
    for name, version in packages:
        cost = 2 * len(encode(name)) + len(encode(version)) + 3
        if size + cost > room and chunks[-1]:
            chunks.append([])
            size = len(encode(head)) + 64
        chunks[-1].append((name, version))
        size += cost
    texts = []
    for number, chunk in enumerate(chunks, 1):
        part = dict(record if number == 1 else head)
        part["packages"] = dict(chunk)
        if known:
            part["direct"] = [name for name, _ in chunk if name in used]
        part["part"], part["parts"] = number, len(chunks)
        texts.append(encode(part))
    return texts


def _now():
    import time

    return time.time()


def _timestamp(seconds):
    """Return a time as RFC 3339 in UTC with microseconds."""
    import time

    whole = int(seconds)
    moment = time.gmtime(whole)
    fraction = min(int((seconds - whole) * 1e6), 999999)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (tuple(moment[:6]) + (fraction,))


def _header_word(text):
    """Return a text as a word of a syslog header: printable ASCII (RFC 5424, 6.2.4)."""
    word = "".join(character for character in text if "!" <= character <= "~")
    return word[:255] or "-"
