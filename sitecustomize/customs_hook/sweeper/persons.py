"""The people to whom the owners of traces belong, and their names.

A person may have ranges of subordinate uids for containers (subuid(5)). These uids are no persons,
and what they leave is their owner's. Nor is a uid a person that has no account, but is of those
that are kept for such ranges (login.defs(5)).
"""

import bisect
import os
import pwd
import random

from customs_hook import facts
from customs_hook.sweeper.within import within

#: The longest time for all questions to the system's databases, seconds: a directory server may not
#: answer.
_SECONDS = 2
#: The uids kept for subordinate ones where login.defs does not say: the defaults of shadow-utils.
_KEPT = (100000, 600100000)


class Persons(object):
    """The persons behind ``uids``. ``etc``: the directory of the system's files."""

    def __init__(self, uids, etc="/etc"):
        self._ranges = _ranges(etc + "/subuid")
        self._kept = _kept(etc + "/login.defs")
        #: by uid: the person's uid and name; (None, "") without a person
        self._known = {}
        asked = list(uids)
        # if an answer is late, it is not always the same users who wait for it
        random.shuffle(asked)
        for line in within(_SECONDS, lambda: self._answers(asked)).split(b"\n")[:-1]:
            uid, person, name = line.decode("utf-8", "replace").split(" ", 2)
            self._known[int(uid)] = (int(person) if person != "-" else None, name)

    def owner(self, uid):
        """Return the uid of the person to whom a uid belongs; None without one."""
        return self._known.get(uid, (uid, ""))[0]

    def name(self, uid):
        """Return the name of a person."""
        name = self._known.get(uid, (uid, ""))[1]
        if not name and os.environ.get("SLURM_JOB_UID") == str(uid):
            name = os.environ.get("SLURM_JOB_USER", "")
        return facts.bounded("username", name or "#%d" % uid)

    def _answers(self, uids):
        """Yield a line ``UID PERSON NAME`` for each uid, and for each person of whom it is one."""
        asked = {}
        for uid in uids:
            owner = self._range_owner(uid)
            if owner is None:
                yield self._line(uid, uid, _named(pwd.getpwuid, uid))
                continue
            if owner not in asked:
                is_number = owner.isdigit()
                asked[owner] = _named(
                    *(pwd.getpwuid, int(owner)) if is_number else (pwd.getpwnam, owner)
                )
                if asked[owner]:
                    yield self._line(asked[owner][0], asked[owner][0], asked[owner])
            person = asked[owner]
            yield self._line(uid, person[0] if person else None, person)

    def _line(self, uid, person, entry):
        is_nobody = person is None or (entry is None and self._is_kept(uid))
        name = entry[1] if entry else ""
        return ("%d %s %s\n" % (uid, "-" if is_nobody else person, name)).encode("utf-8", "replace")

    def _is_kept(self, uid):
        is_known = os.environ.get("SLURM_JOB_UID") == str(uid) or uid == os.getuid()
        return self._kept[0] <= uid <= self._kept[1] and not is_known

    def _range_owner(self, uid):
        """Return the name, or the number, in whose range a uid is; None if it is in none."""
        at = bisect.bisect_right(self._ranges, (uid, 1 << 40, "")) - 1
        if at < 0:
            return None
        first, count, owner = self._ranges[at]
        return owner if uid < first + count else None


def _named(ask, whom):
    """Return uid and name of an account; None if there is none."""
    try:
        entry = ask(whom)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_name.replace("\n", "?")


def _ranges(path):
    """Return the ranges of subuid(5), sorted: first uid, count, owner."""
    found = []
    for line in _lines(path):
        owner, _, numbers = line.strip().partition(":")
        first, _, count = numbers.partition(":")
        if owner and first.isdigit() and count.isdigit():
            found.append((int(first), int(count), owner))
    return sorted(found)


def _kept(path):
    """Return the first and the last uid that login.defs(5) keeps for subordinate ones."""
    ends = dict(zip(("SUB_UID_MIN", "SUB_UID_MAX"), _KEPT))
    for line in _lines(path):
        words = line.split()
        if len(words) > 1 and words[0] in ends and words[1].isdigit():
            ends[words[0]] = int(words[1])
    return ends["SUB_UID_MIN"], ends["SUB_UID_MAX"]


def _lines(path):
    try:
        with open(path, errors="replace") as file:
            return file.readlines()
    except OSError:
        return []
