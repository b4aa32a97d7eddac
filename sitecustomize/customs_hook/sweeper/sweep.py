"""The sweep of ``customs_sweep.py``: one pass over a trace directory.

The end of a killed process is unknown. So "event_timestamp" is the time of the sweep, and "elapsed"
reaches back from there to the first watched import, so that the start is right. "host" is the
node's own name, though the process may have had another in a container.

Every user may write into a trace directory. So the sweep follows, awaits and believes nothing in
it: owners come from the file system, and records are built afresh (traces.py). In a user's
directory it removes all files that are not traces, by their names alone and in one step. In the
trace directory itself it removes only entries with a uid as their name and another owner. A record
that the system refuses to send stays for the next sweep; a datagram that is lost on its way is
lost.
"""

import errno
import fcntl
import os
import pwd
import random
import stat
import time

from customs_hook import facts, report
from customs_hook.sweeper.endings import Endings, is_reported, mark_reported
from customs_hook.sweeper.processes import Processes
from customs_hook.sweeper.traces import Malformed, parse
from customs_hook.sweeper.within import within
from customs_hook.trace import SLOTS, TRACE_SIZE

#: The largest size of a file that may be a trace; the hook writes at most TRACE_SIZE bytes.
_MOST_BYTES = TRACE_SIZE + 4096
#: The number of names to read in a user's directory; the others wait for the next sweep.
_MOST_NAMES = 4 * SLOTS
#: The number of uids to handle, so that a flood of names costs neither memory nor time.
_MOST_USERS = 200000
#: Seconds for which a file may lack a whole line because its process is about to write it.
_GRACE = 60
#: The longest wait for a user's name, seconds, and the largest number of such waits.
_NAME_SECONDS, _NAME_FAILURES = 2, 3
#: Pauses in seconds before a datagram is offered again, and after each that was sent: a default
#: socket buffer holds a hundred of them.
_PAUSES, _PACE = (0.01, 0.05, 0.2), 0.001
#: CLOCK_BOOTTIME, clock_getres(2).
_BOOTTIME = 7

_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_DIRECTORY_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC


class Late(BaseException):
    """The time is over; no error handler may catch this."""


class Sweep(object):
    """One pass over a trace directory.

    ``trace_dir``: path; ``servers``: addresses as for ``report.send``; ``is_running_wanted``:
    whether living processes are reported; ``job``: id of the only job to report, or None;
    ``limit``: moment of ``time.monotonic`` after which ``Late`` is raised; ``say`` takes sentences.
    """

    def __init__(self, trace_dir, servers, is_running_wanted, job, limit, say):
        self.trace_dir = trace_dir
        self.servers = servers
        self.is_running_wanted = is_running_wanted
        self.job = job
        self.limit = limit
        self.say = say
        self.is_root = os.geteuid() == 0
        self.processes = Processes(clock)
        self.names = {}
        self.name_failures = 0
        #: the number of sent records, and of files that were kept because theirs could not be sent
        self.sent = self.kept = 0

    def run(self):
        try:
            top = os.open(self.trace_dir.rstrip("/") or "/", _DIRECTORY_FLAGS)
        except OSError as error:
            return self.say("no trace directory: %s" % error.strerror)
        try:
            status = os.fstat(top)
            # its names may be changed by others, or it was made for another purpose
            is_shared = status.st_uid == 0 and status.st_mode & 0o1002 == 0o1002
            is_own = not self.is_root and status.st_uid == os.geteuid()
            if not (is_shared or is_own):
                return self.say("the trace directory is not root's with mode 1777: left alone")
            for uid in self._uids(top):
                self._check_time()
                try:
                    self._sweep_user(top, uid)
                except Exception as error:
                    self.say("uid %d: %r" % (uid, error))
        finally:
            os.close(top)
        self.say("sent %d, kept %d for the next time" % (self.sent, self.kept))

    def _uids(self, top):
        if not self.is_root:
            return [os.getuid()]
        uids = []
        for name in _listed(top, _MOST_USERS):
            self._check_time()
            if _is_number(name, 2**32 - 1):
                uids.append(int(name))
        # if the time does not suffice for all, the order differs, so that no user always waits
        random.shuffle(uids)
        return uids

    def _sweep_user(self, top, uid):
        name = str(uid)
        try:
            status = os.stat(name, dir_fd=top, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != uid:
            return self._clear_way(top, name, stat.S_ISDIR(status.st_mode))
        directory = os.open(name, _DIRECTORY_FLAGS, dir_fd=top)
        try:
            status = os.fstat(directory)
            # the hook uses no other, and calls on a user's own file system can hang
            is_private = status.st_mode & 0o077 == 0 and status.st_dev == os.fstat(top).st_dev
            if status.st_uid == uid and is_private:
                self._sweep_directory(directory, uid)
        finally:
            os.close(directory)

    def _clear_way(self, top, name, is_directory):
        """Give a name back to the user with that uid, because another user has taken it."""
        if not self.is_root:
            return
        if not is_directory:
            os.unlink(name, dir_fd=top)
        else:
            try:
                os.rmdir(name, dir_fd=top)
            except OSError:
                # root in a container is another user outside, and comes back repeatedly
                if name == "0":
                    return
                aside = ".aside-" + os.urandom(8).hex()
                os.rename(name, aside, src_dir_fd=top, dst_dir_fd=top)
        self.say("%s was another user's: out of the way" % name)

    def _sweep_directory(self, directory, uid):
        names = _listed(directory, _MOST_NAMES)
        slots = [name for name in names if _is_number(name, SLOTS)]
        for name in set(names).difference(slots):
            self._check_time()
            self._remove(directory, name)
        if len(names) == _MOST_NAMES:
            slots = [str(number) for number in range(SLOTS)]
        heads = {}
        endings = Endings(directory, lambda *found: self._is_dead(*found, uid, heads))
        # if the directory has no room left, a trace does not wait for its parent's end
        is_crowded = len(slots) > SLOTS // 2
        for name in slots:
            self._check_time()
            file = self._open(directory, name, uid)
            if file is not None:
                try:
                    trace = parse(_content(file))
                    endings.add(trace, name, os.fstat(file))
                    if trace.started is not None:
                        key = trace.record["pid"], trace.record.get("ppid")
                        heads.setdefault(key, []).append(trace.started)
                except Malformed:
                    pass
                finally:
                    os.close(file)
        for name in slots:
            self._check_time()
            file = self._open(directory, name, uid)
            if file is not None:
                try:
                    self._sweep_file(directory, name, file, uid, heads, endings, is_crowded)
                except Exception as error:
                    self.say("uid %d, slot %s: %r" % (uid, name, error))
                finally:
                    os.close(file)

    def _open(self, directory, name, uid):
        """Return a descriptor of a file that may be a trace; else remove it and return None."""
        try:
            if self._may_be_trace(os.stat(name, dir_fd=directory, follow_symlinks=False), uid):
                file = os.open(name, _FILE_FLAGS, dir_fd=directory)
                status = os.fstat(file)
                if self._may_be_trace(status, uid) and status.st_nlink == 1:
                    return file
                os.close(file)
                if status.st_nlink > 1:
                    # the user's own file: a link to it by another user must not remove it
                    return None
        except OSError as error:
            # has it been changed meanwhile? Other errors may be gone at the next sweep
            if error.errno not in (errno.ELOOP, errno.ENXIO):
                return None
        self._remove(directory, name)
        return None

    def _may_be_trace(self, status, uid):
        is_his = stat.S_ISREG(status.st_mode) and status.st_uid == uid
        return is_his and status.st_size <= _MOST_BYTES

    def _sweep_file(self, directory, name, file, uid, heads, endings, is_crowded):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # another sweep handles it
            return
        try:
            trace = parse(_content(file))
            is_dead = self._is_dead(trace, os.fstat(file), uid, heads)
            # its trace is final, or removed, only once it is dead
            trace = parse(_content(file))
        except Malformed as error:
            status = os.fstat(file)
            is_young = abs(time.time() - status.st_mtime) < _GRACE
            if not (is_young and b"\n" not in _content(file)):
                self.say("uid %d, slot %s: %s, removed" % (uid, name, error))
                self._remove(directory, name)
            return
        if not _is_still(directory, name, file):
            return
        if self.job is not None and trace.record.get("job_id") != self.job:
            return
        if not is_dead and not self.is_running_wanted:
            return
        end = endings.of(trace) if is_dead else "running"
        if end is None:
            # its parent lives
            if not is_crowded:
                return
            end = "exit"
        is_sent = not trace.packages or is_reported(os.fstat(file))
        is_sent = is_sent or self._report(trace, uid, end)
        if is_dead and is_sent:
            endings.tell(trace, end)
            if endings.has_living_workers(trace) and not is_crowded:
                mark_reported(file)
            else:
                self._remove(directory, name)

    def _is_dead(self, trace, status, uid, heads):
        pid, ppid = trace.record["pid"], trace.record.get("ppid")
        if trace.started is None:
            # the last import serves as well, if the clock has not been set since
            age = max(0.0, time.time() - status.st_mtime)
            return not self.processes.is_alive(uid, pid, max(0.0, clock() - age), _GRACE)
        if not self.processes.is_alive(uid, pid, trace.started):
            return True
        later = max(heads.get((pid, ppid), [trace.started]))
        return self.processes.has_gone_on(uid, pid, ppid, trace.started, later)

    def _report(self, trace, uid, end):
        """Send a record; return whether the system has taken all of it."""
        record = dict(trace.record)
        record["host"] = os.uname().nodename
        record["uid"], record["username"] = uid, self._username(uid)
        elapsed = -1 if trace.started is None else round(clock() - trace.started, 3)
        if elapsed >= 0:
            record["elapsed"] = elapsed
        report.finish(record, trace.packages, None, end)
        datagrams = report.messages(record)
        is_sent = report.send(datagrams, self.servers)
        # a server that does not answer now is not waited for repeatedly
        for pause in _PAUSES if not self.kept else ():
            if is_sent:
                break
            time.sleep(pause)
            self._check_time()
            is_sent = report.send(datagrams, self.servers)
        self.sent, self.kept = self.sent + bool(is_sent), self.kept + (not is_sent)
        time.sleep(_PACE * len(datagrams))
        packages = " ".join(sorted(trace.packages))
        text = "%s%s: uid %d, pid %d, %s"
        self.say(text % ("" if is_sent else "not sent, ", end, uid, record["pid"], packages))
        return is_sent

    def _username(self, uid):
        if uid not in self.names:
            name = ""
            if self.name_failures < _NAME_FAILURES:
                # this may ask a directory server, which may not answer
                began = time.monotonic()
                answer = within(_NAME_SECONDS, lambda: pwd.getpwuid(uid).pw_name.encode())
                name = answer.decode("utf-8", "replace")
                self.name_failures += time.monotonic() - began >= _NAME_SECONDS
            if not name and os.environ.get("SLURM_JOB_UID") == str(uid):
                name = os.environ.get("SLURM_JOB_USER", "")
            self.names[uid] = facts.bounded("username", name or "#%d" % uid)
        return self.names[uid]

    def _remove(self, directory, name):
        """Remove the entry with a name, if that takes only one step."""
        try:
            os.unlink(name, dir_fd=directory)
        except OSError:
            try:
                os.rmdir(name, dir_fd=directory)
            except OSError:
                pass

    def _check_time(self):
        if time.monotonic() > self.limit:
            raise Late()


def clock():
    """Return the seconds since the node's start (CLOCK_BOOTTIME), as /proc counts."""
    return time.clock_gettime(_BOOTTIME)


def _listed(directory, most):
    """Return names of an open directory up to a limit, without reading the rest."""
    names = []
    # os.scandir takes a descriptor from Python 3.7 on only
    with os.scandir("/proc/self/fd/%d" % directory) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) == most:
                break
    return names


def _is_number(name, end):
    """Return whether a name is a number below ``end`` as the hook writes it."""
    is_plain = 0 < len(name) <= 10 and not name.strip("0123456789")
    return is_plain and str(int(name)) == name and int(name) < end


def _content(file):
    return os.pread(file, _MOST_BYTES, 0)


def _is_still(directory, name, file):
    """Return whether a name still is that of an open file."""
    try:
        now, then = os.stat(name, dir_fd=directory, follow_symlinks=False), os.fstat(file)
    except OSError:
        return False
    return (now.st_dev, now.st_ino) == (then.st_dev, then.st_ino)
