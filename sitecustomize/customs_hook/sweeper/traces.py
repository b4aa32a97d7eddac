"""Reads the trace of a process for the sweep, which trusts nothing in it.

Every user can write anything into a trace of their own. So a record is built afresh from values
that the hook itself could have written: known keys, with values of their type and size. The
record's user and host do not come from the trace.
"""

import json

from customs_hook import facts
from customs_hook.record import canary, rules

_NUMBERS = (
    *("pid", "ppid", "array_job_id", "array_task_id", "het_group", "restart"),
    *("num_nodes", "num_tasks", "rank"),
)
_TRUTHS = ("is_compute", "is_shifter", "is_staff")
#: Paths have any characters; the JSON that is sent has them escaped.
_PATHS = ("main", "executable", "prefix")
_WORDS = (
    *("python", "implementation", "container", "system", "subsystem", "cluster"),
    *("job_id", "step_id", "qos", "repo", "partition"),
)
#: Keys that the hook never changes once they are written.
_FIXED = ("pid", "ppid")

#: As in facts.integer: nine digits.
_LARGEST = 999999999
#: Characters of a version, as in presence.version.
_LONGEST_VERSION = 64


class Malformed(Exception):
    """The hook did not write this."""


class Trace(object):
    """The record of a process without time, end, owner and host, and its imports.

    ``started``: seconds from the node's start to the trace's creation (CLOCK_BOOTTIME), a float, or
    None if the trace has no value. ``packages``: versions, or None, by import name. ``parent``: the
    id of the parent's record if it is a worker, or None. ``claimed_name``: the user's name as the
    process had it, or None.
    """

    def __init__(self, record, started, packages, parent=None, claimed_name=None):
        self.record = record
        self.started = started
        self.packages = packages
        self.parent = parent
        self.claimed_name = claimed_name


def parse(data):
    """Return the ``Trace`` in these bytes; raise ``Malformed``.

    Bytes after the last newline are left out: the process was killed while writing them, or the
    disk was full, and the first half of a name or a version is another name or version.
    """
    lines = data.split(b"\n")[:-1]
    if not lines:
        raise Malformed("it has no line")
    head = _members(lines[0])
    identity = head.get("id")
    if not _is(head.get("v"), int) or head["v"] != 1:
        raise Malformed("it is of another version")
    if not _is_identity(identity):
        raise Malformed("it has no id")
    record = {"v": 1, "id": identity}
    record.update(_known(head))
    if not record.get("pid"):
        raise Malformed("it names no process")
    packages = {}
    for line in lines[1:]:
        if line.startswith(b"{"):
            try:
                changes = _known(_members(line))
            except Malformed:
                continue
            for key in _FIXED:
                changes.pop(key, None)
            record.update(changes)
        elif line:
            _add(packages, line)
    parent = head.get("parent")
    started = _started(head.get("started"))
    claimed = head.get("username")
    parent = parent if _is_identity(parent) else None
    return Trace(record, started, packages, parent, claimed if _is(claimed, str) else None)


def _members(line):
    try:
        value = json.loads(line.decode("ascii"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Malformed("a line is no JSON")
    if type(value) is not dict:
        raise Malformed("a line is no JSON object")
    return value


def _refuse(constant):
    raise ValueError(constant)


def _known(members):
    found = {}
    for key in _NUMBERS:
        value = members.get(key)
        if _is(value, int) and 0 <= value <= _LARGEST:
            found[key] = value
    for key in _TRUTHS:
        if _is(members.get(key), bool):
            found[key] = members[key]
    for key in _PATHS:
        if _is(members.get(key), str):
            found[key] = facts.bounded(key, members[key])
    for key in _WORDS:
        value = members.get(key)
        if _is(value, str) and value and value.isprintable():
            found[key] = facts.bounded(key, value)
    mark = members.get("canary")
    if type(mark) is dict:
        mark = canary.checked(mark.get("run"), mark.get("seq"), mark.get("of"))
        if mark:
            found["canary"] = mark
    return found


def _add(packages, line):
    try:
        name, _, version = line.decode("ascii").partition(" ")
    except UnicodeDecodeError:
        return
    if not rules.is_import_name(name):
        return
    is_version = 0 < len(version) <= _LONGEST_VERSION and version.isprintable()
    packages[name] = version if is_version and " " not in version else None


def _started(value):
    is_time = (_is(value, float) or _is(value, int)) and 0 <= value < 1e10
    return float(value) if is_time else None


def _is_identity(value):
    return _is(value, str) and len(value) == 32 and not value.strip("0123456789abcdef")


def _is(value, kind):
    # True is an int in Python, but not in JSON
    return type(value) is kind
