"""Runs calls that may never return in a child process.

A process that has touched a hanging directory, or asked a silent directory server, cannot escape.
"""

import os
import select
import signal
import time


def within(seconds, function):
    """Call a function in a child process with a time limit in seconds; return its bytes, or b"".

    ``function`` returns pieces of bytes, or None. If it is late, those before count.
    """
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
            # in case this process is killed before it can kill the child
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(seconds) + 2)
            for piece in function() or ():
                os.write(writer, piece)
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
        # a killed process that the system does not end is not waited for
        time.sleep(0.01)
