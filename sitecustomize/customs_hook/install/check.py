"""Run under the hook by ``customs hook check``, as ``-c`` with this text.

    EXE -c TEXT TREE NAME ANSWER

imports NAME, a stand-in for a watched package beside the file ANSWER. It writes the hook's
environment to ANSWER, in lines ``KEY VALUE``; unknown values are missing.
"""

import os
import sys


def facts(tree):
    system = sys.modules["_frozen_importlib"]
    # called when the hook's own package is imported
    loaded = "customs_hook" in getattr(system, "_module_locks", ())
    sys.path.append(tree)
    from customs_hook import standalone
    from customs_hook.record import optout

    site = standalone.site()
    yield "version", "%d.%d.%d" % sys.version_info[:3]
    yield "implementation", sys.implementation.name
    yield "loaded", str(loaded)
    yield "front", _in_front(tree)
    yield "opted_out", str(optout.has_opted_out(site["opt_out_file"]))
    yield "list", _problem_of_list(site["opt_out_file"], optout)
    traces = site["trace_dir"]
    if os.path.isdir(traces):
        yield "trace_mode", "%o" % (os.stat(traces).st_mode & 0o7777)
        yield "trace", _trace("%s/%d" % (traces, os.getuid()))
    yield "trace_dir", traces


def _problem_of_list(path, optout):
    """Return the path of the list of users who have opted out, and its problem; empty without."""
    try:
        _, rest = optout.listed(path)
    except optout.Unread as error:
        return "%s cannot be read whole (%s): nobody is recorded" % (path, error)
    if rest:
        text = "%s has no line break at its end: it may have been cut, so nobody is recorded whose "
        return (text + "name or uid begins with the last line") % path
    if path and os.path.exists(path) and not os.stat(path).st_mode & 0o004:
        return "%s cannot be read by every user: who cannot read it is not recorded" % path
    return ""


def _in_front(tree):
    """Return the path of the sitecustomize that Python runs, if it is not that of the tree."""
    module = sys.modules.get("sitecustomize")
    path = getattr(module, "__file__", None)
    if path is None:
        from importlib.machinery import PathFinder

        # a module that failed is not there any more
        spec = PathFinder.find_spec("sitecustomize")
        path = spec and spec.origin
    is_ours = path and os.path.realpath(path) == os.path.realpath(tree + "/sitecustomize.py")
    return "" if is_ours else path or ""


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


def put_stand_in(tree, name, directory):
    """Make the stand-in importable: after the tree, like most packages, or in a place before it.

    The program's own directory comes before all entries of PYTHONPATH.
    """
    from importlib.machinery import PathFinder

    places = [os.path.realpath(entry) for entry in sys.path]
    tree = os.path.realpath(tree)
    behind = places.index(tree) + 1 if tree in places else 0
    is_before = PathFinder.find_spec(name, sys.path[:behind]) is not None
    sys.path.insert(0 if is_before else behind, directory)


put_stand_in(sys.argv[1], sys.argv[2], os.path.dirname(sys.argv[3]))
__import__(sys.argv[2])
with open(sys.argv[3], "w") as answer:
    for fact in facts(sys.argv[1]):
        answer.write("%s %s\n" % fact)
