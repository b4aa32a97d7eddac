"""The living processes of this node, for the sweep: it must not take a living process for dead.

A trace has its process' number in its own pid namespace, and a moment at which it was alive. The
system lists processes by their numbers in the caller's namespace. So the sweep has to run on the
node itself: in a container it would not see the processes outside.
"""

import os

#: The largest difference of the trace's and the process' clocks, seconds: both are rounded.
_SLACK = 1.0

#: The flag of a kernel thread: in a container a process may have the number of one.
_KERNEL_THREAD = 0x00200000

_TICKS = os.sysconf("SC_CLK_TCK")


class Unknown(Exception):
    """The system gives no answer."""


class Process(object):
    """The system's data on a process.

    ``uids``: real, effective, saved and file system's. ``own_pid``: in its own namespace.
    ``start``: seconds of CLOCK_BOOTTIME.
    """

    def __init__(self, uids, own_pid, is_namespaced, start, ppid):
        self.uids = uids
        self.own_pid = own_pid
        self.is_namespaced = is_namespaced
        self.start = start
        self.ppid = ppid

    def can_have_left(self, uid, pid, started, slack=_SLACK):
        """Return whether a trace can be of this process."""
        # root may have become another user since
        is_owner = uid in self.uids or uid == 0
        return is_owner and self.own_pid == pid and self.start <= started + slack


class Processes(object):
    """The processes below ``root``, which is /proc. ``clock`` returns seconds of CLOCK_BOOTTIME."""

    def __init__(self, clock, root="/proc"):
        self._clock = clock
        self._root = root
        self._all = self._listed_at = None

    def is_alive(self, uid, pid, started, slack=_SLACK):
        """Return whether the process ``pid`` of ``uid``, alive at ``started``, may still be alive.

        ``slack``: seconds by which its start may lie after that. In doubt it is alive.
        """
        if started > self._clock() + _SLACK:
            # it is from before a reboot
            return False
        try:
            if not self._sees_all_of(uid):
                return True
            process = self._find(pid)
        except Unknown:
            return True
        if process and process.can_have_left(uid, pid, started, slack):
            return True
        if self._all is None:
            self._list()
        # it may have started after the others were listed; the next sweep will see it
        if started >= self._listed_at:
            return True
        return any([other.can_have_left(uid, pid, started, slack) for other in self._all])

    def has_gone_on(self, uid, pid, ppid, started, later):
        """Return whether a living process has replaced its program (execve).

        ``later``: when the last trace with the same number and parent was made. While the process
        lived, no other had that number, except processes in containers; in doubt it has not.
        """
        if later <= started or not ppid:
            return False
        try:
            process = self._find(pid)
        except Unknown:
            return False
        if process is None or process.is_namespaced or process.ppid != ppid:
            return False
        if self._all is None:
            self._list()
        able = [other for other in self._all if other.can_have_left(uid, pid, later)]
        return (
            later < self._listed_at and len(able) == 1 and process.can_have_left(uid, pid, started)
        )

    def _sees_all_of(self, uid):
        """Return whether /proc shows all processes of a user (proc(5), hidepid)."""
        number = "self" if uid == os.getuid() else "1"
        return _read("%s/%s/status" % (self._root, number)) is not None

    def _find(self, pid):
        """Return the process with a number; None if no running process has it."""
        directory = "%s/%d" % (self._root, pid)
        status, stat = _read(directory + "/status"), _read(directory + "/stat")
        if status is None or stat is None:
            return None
        try:
            # the name in parentheses may contain any characters
            fields = stat.rpartition(b")")[2].split()
            state, ppid, threads = fields[0], int(fields[1]), int(fields[17])
            flags, start = int(fields[6]), int(fields[19]) / float(_TICKS)
            uids, numbers = (), [pid]
            for line in status.split(b"\n"):
                key, _, value = line.partition(b":")
                if key == b"Uid":
                    uids = tuple([int(word) for word in value.split()])
                elif key == b"NSpid":
                    numbers = [int(word) for word in value.split()]
            own_pid = numbers[-1]
        except (ValueError, IndexError):
            raise Unknown(directory)
        if flags & _KERNEL_THREAD:
            return None
        # if only the main thread has ended, others go on
        if state in (b"Z", b"X", b"x") and threads <= 1:
            return None
        return Process(uids, own_pid, len(numbers) > 1, start, ppid)

    def _list(self):
        self._all, self._listed_at = [], self._clock()
        for name in os.listdir(self._root):
            if name.isdigit():
                try:
                    process = self._find(int(name))
                except Unknown:
                    continue
                if process:
                    self._all.append(process)


def _read(path):
    """Return a file's bytes; None if it does not exist; raise ``Unknown`` if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        raise Unknown(path)
