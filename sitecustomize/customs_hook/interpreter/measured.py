"""Coverage that is measured from the interpreter's start on: our start is none of the program's.

Loaded only where coverage.py is when the hook starts.
"""


def forget(hook):
    """Take the file of ``sitecustomize`` out of what is to be reported.

    All else of the hook has no file's name, which coverage.py leaves out by itself.
    """
    coverage = hook.modules["coverage"].Coverage.current()
    collector = coverage._collector
    found = collector.should_trace_cache.get(hook.__file__)
    collector.data.pop(getattr(found, "source_filename", None), None)
