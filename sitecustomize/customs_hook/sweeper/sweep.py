"""The sweep of ``customs_sweep.py``: one pass over a trace directory.

The end of a killed process is unknown. So "event_timestamp" is the time of the sweep, and "elapsed"
reaches back from there to the first watched import, so that the start is right. "host" is the
node's own name, though the process may have had another in a container.

Every user may write into a trace directory. So the sweep follows, awaits and believes nothing in
it: owners come from the file system, and records are built afresh (traces.py). In a user's
directory it removes all files that are not traces. In the trace directory itself it removes only
entries with a uid as their name and another owner. Users take turns, and each has an equal share of
the time (turns.py). A record that the system refuses to send stays for the next sweep; a datagram
that is lost on its way is lost.
"""

import os
import random
import stat
import time

from customs_hook import report
from customs_hook.record import optout
from customs_hook.sweeper.directory import Directory, clock, is_number, listed
from customs_hook.sweeper.persons import Persons
from customs_hook.sweeper.processes import Processes
from customs_hook.sweeper.turns import turns

#: The number of directories to handle, so that a flood of names costs neither memory nor time.
_MOST_USERS = 200000
#: Pauses in seconds before a datagram is offered again, and after each that was sent: a default
#: socket buffer holds a hundred of them.
_PAUSES, _PACE = (0.01, 0.05, 0.2), 0.001

_DIRECTORY_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC


class Late(BaseException):
    """The time is over; no error handler may catch this."""


class Sweep(object):
    """One pass over a trace directory.

    ``trace_dir``: path; ``servers``: addresses as for ``report.send``; ``opt_out_file``: path of
    the list of users who have opted out, or ""; ``is_running_wanted``: whether living processes are
    reported; ``job``: id of the only job to report, or None; ``limit``: moment of
    ``time.monotonic`` after which ``Late`` is raised; ``say`` takes sentences.
    """

    def __init__(self, trace_dir, servers, opt_out_file, is_running_wanted, job, limit, say):
        self.trace_dir = trace_dir
        self.servers = servers
        self.opt_out_file = opt_out_file
        self.is_running_wanted = is_running_wanted
        self.job = job
        self.limit = limit
        self.say = say
        self.is_root = os.geteuid() == 0
        self.processes = Processes(clock)
        self.persons = self.opted_out = None
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
            is_shared = status.st_uid == 0 and stat.S_IMODE(status.st_mode) in (0o1777, 0o1755)
            is_own = not self.is_root and status.st_uid == os.geteuid()
            if not (is_shared or is_own):
                return self.say(
                    "the trace directory is not root's with mode 1777 or 1755: left alone"
                )
            try:
                self.opted_out = optout.listed(self.opt_out_file)
            except optout.Unread as error:
                # it may name anybody
                text = (
                    "the list of users who have opted out, %s, cannot be used (%s): nothing is sent"
                )
                return self.say(text % (self.opt_out_file, error))
            for _ in turns(self._works(top)):
                self._check_time()
        finally:
            os.close(top)
        self.say("sent %d, kept %d for the next time" % (self.sent, self.kept))

    def _works(self, top):
        """Return an iterator for each person, who may have the directories of several uids.

        One more is for the names that are other users' than those whose uids they are.
        """
        found, taken = [], []
        for name in listed(top, _MOST_USERS) if self.is_root else [str(os.getuid())]:
            self._check_time()
            if not is_number(name, 2**32 - 1):
                continue
            try:
                status = os.stat(name, dir_fd=top, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(status.st_mode) and status.st_uid == int(name):
                found.append(int(name))
            else:
                taken.append((name, stat.S_ISDIR(status.st_mode)))
        self.persons = Persons(found)
        works = {}
        for uid in found:
            works.setdefault(self.persons.owner(uid), []).append(uid)
        people = list(works)
        # the order differs, so that no user is always the last
        random.shuffle(people)
        ways = self._clear_ways(top, taken)
        return [ways] + [self._sweep_person(top, works[person]) for person in people]

    def _clear_ways(self, top, taken):
        for name, is_directory in taken:
            try:
                self._clear_way(top, name, is_directory)
            except OSError as error:
                self.say("%s: %r" % (name, error))
            yield

    def _sweep_person(self, top, uids):
        for uid in uids:
            try:
                for _ in self._sweep_user(top, uid):
                    yield
            except Exception as error:
                self.say("uid %d: %r" % (uid, error))
            yield

    def _sweep_user(self, top, uid):
        directory = os.open(str(uid), _DIRECTORY_FLAGS, dir_fd=top)
        try:
            status = os.fstat(directory)
            # the hook uses no other, and calls on a user's own file system can hang
            is_private = status.st_mode & 0o077 == 0 and status.st_dev == os.fstat(top).st_dev
            if status.st_uid == uid and is_private:
                traces = Directory(
                    *(directory, uid, self.processes, self.job, self.is_running_wanted),
                    report=lambda trace, end: self._report(trace, uid, end),
                    say=self.say,
                )
                for _ in traces.steps():
                    yield
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

    def _report(self, trace, uid, end):
        """Send a record; return whether the trace may go: sent as a whole, or not to be sent."""
        person = self.persons.owner(uid)
        if person is None:
            self.say("uid %d belongs to no person: not sent" % uid)
            return True
        name = self.persons.name(person)
        if optout.is_named(self.opted_out, [str(uid), str(person), name, trace.claimed_name]):
            return True
        record = dict(trace.record)
        record["host"] = os.uname().nodename
        record["uid"], record["username"] = person, name
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

    def _check_time(self):
        if time.monotonic() > self.limit:
            raise Late()
