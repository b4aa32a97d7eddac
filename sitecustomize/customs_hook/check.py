"""Run under the hook by ``customs hook check``, as ``-c`` with this text.

    EXE -c TEXT TREE NAME ANSWER

imports NAME, a stand-in for a watched package, and writes to the file ANSWER what the hook finds
around it, in lines ``KEY VALUE``; what it cannot tell is missing.
"""

import os
import sys


def facts(tree):
    sys.path.append(tree)
    from customs_hook import lists, standalone

    site = standalone.site()
    yield "version", "%d.%d.%d" % sys.version_info[:3]
    yield "implementation", sys.implementation.name
    yield "loaded", str(any([hasattr(f, "WATCHED") for f in sys.path_importer_cache.values()]))
    yield "opted_out", str(lists.has_opted_out(site["opt_out_file"]))
    traces = site["trace_dir"]
    if os.path.isdir(traces):
        yield "trace_mode", "%o" % (os.stat(traces).st_mode & 0o7777)
        yield "trace", _trace("%s/%d" % (traces, os.getuid()))
    yield "trace_dir", traces


def _trace(directory):
    """Return the path of the trace that this process has left; empty if there is none."""
    try:
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            with open(path, errors="replace") as file:
                if '"pid":%d,' % os.getpid() in file.readline():
                    return path
    except OSError:
        pass
    return ""


__import__(sys.argv[2])
with open(sys.argv[3], "w") as answer:
    for fact in facts(sys.argv[1]):
        answer.write("%s %s\n" % fact)
