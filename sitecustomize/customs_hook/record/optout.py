"""Reads small files, such as the site's list of users who have opted out.

Loaded only if there is such a list, or a job whose cgroup must be read.
"""

if "facts" not in globals():
    import os

    from customs_hook import facts


def has_opted_out(path):
    """Return whether the list names this user, by number or by any claimed name."""
    listed = lines(path) if path else ()
    if not listed:
        return False
    names = [facts.ENVIRONMENT.get(name) for name in ("USER", "LOGNAME", "SLURM_JOB_USER")]
    return str(os.getuid()) in listed or any([name in listed for name in names])


def lines(path):
    """Return a small file's lines without comments and blanks; none if it cannot be read."""
    try:
        # a FIFO in its place must not make every program wait
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return []
    try:
        text = os.read(descriptor, 100000).decode("utf-8", "replace")
    except OSError:
        return []
    finally:
        os.close(descriptor)
    stripped = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [line for line in stripped if line]
