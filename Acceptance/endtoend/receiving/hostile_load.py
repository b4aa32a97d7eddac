"""A sender that costs as much as it can, as a program: `hostile_load.py KIND WHERE SECONDS`.

WHERE is `udp:PORT`, `tcp:PORT`, `tls:PORT` or `unix:PATH`. Over TLS it shows no certificate. It
prints how many messages and bytes it has sent.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count

#: Records of 8 KiB each.
PACKAGES = 500


def record(identity: int, rest: str) -> bytes:
    """A record of the hostile user."""
    return f'{{"v":1,"id":"{identity:032x}","uid":20001,"username":"eve",{rest}}}'.encode()


def packages(mark: str) -> str:
    """Names that no other record has."""
    names = ",".join(f'"{mark}{number:03x}":""' for number in range(PACKAGES))
    return f'"packages":{{{names}}}'


def wide_records(start: int) -> Iterator[bytes]:
    """Records in 64 parts, each complete, each with packages of its own."""
    for number in count():
        for part in range(1, 65):
            # 4,096 different packages a record
            names = packages(f"{number:04x}{part % 9:02x}")
            yield record(start + number, f'{names},"part":{part},"parts":64')


def parts(start: int) -> Iterator[bytes]:
    """Parts of records that never become whole."""
    names = packages("p")
    for number in count():
        yield record(start + number // 60, f'{names},"part":{number % 60 + 1},"parts":64')


def new_names(start: int) -> Iterator[bytes]:
    """A program, an environment, a host, a job and a package of its own for each record."""
    for number in count():
        yield record(
            start + number,
            f'"main":"/m{number}","prefix":"/p{number}","host":"h{number}","job_id":"{number}",'
            f'"executable":"/e{number}","packages":{{"n{number}":"1"}}',
        )


def snapshots(start: int) -> Iterator[bytes]:
    """Snapshots of processes that never end."""
    names = packages("s")
    for number in count():
        yield record(start + number, f'{names},"end":"running"')


KINDS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "wide records": wide_records,
    "parts": parts,
    "new names": new_names,
    "snapshots": snapshots,
}


def connect(where: str) -> socket.socket:
    """A connection to the daemon."""
    transport, _, place = where.partition(":")
    if transport == "unix":
        local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        local.connect(place)
        return local
    address = ("127.0.0.1", int(place))
    if transport == "udp":
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect(address)
        return sender
    stream = socket.create_connection(address)
    if transport == "tcp":
        return stream
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(stream)


def main() -> None:
    """Sends for the given time."""
    kind, where, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    messages = KINDS[kind](int.from_bytes(os.urandom(8), "big") << 60)
    is_stream = where.startswith(("tcp", "tls"))
    sent = size = 0
    with connect(where) as sender:
        # a stream is held back while the journal has no room
        sender.settimeout(seconds + 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = next(messages)
            if is_stream:
                sender.sendall(b"%d %s" % (len(message), message))
            else:
                sender.send(message)
            size += len(message)
            sent += 1
    print(sent, size)


if __name__ == "__main__":
    main()
