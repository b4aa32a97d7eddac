"""Keeps the hook's start out of coverage that is measured from the interpreter's start.

Loaded only if coverage.py is loaded when the hook starts.
"""


def forget(hook):
    """Take the file of ``sitecustomize`` out of the report.

    The hook's other code has no file's name, so coverage.py leaves it out by itself.
    """
    coverage = hook.modules["coverage"].Coverage.current()
    collector = coverage._collector
    found = collector.should_trace_cache.get(hook.__file__)
    collector.data.pop(getattr(found, "source_filename", None), None)
