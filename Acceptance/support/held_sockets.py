"""Sockets that outlive the daemon: the test holds them, as systemd does for its units."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.daemon import Inheritance

# The service manager's protocol (sd_listen_fds(3)): descriptors from 3 on, and the process that
# they are meant for. Only the process itself knows its number, so a shell says it and becomes it.
_BECOME = 'export LISTEN_PID=$$ LISTEN_FDS={count}; exec {moves} "$@"'


class HeldSockets:
    """A UDP and a TCP socket of loopback."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self.udp = self._held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        self.udp.bind(("127.0.0.1", 0))
        self.tcp = self._held.enter_context(socket.socket())
        self.tcp.bind(("127.0.0.1", 0))
        # connections wait here while no daemon runs
        self.tcp.listen(64)
        self.udp_port = int(self.udp.getsockname()[1])
        self.tcp_port = int(self.tcp.getsockname()[1])

    def close(self) -> None:
        """Gives the sockets back."""
        self._held.close()

    @contextmanager
    def inherited(self) -> Iterator[Inheritance]:
        """For one start of the daemon."""
        # Far from 3, so that putting one in its place does not close another.
        copies = [fcntl.fcntl(held.fileno(), fcntl.F_DUPFD, 100) for held in (self.udp, self.tcp)]
        try:
            moves = " ".join(f"{3 + place}<&{copy} {copy}<&-" for place, copy in enumerate(copies))
            command = _BECOME.format(count=len(copies), moves=moves)
            yield Inheritance(("bash", "-c", command, "bash"), tuple(copies))
        finally:
            for copy in copies:
                os.close(copy)

    @property
    def kernel_drops(self) -> int:
        """Datagrams that the kernel has dropped on the UDP socket."""
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(f":{self.udp_port:04X}"):
                return int(fields[-1])
        raise AssertionError("the UDP socket is gone")
