"""Sends datagrams to one of several servers; nothing is waited for or looked up."""

import os


def send(datagrams, servers):
    """Send ``datagrams`` (bytes) to one of ``servers``, chosen at random for the process.

    ``udp://ADDRESS:PORT`` with a numeric address, IPv6 in brackets, or ``unixgram:///PATH``. An
    address of another form gets nothing. If the system refuses to send to one, the next is tried:
    a relay's socket that is not there, for example.
    """
    # the module below socket: it is smaller, and does not come with selectors and enum
    import _socket

    targets = [target for target in (_target(server, _socket) for server in servers) if target]
    if not targets:
        return
    first = ord(os.urandom(1)) % len(targets)
    for family, address in targets[first:] + targets[:first]:
        try:
            sender = _socket.socket(family, _socket.SOCK_DGRAM)
            try:
                sender.setblocking(False)
                for datagram in datagrams:
                    sender.sendto(datagram, address)
                return
            finally:
                sender.close()
        except (OSError, OverflowError):
            continue


def _target(server, _socket):
    """Return the address family and address of a server; None if it is not numeric or malformed."""
    if server.startswith("unixgram://"):
        return _socket.AF_UNIX, server[len("unixgram://") :]
    if not server.startswith("udp://"):
        return None
    host, _, port = server[len("udp://") :].rpartition(":")
    if not port.isdigit():
        return None
    family = _socket.AF_INET
    if host.startswith("[") and host.endswith("]"):
        family, host = _socket.AF_INET6, host[1:-1]
    try:
        # what is no number is not resolved: that could take minutes
        _socket.inet_pton(family, host)
    except OSError:
        return None
    return family, (host, int(port))
