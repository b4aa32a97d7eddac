"""Whether the program has shut itself in with a seccomp filter since it began.

A filter may kill the process for a system call that the program itself does not make, seccomp(2).
"""

if "os" not in globals():
    import os

    from customs_hook import presence

#: PR_GET_SECCOMP, prctl(2): 0 where there is no filter.
_GET = 21
#: What installs filters, and nothing else.
_MODULES = ("seccomp", "pyseccomp")


def is_inherited(process):
    """Note which filters there are at the first trace; return whether all are the parent's too.

    Those of a container are.
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
    """Return whether a filter has come since: then nothing is done any more.

    Asked first of all: by the one call that such filters leave alone, or else by reading a file.
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
    """Return the C library's function, if the program has ctypes; made once, for that is dear."""
    if process.prctl is None:
        library = presence.namespace(process.modules.get("ctypes")).get("pythonapi")
        if type(library).__name__ == "PyDLL":
            process.prctl = library["prctl"]
    return process.prctl


def _filters(pid):
    """Return mode and number of a process' filters, proc(5); None where the system does not say.

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
