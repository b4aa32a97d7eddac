"""The trace that a process leaves for the sweep, in case it is killed.

It is one file for each process, ``TRACE_DIR/UID/SLOT``. Its first line is the record as JSON,
without packages. Then follows a line ``NAME VERSION`` for each package, or a JSON object with what
has changed of the record. ``TRACE_DIR`` is world-writable and sticky (``/tmp``'s mode), the
directory below it belongs to the user alone. ``customs_sweep.py`` reads what dead processes left.
"""

if "os" not in globals():
    import os

    from customs_hook import facts, presence

    unit = presence.unit


#: The largest number of files of a user's processes in a trace directory.
SLOTS = 1024
#: The number of slots that a process tries before it runs without a trace.
_ATTEMPTS = 8
#: The largest size of a trace, bytes.
TRACE_SIZE = 32768
#: Modules of profilers.
PROFILERS = "_lsprof", "profile"


def write(process, text):
    """Append to the trace, or create it the first time; if that fails, there is no trace."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    if process.trace is None:
        process.trace = ""
        # CLOCK_BOOTTIME, clock_getres(2): seconds since the node's start, as /proc counts
        rest = {"started": round(process.hook.clock[3](7), 2)}
        if process.inherited and process.inherited.get("id"):
            rest["parent"] = process.inherited["id"]
        process.text = facts.encode(process.record)
        text = process.text[:-1] + "," + facts.encode(rest)[1:] + "\n" + text
        path, descriptor = _make(process.record, process.site, flags | os.O_CREAT | os.O_EXCL)
        if descriptor is None:
            return
        process.trace = path
        watch(process)
    elif unit("sandbox").is_new(process):
        process.is_mute = True
        return
    else:
        # if the sweep has removed it nevertheless, it is not created again
        descriptor = os.open(process.trace, flags)
    try:
        data = text.encode("ascii", "replace")
        process.trace_size += len(data)
        if process.trace_size <= TRACE_SIZE and os.write(descriptor, data) < len(data):
            # the disk is full: a later line would join this half line and make another name
            process.trace_size = TRACE_SIZE
    finally:
        os.close(descriptor)


def watch(process):
    """Have the trace removed once the program opts out by ``os.environ``: it may be killed later.

    The environment's dictionary is replaced by one that tells of it. A profiler or a debugger would
    show its calls, so under one the variable counts at exit only.
    """
    data = getattr(os.environ, "_data", None)
    is_profiled = process.is_traced or not process.modules.keys().isdisjoint(PROFILERS)
    if type(data) is not dict or is_profiled:
        return
    store = dict.__setitem__

    def set_item(variables, name, value):
        store(variables, name, value)
        if name == b"CUSTOMS_OPT_OUT" and value not in (b"", b"0"):
            unit("record.optout").leave(process)

    # a class statement would give it more members, and they cost
    members = {"__setitem__": set_item, "__module__": "builtins", "__slots__": ()}
    os.environ._data = os.environb._data = type("dict", (dict,), members)(data)


def place(site, uid):
    """Return the path of the directory with a user's traces."""
    return "%s/%d" % (facts.ENVIRONMENT.get("CUSTOMS_TRACE_DIR") or site["trace_dir"], uid)


def slots(pid):
    """Yield the possible names of a process' trace, in the order in which they are tried."""
    for attempt in range(_ATTEMPTS):
        yield "/%d" % ((pid + attempt * 131) % SLOTS)


def _make(record, site, flags):
    own = place(site, record["uid"])
    try:
        try:
            status = os.lstat(own)
        except OSError as error:
            # ENOENT
            if error.errno != 2:
                raise
            os.mkdir(own, 0o700)
            status = os.lstat(own)
        # our directory, closed to others; in a sticky one no other user can have changed it
        if status.st_uid != record["uid"] or status.st_mode & 0o170077 != 0o040000:
            return "", None
    except OSError as error:
        # errors of system calls have a number: else it is of a signal's handler
        if error.errno is None:
            raise
        return "", None
    for slot in slots(record["pid"]):
        try:
            return own + slot, os.open(own + slot, flags, 0o600)
        except OSError as error:
            # EEXIST: another process has this slot, or had it and was killed
            if error.errno is None:
                raise
            if error.errno != 17:
                break
    return "", None
