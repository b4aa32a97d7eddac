"""Reads the site's list of users who have opted out, and other small files.

A list that cannot be read whole may name any user, so no user is recorded then. Loaded only if
there is a list, or a job whose cgroup must be read.
"""

if "facts" not in globals():
    import os

    from customs_hook import facts

#: The largest list that is read, bytes: some 100,000 names.
_LONGEST = 1000000


class Unread(Exception):
    """The list cannot be read whole."""


def has_opted_out(path):
    """Return whether the list names this user, or may: by number or by any claimed name."""
    names = [facts.ENVIRONMENT.get(name) for name in ("USER", "LOGNAME", "SLURM_JOB_USER")]
    try:
        return is_named(listed(path), [str(os.getuid())] + names)
    except Unread:
        return True


def leave(process):
    """The program has opted out: remove its trace, and leave none any more."""
    process.is_mute = True
    # a forked child has its parent's
    if process.trace and process.record and process.record["pid"] == os.getpid():
        try:
            os.unlink(process.trace)
        except OSError:
            pass


def listed(path):
    """Return the list's lines without comments and blanks, and what follows the last line break.

    Errors thrown: ``Unread``. A list that does not exist has no lines.
    """
    text = _whole(path) if path else ""
    lines = text.replace("\r", "\n").split("\n")
    # after a comment's beginning, the name before it is whole
    rest = "" if "#" in lines[-1] else lines.pop().strip()
    stripped = [line.partition("#")[0].strip() for line in lines]
    return set(filter(None, stripped)), rest


def is_named(found, names):
    """Return whether a list, as ``listed`` returns it, names one of ``names``.

    A last line without a line break may be the beginning of a longer name.
    """
    lines, rest = found
    return any([name and (name in lines or (rest and name.startswith(rest))) for name in names])


def lines(path):
    """Return a small file's lines without blanks; none if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return []
    try:
        text = os.read(descriptor, 100000).decode("utf-8", "replace")
    except OSError:
        return []
    finally:
        os.close(descriptor)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _whole(path):
    try:
        if not _exists(path):
            return ""
        # a FIFO in its place must not make every program wait
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if status.st_mode & 0o170000 != 0o100000:
                raise Unread("it is not a file")
            data = b""
            while len(data) <= _LONGEST:
                more = os.read(descriptor, _LONGEST + 1 - len(data))
                data += more
                if not more:
                    break
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", 0) is None:
            # a signal's handler has raised it
            raise
        raise Unread(getattr(error, "strerror", None) or "its path is wrong")
    if len(data) > _LONGEST:
        raise Unread("it is longer than %d bytes" % _LONGEST)
    if len(data) < status.st_size:
        raise Unread("its end is missing")
    return data.decode("utf-8", "replace")


def _exists(path):
    """Return whether there is a list: one that a link names and that is away is no missing one."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True
