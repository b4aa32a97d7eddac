"""A user's directory of traces, swept in small steps.

All that is not a trace is removed first, by its name alone and in one step: it takes the room of
traces. Then the first lines of the traces tell which processes are dead, and which of them are
workers of others. Only the traces that are to be reported are read whole.
"""

import errno
import fcntl
import os
import stat
import time

from customs_hook.sweeper.endings import Endings, is_reported, mark_reported
from customs_hook.sweeper.traces import Malformed, parse
from customs_hook.trace import SLOTS, TRACE_SIZE

#: The largest size of a file that may be a trace; the hook writes at most TRACE_SIZE bytes.
_MOST_BYTES = TRACE_SIZE + 4096
#: The number of bytes that a trace's first line nearly always fits into.
_HEAD_BYTES = 2048
#: The number of names to read in a user's directory; the others wait for the next sweep.
_MOST_NAMES = 4 * SLOTS
#: Seconds for which a file may lack a whole line because its process is about to write it.
_GRACE = 60
#: CLOCK_BOOTTIME, clock_getres(2).
_BOOTTIME = 7

_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Directory(object):
    """The traces of ``uid`` in an open directory.

    ``processes``: those of the node. ``report`` takes a trace and its end, and returns whether the
    trace may go. ``job``, ``is_running_wanted`` and ``say``: as for ``Sweep``.
    """

    def __init__(self, directory, uid, processes, job, is_running_wanted, report, say):
        self.directory = directory
        self.uid = uid
        self.processes = processes
        self.job = job
        self.is_running_wanted = is_running_wanted
        self.report = report
        self.say = say
        #: moments at which traces with the same pid and ppid were made
        self.heads = {}
        self.endings = Endings(directory, self._is_dead)

    def steps(self):
        """Sweep; yield after each file."""
        names = listed(self.directory, _MOST_NAMES)
        slots = [name for name in names if is_number(name, SLOTS)]
        for name in set(names).difference(slots):
            self._remove(name)
            yield
        if len(names) == _MOST_NAMES:
            slots = [str(number) for number in range(SLOTS)]
        # if the directory has no room left, a trace does not wait for its parent's end
        is_crowded = len(slots) > SLOTS // 2
        traces = []
        for name in slots:
            if self._look(name):
                traces.append(name)
            yield
        for name in traces:
            file = self._open(name)
            if file is not None:
                try:
                    self._sweep(name, file, is_crowded)
                except Exception as error:
                    self.say("uid %d, slot %s: %r" % (self.uid, name, error))
                finally:
                    os.close(file)
            yield

    def _look(self, name):
        """Note a trace's first line; return whether there may be a trace."""
        file = self._open(name)
        if file is None:
            return False
        try:
            trace = parse(_head(file))
            self.endings.add(trace, name, os.fstat(file))
            if trace.started is not None:
                key = trace.record["pid"], trace.record.get("ppid")
                self.heads.setdefault(key, []).append(trace.started)
        except Malformed as error:
            return self._is_left(name, file, error)
        finally:
            os.close(file)
        return True

    def _is_left(self, name, file, error):
        """Remove a malformed trace, unless its process may be about to write it."""
        is_young = abs(time.time() - os.fstat(file).st_mtime) < _GRACE
        if is_young and b"\n" not in _content(file):
            return False
        self.say("uid %d, slot %s: %s, removed" % (self.uid, name, error))
        self._remove(name)
        return False

    def _open(self, name):
        """Return a descriptor of a file that may be a trace; else remove it and return None."""
        try:
            if self._may_be_trace(os.stat(name, dir_fd=self.directory, follow_symlinks=False)):
                file = os.open(name, _FILE_FLAGS, dir_fd=self.directory)
                status = os.fstat(file)
                if self._may_be_trace(status) and status.st_nlink == 1:
                    return file
                os.close(file)
                if status.st_nlink > 1:
                    # the user's own file: a link to it by another user must not remove it
                    return None
        except OSError as error:
            # has it been changed meanwhile? Other errors may be gone at the next sweep
            if error.errno not in (errno.ELOOP, errno.ENXIO):
                return None
        self._remove(name)
        return None

    def _may_be_trace(self, status):
        is_his = stat.S_ISREG(status.st_mode) and status.st_uid == self.uid
        return is_his and status.st_size <= _MOST_BYTES

    def _sweep(self, name, file, is_crowded):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # another sweep handles it
            return
        try:
            trace = parse(_head(file))
            if self.job is not None and trace.record.get("job_id") != self.job:
                return
            is_dead = self._is_dead(trace, os.fstat(file))
            if not is_dead and not self.is_running_wanted:
                return
            # its trace is final, or removed, only once it is dead
            trace = parse(_content(file))
        except Malformed as error:
            self._is_left(name, file, error)
            return
        if not _is_still(self.directory, name, file):
            return
        end = self.endings.of(trace) if is_dead else "running"
        if end is None:
            # its parent lives
            if not is_crowded:
                return
            end = "exit"
        is_sent = not trace.packages or is_reported(os.fstat(file))
        is_sent = is_sent or self.report(trace, end)
        if is_dead and is_sent:
            self.endings.tell(trace, end)
            if self.endings.has_living_workers(trace) and not is_crowded:
                mark_reported(file)
            else:
                self._remove(name)

    def _is_dead(self, trace, status):
        pid, ppid = trace.record["pid"], trace.record.get("ppid")
        if trace.started is None:
            # the last import serves as well, if the clock has not been set since
            age = max(0.0, time.time() - status.st_mtime)
            started = max(0.0, clock() - age)
            return not self.processes.is_alive(self.uid, pid, started, _GRACE)
        if not self.processes.is_alive(self.uid, pid, trace.started):
            return True
        later = max(self.heads.get((pid, ppid), [trace.started]))
        return self.processes.has_gone_on(self.uid, pid, ppid, trace.started, later)

    def _remove(self, name):
        """Remove the entry with a name, if that takes only one step."""
        try:
            os.unlink(name, dir_fd=self.directory)
        except OSError:
            try:
                os.rmdir(name, dir_fd=self.directory)
            except OSError:
                pass


def clock():
    """Return the seconds since the node's start (CLOCK_BOOTTIME), as /proc counts."""
    return time.clock_gettime(_BOOTTIME)


def listed(directory, most):
    """Return names of an open directory up to a limit, without reading the rest."""
    names = []
    # os.scandir takes a descriptor from Python 3.7 on only
    with os.scandir("/proc/self/fd/%d" % directory) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) == most:
                break
    return names


def is_number(name, end):
    """Return whether a name is a number below ``end`` as the hook writes it."""
    is_plain = 0 < len(name) <= 10 and not name.strip("0123456789")
    return is_plain and str(int(name)) == name and int(name) < end


def _head(file):
    """Return a trace's first line."""
    data = os.pread(file, _HEAD_BYTES, 0)
    if b"\n" not in data and len(data) == _HEAD_BYTES:
        data = _content(file)
    return data[: data.find(b"\n") + 1]


def _content(file):
    return os.pread(file, _MOST_BYTES, 0)


def _is_still(directory, name, file):
    """Return whether a name still is that of an open file."""
    try:
        now, then = os.stat(name, dir_fd=directory, follow_symlinks=False), os.fstat(file)
    except OSError:
        return False
    return (now.st_dev, now.st_ino) == (then.st_dev, then.st_ino)
