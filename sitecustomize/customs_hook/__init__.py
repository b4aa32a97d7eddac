"""The hook beside ``sitecustomize``: the code in users' Python processes, and its tools.

"Process" below means a user's process, loaded by ``sitecustomize.unit`` without the import system.
No file that runs there imports from ``sweeper`` or ``install``.

file                          who runs it     when it is loaded
----------------------------  --------------  ---------------------------------------------------
__init__.py                   user's code     ``import customs_hook``: the published interface
core.py                       user's code     the first name of the published interface
reporters.py                  user's code     ``import customs_hook.reporters``
standalone.py                 user's, sweep   a SyslogReporter reports; sweep and check
python2.py                    process         Python 2, where nothing else of the hook runs
sources.py                    process         no compiled parts for this interpreter
presence.py                   process         the first watched import
facts.py                      process         with ``presence``
imports.py                    process         the first watched import
sandbox.py                    process         the record is begun
trace.py                      process         the first trace is written
report.py                     process         exit, if a watched package was imported
interpreter/clocks.py         process         Python 3.6 and 3.7; time-machine is imported
interpreter/functions.py      process         the program has functions of its own
interpreter/interrupted.py    process         an exception reaches the hook's code
interpreter/lazy.py           process         importlib.util; a module of a class of its own
interpreter/measured.py       process         coverage.py measures from the start on
interpreter/profilers.py      process         a profiler's module is imported
interpreter/tracing.py        process         the program has a trace or a profile function
interpreter/watching.py       process         PyPy; rules for names; every package is watched
program/children.py           process         the program forks
program/notebooks.py          process         IPython is imported
program/packages.py           process         ``python -m`` is about to run a package's module
program/parents.py            process         it is a worker that was not forked
program/workers.py            process         multiprocessing or another source of workers
record/canary.py              process, sweep  ``CUSTOMS_CANARY`` is set; sweep
record/distributions.py       process         a package's module does not say its version
record/escapes.py             process         a text needs more than quotation marks in JSON
record/jobs.py                process         there is a batch job
record/optout.py              process, sweep  a list or a job's cgroup is to be read; sweep; check
record/oversize.py            process         a record does not fit an Ethernet frame
record/rules.py               all             the site has rules; sweep and installation
record/sockets.py             process, sweep  the C library's ``sendto`` is no way to send; sweep
sweeper/command.py            sweep           ``customs_sweep.py``: its command line
sweeper/sweep.py              sweep           one pass over a trace directory
sweeper/turns.py              sweep           sharing the time between users
sweeper/persons.py            sweep           whose the uids of traces are
sweeper/directory.py          sweep           a user's traces
sweeper/traces.py             sweep           reading a trace
sweeper/processes.py          sweep           which processes live
sweeper/endings.py            sweep           how a worker's process ended
sweeper/within.py             sweep           calls that may take too long
install/configure.py          installation    ``customs hook install``: sitecustomize.py is written
install/settings.py           installation    ``customs hook install``: the site's file is read
install/build.py              installation    ``customs hook install`` and ``check``: compiled files
install/check.py              check           ``customs hook check``: the program that it runs
"""

import sys

_INTERFACE = ("Check", "Inspector", "Reporter", "register_exit_hook")


def __getattr__(name):
    """Load the interface with the first of its names (PEP 562)."""
    if name not in _INTERFACE:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    from customs_hook import core

    return getattr(core, name)


def __dir__():
    return sorted(set(globals()) | set(_INTERFACE))


if (3,) <= sys.version_info < (3, 7):
    from customs_hook.core import Check, Inspector, Reporter, register_exit_hook  # noqa: F401
