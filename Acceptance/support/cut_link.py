"""A link between the daemon and PostgreSQL that breaks at chosen moments."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
import threading
from pathlib import Path

# Of the protocol's frontend messages (PostgreSQL manual, chapter 55): one byte that tells the kind,
# four of length that count themselves; the first message of a connection has no such byte.
_COPY_DATA = b"d"
_COMMIT = b"Q" + struct.pack("!I", 11) + b"COMMIT\0"


class CutLink:
    """Listens where libpq looks for a server, and passes on what comes, until it is told to cut.

    A cut in `copy` lets a part of one CopyData message through and no more; one at `commit` lets
    the server commit and keeps its answer.
    """

    def __init__(self, server: Path, folder: Path, seed: int) -> None:
        self._server = str(server / ".s.PGSQL.5432")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen(8)
        self._draw = random.Random(seed)
        self._wanted: str | None = None
        self._threads: list[threading.Thread] = []
        self._ending = False
        self.cuts: list[str] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def cut(self, where: str) -> None:
        """Cuts the connection that next comes to `copy` or `commit`."""
        self._wanted = where

    @property
    def has_cut(self) -> bool:
        """Whether what was wanted last has happened."""
        return self._wanted is None

    def close(self) -> None:
        """Breaks all connections."""
        self._ending = True
        for thread in [self._accepting, *self._threads]:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._ending:
            if select.select([self._listener], [], [], 0.1)[0]:
                thread = threading.Thread(target=self._serve, args=(self._listener.accept()[0],))
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        away = contextlib.suppress(ConnectionError, FileNotFoundError)
        with client, socket.socket(socket.AF_UNIX) as server, away:
            server.connect(self._server)
            self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        pending = b""
        is_started = False
        while not self._ending:
            ready, _, _ = select.select([client, server], [], [], 0.1)
            if server in ready:
                answer = server.recv(65_536)
                if not answer:
                    return
                client.sendall(answer)
            if client in ready:
                more = client.recv(65_536)
                if not more:
                    return
                pending += more
                while (length := _message_bytes(pending, is_started)) is not None:
                    message, pending = pending[:length], pending[length:]
                    is_started = True
                    if self._is_to_be_cut(message, server):
                        return
                    server.sendall(message)

    def _is_to_be_cut(self, message: bytes, server: socket.socket) -> bool:
        wanted = self._wanted
        if wanted == "copy" and message[:1] == _COPY_DATA:
            part = self._draw.randrange(5, len(message))
            server.sendall(message[:part])
            self.cuts.append(f"copy, {part} of {len(message)} bytes")
        elif wanted == "commit" and message == _COMMIT:
            server.sendall(message)
            # what comes back tells that it is done
            server.recv(65_536)
            self.cuts.append("commit")
        else:
            return False
        self._wanted = None
        return True


def _message_bytes(pending: bytes, is_started: bool) -> int | None:
    """The length of the whole message that the bytes begin with; none while it is not whole."""
    start = 1 if is_started else 0
    if len(pending) < start + 4:
        return None
    [length] = struct.unpack_from("!I", pending, start)
    return start + length if len(pending) >= start + length else None
