"""The record of this process, as the wire wants it: one JSON object in an RFC 5424 message."""

import os
import sys

from customs_hook import direct, place
from customs_hook.jsontext import encode

#: What the daemon accepts in one datagram, bytes of JSON.
MAXIMUM = 8192
#: What is aimed at, bytes of JSON.
AIM = 1400
#: What one Ethernet frame holds beside the headers of IPv6 and UDP, bytes.
_FRAME = 1452
#: Left out, in this order, where that makes a record fit one frame.
_SPARE = ("implementation", "ppid", "elapsed", "prefix", "subsystem")
#: The longest texts that are kept whole, bytes of JSON: together they leave room in MAXIMUM.
_LONG = {"main": 2048, "executable": 2048, "prefix": 1024}
_SHORT = 128


def messages(names, site, began=None, directory=None):
    """Return the messages, as bytes, that say what this process imported.

    ``names``: the watched packages, sorted; ``site``: the settings; ``began``: elapsed time of
    ``os.times()`` at which the interpreter started, seconds; ``directory``: where it started.
    """
    timestamp = _timestamp()
    head = "<134>1 %s %s customs %d imports - " % (
        timestamp,
        _header_word(place.host()),
        os.getpid(),
    )
    record = make(names, site, timestamp, began, directory)
    return [(head + text).encode("ascii") for text in bodies(record, _FRAME - len(head))]


def make(names, site, timestamp, began=None, directory=None):
    """Return the record as a dictionary; what is not known is not in it, but for ``main``."""
    environment = os.environ
    kind = place.container(environment)
    job = place.job(environment)
    main = program(directory)
    fields = {
        "v": 1,
        "id": "".join("%02x" % byte for byte in bytearray(os.urandom(16))),
        "event_timestamp": timestamp,
        "elapsed": None if began is None else max(0.0, round(os.times()[4] - began, 2)),
        "host": place.host(),
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "username": place.user(environment),
        "uid": os.getuid(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "end": _end(),
        "is_compute": bool(job),
        "container": kind,
        "is_shifter": True if kind == "shifter" else None,
        "system": site["system"],
        "subsystem": site["subsystem"],
        "rank": place.rank(environment),
    }
    fields.update(job)
    record = {key: _bounded(key, value) for key, value in fields.items() if _is_known(value)}
    record["main"] = _bounded("main", main)
    names = [name for name in names if len(encode(name)) <= _SHORT]
    record["packages"] = {name: _version(name) for name in names}
    used = direct.packages(names)
    if used is not None:
        record["direct"] = used
    return record


def bodies(record, frame=AIM):
    """Return the record as JSON texts: one, or as many parts as it takes, which share its id.

    ``frame``: bytes that travel in one piece, if there can be more than AIM.
    """
    text = encode(record)
    shorter = dict(record)
    for key in _SPARE:
        shorter_text = encode(shorter)
        if len(shorter_text) <= min(frame, AIM):
            return [shorter_text]
        # a prefix that the executable does not lie under says something of its own
        if key != "prefix" or _lies_under(record.get("executable"), record.get("prefix")):
            shorter.pop(key, None)
    if len(encode(shorter)) <= min(frame, AIM):
        return [encode(shorter)]
    return [text] if len(text) <= MAXIMUM else _parts(record)


def program(directory=None):
    """Return the program's path, or ``-c``, ``-m NAME``, or nothing; never its arguments."""
    spec = place.main_globals().get("__spec__")
    name = spec.name if type(spec).__name__ == "ModuleSpec" else None
    if type(name) is str and name != "__main__":
        return "-m " + (name[:-9] if name.endswith(".__main__") else name)
    # a worker that multiprocessing spawned runs its parent's program
    path = place.main_file() or place.namespace(sys.modules.get("__mp_main__")).get("__file__")
    if type(path) is str and path:
        path = _absolute(path, directory)
        # of a zip archive or a directory it is the archive's path that the user gave
        return os.path.dirname(path) if name == "__main__" else path
    arguments = getattr(sys, "argv", None)
    return "-c" if type(arguments) is list and arguments[:1] == ["-c"] else ""


def _absolute(path, directory):
    try:
        return os.path.normpath(os.path.join(directory or os.getcwd(), path))
    except OSError:
        # the working directory is gone
        return path


def _end():
    # the interpreter leaves this behind when it has printed a traceback
    kind = getattr(sys, "last_type", None)
    if kind is None or hasattr(sys, "ps1") or "ipykernel" in sys.modules:
        return "exit"
    trace = getattr(sys, "last_traceback", None)
    if type(trace).__name__ == "traceback" and trace.tb_frame.f_back is not None:
        # it did not get through to the bottom: a test runner printed it, and the program went on
        return "exit"
    # the handler of SIGINT raises this one
    return "signal" if kind is KeyboardInterrupt else "exception"


def _version(name):
    """Return a package's version where its module has it as a text; nothing of it is run."""
    version = place.namespace(sys.modules.get(name)).get("__version__")
    return version[:64] if type(version) is str else None


def _parts(record):
    head = {"v": record["v"], "id": record["id"]}
    used = record.get("direct")
    # the first part says all the rest
    parts = [{key: record[key] for key in record if key not in ("packages", "direct")}]
    parts[0]["packages"] = {}
    numbers = len(',"direct":[],"part":1000,"parts":1000')
    size = len(encode(parts[0])) + numbers
    for name, version in record["packages"].items():
        # its member, and perhaps its name in the list of direct ones
        cost = 2 * (len(encode(name)) + 1) + 1 + len(encode(version))
        if size + cost > MAXIMUM:
            parts.append(dict(head, packages={}))
            size = len(encode(parts[-1])) + numbers
        parts[-1]["packages"][name] = version
        size += cost
    for number, part in enumerate(parts, 1):
        if used is not None:
            part["direct"] = [name for name in used if name in part["packages"]]
        part["part"], part["parts"] = number, len(parts)
    return [encode(part) for part in parts]


def _is_known(value):
    # what the program has put in the place of a text is nothing to send
    return type(value) in (str, int, float, bool) and value != ""


def _bounded(key, value):
    """Return a value with its text cut so that its JSON takes no more bytes than it may."""
    if type(value) is not str:
        return value
    limit = _LONG.get(key, _SHORT)
    value = value[:limit]
    while len(encode(value)) > limit + 2:
        value = value[: len(value) * 9 // 10]
    return value


def _lies_under(executable, prefix):
    return bool(executable and prefix) and executable.startswith(prefix + "/")


def _timestamp():
    """Return the time as RFC 3339 in UTC with microseconds."""
    import time

    now = time.time()
    moment = time.gmtime(int(now))
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (tuple(moment[:6]) + (int(now % 1 * 1e6),))


def _header_word(text):
    """Return a text as a word of a syslog header: printable ASCII (RFC 5424, 6.2.4)."""
    word = "".join(character for character in text if "!" <= character <= "~")
    return word[:255] or "-"
