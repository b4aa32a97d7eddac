"""Calls in a child process, of which one may never return.

A directory that hangs, or a directory server that does not answer, can only be escaped by a process
that has not touched it.
"""

import os
import select
import signal
import time


def within(seconds, function):
    """Call a function in a child process, for so many seconds at most; return its bytes, or b""."""
    reader, writer = os.pipe()
    limit = time.monotonic() + seconds
    try:
        child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return b""
    if child == 0:
        try:
            os.close(reader)
            # should this process be killed before it can kill that one
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(seconds) + 2)
            os.write(writer, function() or b"")
        finally:
            os._exit(0)
    os.close(writer)
    answer = b""
    try:
        while select.select([reader], [], [], max(0.0, limit - time.monotonic()))[0]:
            data = os.read(reader, 4096)
            if not data:
                break
            answer += data
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        _reap(child)
    return answer


def _reap(child):
    for _ in range(100):
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        # what the system does not let go even killed is not waited for
        time.sleep(0.01)
