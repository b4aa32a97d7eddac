#!/usr/bin/python3 -ISB
"""Reports the Python processes that ended without their exit hook: killed, crashed, or replaced.

The hook leaves a trace of every process with a watched import, TRACE_DIR/UID/SLOT, and removes it
when the process ends normally. The sweep makes a record of each dead process' trace, with "end":
"killed", and removes the trace. For a worker of a process that has reported, "end" is "exit", after
that process' end. With --running it also makes records with "end": "running" of living processes,
and keeps their traces; the later record of the same process has the same id and replaces it.

Run it as root in Slurm's epilog or by a timer, or as a user for the own directory. Run it on the
node itself, not in a container, because it has to see the processes. Its exit status is 64 for a
wrong command line, and otherwise always 0, within the given time.
"""

import os
import sys


def _run():
    if sys.version_info < (3, 6):
        version = "%d.%d" % sys.version_info[:2]
        sys.stdout.write("customs_sweep: this is Python %s; it takes 3.6 or later.\n" % version)
        return 0
    # root may run this, and the hook's directory is the same on all nodes
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from customs_hook.sweeper import command

    return command.main(sys.argv[1:], __doc__)


if __name__ == "__main__":
    sys.exit(_run())
