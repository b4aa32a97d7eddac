"""The parent of a worker: its record's id, and its program.

Loaded only in workers that were not forked from the parent. Both are in the parent's trace; without
traces, the system knows the parent's command line.
"""

if "os" not in globals():
    import os
    import sys

    from customs_hook import facts, presence

    unit = presence.unit

#: Generations in which the process is searched for that uses Ray.
_GENERATIONS = 5
#: Bytes of a command line that are read.
_COMMAND_SIZE = 4096


def record(process, pid, kind=None):
    """Return as a dictionary "main", and "id" if it is known, of the record of a process.

    ``kind``: as in workers.py. None if neither is known.
    """
    if kind == "ray":
        # it was started by a program that is not Python
        found = None
        for _ in range(_GENERATIONS):
            found = _traced(process, pid)
            pid = _parent_of(pid)
            if found or pid <= 1:
                break
        return found and dict(found, main=facts.program(process.hook.directory))
    found = _traced(process, pid)
    if found is None and not unit("program.workers").has_parents_program(process):
        main = _program_of(pid, process)
        found = None if main is None else {"main": main}
    return found


def _traced(process, pid):
    """Return "id" and "main" from a process' trace."""
    trace = unit("trace")
    for slot in trace.slots(pid):
        try:
            text = _content(trace.place(process.site, os.getuid()) + slot, trace.TRACE_SIZE)
        except OSError:
            continue
        head, _, rest = text.partition("\n")
        if head.startswith('{"v":1,') and '"pid":%d,' % pid in head:
            # the trace may have the program later than the other keys
            main = _member(rest, "main")
            main = _member(head, "main") if main is None else main
            identity = _member(head, "id")
            return {"id": identity, "main": main} if identity and main is not None else None
    return None


def _member(text, key):
    """Return the last text of JSON of that key; None if there is none."""
    _, found, rest = text.rpartition('"%s":"' % key)
    end = rest.find('"')
    while end > 0 and rest[end - 1] == "\\" and _is_escaped(rest, end):
        end = rest.find('"', end + 1)
    if not found or end < 0:
        return None
    # the hook writes ASCII, and its escapes are valid in Python too
    return sys.modules["_codecs"].unicode_escape_decode(rest[:end])[0]


def _is_escaped(text, end):
    before = text[:end]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _program_of(pid, process):
    """Return a process' program, as in its record, from the command that started it (python(1)).

    None if it is unknown.
    """
    try:
        words = _content("/proc/%d/cmdline" % pid, _COMMAND_SIZE).split("\0")[1:-1]
    except OSError:
        return None
    # a worker's own workers: it is a program of the library's
    if "--multiprocessing-fork" in words:
        return None
    while words:
        word = words.pop(0)
        if word in ("-", ""):
            return ""
        if not word.startswith("-"):
            directory = presence.namespace(process.modules.get("multiprocessing.process"))
            directory = directory.get("ORIGINAL_DIR") or process.hook.directory or os.getcwd()
            return facts.bounded("main", os.path.normpath(os.path.join(directory, word)))
        if word.startswith("--"):
            if word == "--check-hash-based-pycs" and words:
                words.pop(0)
            continue
        for at, letter in enumerate(word[1:], 2):
            if letter == "c":
                return "-c"
            if letter in "mWX":
                argument = word[at:] or (words.pop(0) if words else "")
                if letter == "m":
                    return facts.bounded("main", "-m " + argument)
                break
    return ""


def _parent_of(pid):
    """Return the number of a process' parent; 0 if it is unknown (proc(5))."""
    try:
        return int(_content("/proc/%d/stat" % pid, 1024).rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _content(path, size):
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(descriptor, size).decode("utf-8", "surrogateescape")
    finally:
        os.close(descriptor)
