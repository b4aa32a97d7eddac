"""A stand-in for systemd: holds a daemon's sockets, and keeps the descriptors that it gives away.

It does of sd_listen_fds(3) and sd_notify(3) what the daemon uses: LISTEN_FDS, LISTEN_FDNAMES and
LISTEN_PID at each start; NOTIFY_SOCKET with FDSTORE, FDNAME, FDPOLL and FDSTOREREMOVE; a bound on
what is kept (FileDescriptorStoreMax=), over which nothing more is taken; a kept descriptor that
hangs up is dropped unless FDPOLL=0 was said. test_service_manager.py has systemd itself.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.daemon import Inheritance
from support.held_sockets import HeldSockets

_BECOME = 'export LISTEN_PID=$$ LISTEN_FDS={count} LISTEN_FDNAMES={names}; {moves} exec "$@"'
# What one datagram may bring, far more than the daemon sends.
_MESSAGE, _DESCRIPTORS = 4_096, 16


class ServiceManagerStandIn(HeldSockets):
    """A UDP and a TCP socket of loopback, and a store of descriptors."""

    def __init__(self, folder: Path, *, store_max: int = 1_024) -> None:
        super().__init__()
        self.store_max = store_max
        self.path = folder / "notify.sock"
        self.environment = {"NOTIFY_SOCKET": str(self.path)}
        # by their names, in the order in which they came
        self.kept: list[tuple[str, int]] = []
        # those that were offered over the bound
        self.ignored = 0
        self._polls: dict[int, bool] = {}
        self._lock = threading.RLock()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(self.path))
        self._notify.setblocking(False)
        self._wake = os.eventfd(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Gives everything back."""
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self.discard()
        self._notify.close()
        os.close(self._wake)
        super().close()

    def discard(self) -> None:
        """Closes all kept descriptors, as a final stop of the service does."""
        with self._lock:
            for _, descriptor in self.kept:
                os.close(descriptor)
            self.kept.clear()
            self._polls.clear()

    def lose(self, name: str) -> None:
        """Drops what has this name."""
        self._drop([one for one in self.kept if one[0] == name])

    @property
    def kept_connections(self) -> list[str]:
        """The names of the connections that it keeps."""
        with self._lock:
            return [name for name, _ in self.kept if name.startswith("connection-")]

    @contextmanager
    def inherited(self) -> Iterator[Inheritance]:
        """For one start of the daemon."""
        # systemd reads what a service has said before it looks whether it has ended
        self._read_all()
        with self._lock:
            given = [("udp", self.udp.fileno()), ("tcp", self.tcp.fileno()), *self.kept]
            # Far from where they are to be, so that none is put in the place of another.
            copies = [fcntl.fcntl(held, fcntl.F_DUPFD, 400) for _, held in given]
        try:
            moves = "".join(
                f"exec {3 + place}<&{copy} {copy}<&-; " for place, copy in enumerate(copies)
            )
            command = _BECOME.format(
                count=len(copies), names=":".join(name for name, _ in given), moves=moves
            )
            yield Inheritance(("bash", "-c", command, "bash"), tuple(copies))
        finally:
            for copy in copies:
                os.close(copy)

    def _run(self) -> None:
        while True:
            poller = select.poll()
            poller.register(self._wake, select.POLLIN)
            poller.register(self._notify, select.POLLIN)
            with self._lock:
                polled = [number for _, number in self.kept if self._polls[number]]
            for number in polled:
                poller.register(number, 0)
            for number, _ in poller.poll(50):
                if number == self._wake:
                    return
                if number == self._notify.fileno():
                    self._read_all()
                else:
                    # hung up, or broken
                    self._drop([one for one in self.kept if one[1] == number])

    def _read_all(self) -> None:
        while True:
            with self._lock:
                try:
                    message, descriptors, _, _ = socket.recv_fds(
                        self._notify, _MESSAGE, _DESCRIPTORS
                    )
                except BlockingIOError:
                    return
                self._take(message, descriptors)

    def _take(self, message: bytes, descriptors: list[int]) -> None:
        said = dict(line.split("=", 1) for line in message.decode().splitlines() if "=" in line)
        name = said.get("FDNAME", "stored")
        if said.get("FDSTOREREMOVE") == "1":
            self._drop([one for one in self.kept if one[0] == name])
        for descriptor in descriptors:
            same = any(os.path.sameopenfile(descriptor, held) for _, held in self.kept)
            if said.get("FDSTORE") != "1" or same or len(self.kept) >= self.store_max:
                self.ignored += not same
                os.close(descriptor)
                continue
            self.kept.append((name, descriptor))
            self._polls[descriptor] = said.get("FDPOLL") != "0"

    def _drop(self, gone: list[tuple[str, int]]) -> None:
        with self._lock:
            for one in gone:
                if one in self.kept:
                    self.kept.remove(one)
                    del self._polls[one[1]]
                    os.close(one[1])
