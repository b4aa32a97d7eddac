"""Notices a seccomp filter that the program has installed since its start.

A filter may kill the process for a system call that the program itself does not use, seccomp(2).
"""

if "os" not in globals():
    import os

    from customs_hook import presence

#: PR_GET_SECCOMP, prctl(2): 0 without a filter.
_GET = 21
#: Modules whose only use is to install filters.
_MODULES = ("seccomp", "pyseccomp")


def is_inherited(process):
    """Note the filters at the first trace; return whether the parent has all of them too.

    It has those of a container.
    """
    prctl = _prctl(process)
    if prctl is not None and prctl(_GET, 0, 0, 0, 0) == 0:
        process.filters = 0, 0
        return True
    process.filters = _filters("self")
    if process.filters in (None, (0, 0)):
        return True
    parents = _filters(os.getppid())
    return parents is None or parents == process.filters


def is_new(process):
    """Return whether there is a new filter; the hook then does nothing any more.

    Called before anything else. It uses the one call that such filters allow, or reads a file.
    """
    for name in _MODULES:
        if process.modules.get(name) is not None:
            return True
    if process.filters is None:
        return not is_inherited(process)
    if process.filters == (0, 0):
        prctl = _prctl(process)
        if prctl is not None:
            return prctl(_GET, 0, 0, 0, 0) > 0
    return _filters("self") not in (None, process.filters)


def _prctl(process):
    """Return the C library's function, if the program has ctypes; made once, as it is costly."""
    if process.prctl is None:
        library = presence.namespace(process.modules.get("ctypes")).get("pythonapi")
        if type(library).__name__ == "PyDLL":
            process.prctl = library["prctl"]
    return process.prctl


def _filters(pid):
    """Return mode and number of a process' filters, proc(5); None if the system does not tell.

    Kernels before 5.9 do not tell the number.
    """
    try:
        descriptor = os.open("/proc/%s/status" % pid, os.O_RDONLY | os.O_CLOEXEC)
        try:
            text = os.read(descriptor, 8192)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno is None:
            raise
        return None
    _, found, rest = text.partition(b"\nSeccomp:")
    if not found:
        return None
    mode = rest.split(None, 1)[0]
    count = rest.partition(b"\nSeccomp_filters:")[2].split(None, 1)
    return int(mode), int(count[0]) if count else 0
