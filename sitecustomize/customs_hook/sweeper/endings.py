"""The ends of dead processes in a user's trace directory: a worker's end depends on its parent.

A pool ends its workers by a signal when the program does not need them any more, and so do data
loaders and Ray. So the trace of a worker names the record of its parent. If the parent's trace is
there too, the parent was killed, or lives. Without it, the parent has reported, and the worker has
ended with it. So the trace of a reported process stays while its workers live, and its mode marks
it as reported.
"""

import os
import stat

#: Generations of workers of workers that are followed.
_GENERATIONS = 16


class Endings(object):
    """The state of a directory's traces. ``is_dead`` takes a trace and its file's status.

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
        """Note that a trace has been reported; its file may be gone."""
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
            # in this order: a process that ends normally removes its trace, and then is dead
            if not self._is_dead(trace, status):
                return None
            if not self._is_there(name, status):
                return "exit"
        return "killed"

    def has_living_workers(self, trace):
        """Return whether a living process depends on the end of ``trace``'s process."""
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
