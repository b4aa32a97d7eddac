#!/usr/bin/python3 -ISB
"""Reports the Python processes that ended without their exit hook: killed, crashed, or replaced.

The hook leaves a trace of every process with a watched import, TRACE_DIR/UID/SLOT, and takes it
away when the process ends as it should. What dead processes left becomes a record with "end":
"killed", and goes; with "end": "exit" if it is a worker of a process that has reported, and not
before that one's end. With --running, what living ones have imported so far becomes one with "end":
"running", and stays; the later record of the same process has the same id and takes its place.

Run it as root in Slurm's epilog or by a timer, or as a user for the own directory; on the node
itself, not in a container, for it has to see the processes that it judges. It always ends with 0,
whatever happens, and in the time that it is given, but for errors in how it is called: 64.
"""

import os
import sys


def _run():
    if sys.version_info < (3, 6):
        version = "%d.%d" % sys.version_info[:2]
        sys.stdout.write("customs_sweep: this is Python %s; it takes 3.6 or later.\n" % version)
        return 0
    # whoever runs this may be root, and the hook's directory is the same on all nodes
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from customs_hook.sweeper import command

    return command.main(sys.argv[1:], __doc__)


if __name__ == "__main__":
    sys.exit(_run())
