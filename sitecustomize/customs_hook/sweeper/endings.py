"""How the dead processes of a user's trace directory ended: a worker's end is its parent's affair.

A pool ends its workers by a signal, and so does what loads data, or Ray, when the program has no
more use for them. So the trace of a worker names the record of the process whose worker it is. If
there is a trace of that one too, it was killed, or lives; if there is none any more, it has
reported, and the worker has ended with it. So the trace of a process whose workers live stays when
it has been reported, and says so by its mode.
"""

import os
import stat

#: Workers of workers that are looked at.
_GENERATIONS = 16


class Endings(object):
    """What is known of a directory's traces. ``is_dead`` takes a trace and its file's status.

    ``directory``: its descriptor.
    """

    def __init__(self, directory, is_dead):
        self._directory = directory
        self._is_dead = is_dead
        self._traces = {}
        self._told = {}

    def add(self, trace, name, status):
        """Note a trace, the name of its file, and that file's status."""
        self._traces[trace.record["id"]] = trace, name, status

    def tell(self, trace, end):
        """Note what has been reported of a trace, which may be gone now."""
        self._told[trace.record["id"]] = end

    def of(self, trace):
        """Return "killed" or "exit" for the trace of a dead process; None if it is not settled."""
        for _ in range(_GENERATIONS):
            if trace.parent is None:
                break
            if trace.parent in self._told:
                return self._told[trace.parent]
            if trace.parent not in self._traces:
                return "exit"
            trace, name, status = self._traces[trace.parent]
            # in this order: who ends as he should takes his trace away, and then is dead
            if not self._is_dead(trace, status):
                return None
            if not self._is_there(name, status):
                return "exit"
        return "killed"

    def has_living_workers(self, trace):
        """Return whether a process lives whose end is yet to be told by that of ``trace``."""
        identity = trace.record["id"]
        for other, _, status in self._traces.values():
            is_worker = other.parent == identity and other is not trace
            if is_worker and not self._is_dead(other, status):
                return True
        return False

    def _is_there(self, name, status):
        try:
            now = os.stat(name, dir_fd=self._directory, follow_symlinks=False)
        except OSError:
            return False
        return (now.st_dev, now.st_ino) == (status.st_dev, status.st_ino)


def is_reported(status):
    """Return whether a trace has been reported, by the status of its file."""
    return not status.st_mode & stat.S_IWUSR


def mark_reported(file):
    os.fchmod(file, stat.S_IRUSR)
