"""Sends datagrams by Python's own socket module.

Loaded only if the short way through the C library is impossible.
"""

if "os" not in globals():
    import os
    import sys

    from customs_hook import presence


def send(datagrams, server):
    """Send to ``udp://ADDRESS:PORT`` or ``unixgram:///PATH``, without waiting.

    Returns True. Errors thrown: OSError if the system refuses, and those of ``target``.
    """
    family, address = target(server)
    _socket = load("_socket")
    sender = _socket.socket(family, _socket.SOCK_DGRAM)
    try:
        for datagram in datagrams:
            sender.sendto(datagram, _socket.MSG_DONTWAIT, address)
        return True
    finally:
        sender.close()


def target(server):
    """Return the address family and the address of a server.

    A host name is not resolved, because that could take minutes. Errors thrown: OSError and
    ValueError for an address of another form.
    """
    _socket = load("_socket")
    scheme, _, rest = server.strip().partition("://")
    if scheme == "unixgram":
        return _socket.AF_UNIX, rest
    host, _, port = rest.rpartition(":")
    if scheme != "udp" or not port.isdigit() or int(port) > 65535:
        raise ValueError("neither udp://ADDRESS:PORT nor unixgram:///PATH: %s" % server)
    family = _socket.AF_INET
    if host.startswith("[") and host.endswith("]"):
        family, host = _socket.AF_INET6, host[1:-1]
    _socket.inet_pton(family, host)
    return family, (host, int(port))


def is_without_descriptors():
    """Return whether the process may open no more files, and so could not send."""
    try:
        os.close(os.open("/", os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        # ENFILE, EMFILE
        return error.errno in (23, 24)
    return False


def load(name):
    """Return an extension module.

    ``_socket`` is the module below ``socket``: smaller, and without selectors and enum. If another
    module of its directory is loaded, it is not searched for.
    """
    if sys.modules.get(name) is not None:
        return sys.modules[name]
    for neighbour in ("math", "_struct", "_datetime", "_random"):
        path = presence.namespace(sys.modules.get(neighbour)).get("__file__")
        if type(path) is str and path.rpartition("/")[2].startswith(neighbour + "."):
            directory, _, file = path.rpartition("/")
            path = "%s/%s.%s" % (directory, name, file.partition(".")[2])
            try:
                loader = type(sys.modules[neighbour].__loader__)(name, path)
                spec = type(sys.modules[neighbour].__spec__)(name, loader, origin=path)
                module = loader.create_module(spec)
                loader.exec_module(module)
                return module
            except Exception:
                break
    return __import__(name)
