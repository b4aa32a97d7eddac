"""Reads a site's configuration, strictly, when the hook is installed.

Lines are ``key = value``; ``#`` after white space, or first in a line, begins a comment:

    server = udp://192.0.2.1:5140, unixgram:///run/customs/records.sock
    opt_out_file = /etc/customs/opt-out
    trace_dir = /run/customs/traces
    everything = 0.01
    system = cedar
    subsystem = gpu if host:gpu*, $NODE_KIND
    compute = env:SLURM_JOB_ID, host:nid*
    staff = group:staff, uid:1000

No process reads this file: ``configure.py`` writes its settings into sitecustomize.py.
"""

import re
import socket

#: The defaults, by the keys of SITE.
DEFAULTS = {
    "trace_dir": "/run/customs/traces",
    "opt_out_file": "/etc/customs/opt-out",
    "everything": 0,
    "system": (),
    "subsystem": (),
    "compute": (),
    "staff": (),
}

#: The path of a feature that is switched off.
OFF = "/dev/null"

#: The longest text that a record keeps, bytes.
_LONGEST_TEXT = 128
#: sizeof(sun_path) without the NUL (unix(7)).
_LONGEST_SOCKET_PATH = 107


class Wrong(Exception):
    """An error in a value, with the way out."""


def read(text):
    """Return a configuration's settings, by the keys of SITE, and pairs of line and error."""
    found, errors, seen = {}, [], {}
    for number, line in enumerate(text.splitlines(), 1):
        line = without_comment(line)
        if not line:
            continue
        key, equals, value = [part.strip() for part in line.partition("=")]
        try:
            if not equals:
                raise Wrong("write KEY = VALUE")
            if key not in _READERS:
                raise Wrong("there is no key %r; there are %s" % (key, ", ".join(sorted(_READERS))))
            if key in seen:
                raise Wrong("%s is set in line %d already; keep one" % (key, seen[key]))
            seen[key] = number
            found["servers" if key == "server" else key] = _READERS[key](value)
        except Wrong as error:
            errors.append((number, str(error)))
    return found, errors


def without_comment(line):
    """Return a line without the comment that ``#`` begins, first or after white space."""
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()


def servers(text):
    """Return the addresses of a list; Wrong if a process could not send to one."""
    found = _entries(text, "udp://ADDRESS:PORT or unixgram:///PATH")
    for server in found:
        if server.startswith("unixgram://"):
            _check_socket_path(server)
        elif server.startswith("udp://"):
            _check_udp(server)
        else:
            raise Wrong("%s: write udp://ADDRESS:PORT or unixgram:///PATH" % server)
    return tuple(unique(found))


def path(text):
    """Return an absolute path; an empty one switches the feature off.

    The result is then a path that can neither be read as a list nor hold files, so that the hook
    needs no code for the case.
    """
    if text and not text.startswith("/"):
        raise Wrong("%r: write an absolute path, or nothing to switch it off" % text)
    if not text.isprintable():
        raise Wrong("%r: there are characters in it that cannot be printed" % text)
    return text.rstrip("/") or text[:1] or OFF


def unique(entries):
    return list(dict.fromkeys(entries))


def _check_socket_path(server):
    name = server[len("unixgram://") :]
    if not name.startswith("/") or name.endswith("/") or set(name) & set(" \t\"'\\"):
        raise Wrong("%s: write the socket's absolute path: unixgram:///run/NAME.sock" % server)
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_SOCKET_PATH:
        raise Wrong("%s: a socket's path has at most %d bytes" % (server, _LONGEST_SOCKET_PATH))


def _check_udp(server):
    host, colon, port = server[len("udp://") :].rpartition(":")
    if not colon or not _is_number(port) or not 0 < int(port) < 65536:
        raise Wrong("%s: write udp://ADDRESS:PORT, with a port from 1 to 65535" % server)
    if host.startswith("[") and host.endswith("]"):
        if not _is_address(socket.AF_INET6, host[1:-1]):
            raise Wrong("%s: between [ and ] stands an IPv6 address, without a zone" % server)
    elif _is_address(socket.AF_INET6, host):
        raise Wrong("%s: write the IPv6 address in brackets: udp://[%s]:%s" % (server, host, port))
    elif not _is_address(socket.AF_INET, host):
        if not host or not host.strip("0123456789."):
            raise Wrong("%s: that is no IPv4 address, like 192.0.2.1" % server)
        known = "127.0.0.1" if host == "localhost" else "'getent ahosts %s' shows it" % host
        raise Wrong(
            "%s: %s is a name, and no process looks up names when it ends: that can take minutes. "
            "Write its number: %s" % (server, host, known)
        )


def _is_address(family, text):
    try:
        socket.inet_pton(family, text)
    except (OSError, ValueError):
        return False
    return True


def _entries(value, what):
    entries = [entry.strip() for entry in value.split(",")]
    if "" in entries:
        raise Wrong("write %s; several are separated by commas" % what)
    return entries


def _fraction(value):
    try:
        fraction = float(value)
    except ValueError:
        fraction = -1.0
    if not 0 <= fraction <= 1:
        raise Wrong("%r: write the fraction of jobs, from 0 to 1" % value)
    return int(fraction) if fraction in (0, 1) else fraction


def _texts(value):
    """Return pairs of a text, or ``$NAME``, and a condition, empty for always."""
    found = []
    for entry in _entries(value, "TEXT, $NAME, or either with 'if CONDITION'") if value else ():
        if found and not found[-1][1] and not found[-1][0].startswith("$"):
            raise Wrong("%r is never reached: what stands before it always holds" % entry)
        text, has_condition, condition = [part.strip() for part in entry.partition(" if ")]
        if text.startswith("$") and not _is_variable(text[1:]):
            raise Wrong("%r: after $ stands the name of an environment variable" % entry)
        if text.endswith(" if") or not text.isprintable():
            raise Wrong("%r: write TEXT, $NAME, or either with 'if CONDITION'" % entry)
        if len(text.encode("utf-8", "replace")) > _LONGEST_TEXT:
            raise Wrong("%r: write at most %d bytes" % (text, _LONGEST_TEXT))
        found.append((text, _condition(condition) if has_condition else ""))
    return tuple(found)


def _conditions(value):
    return tuple([_condition(entry) for entry in _entries(value, "conditions")]) if value else ()


def _condition(text):
    """Return a condition as ``rules.holds`` wants it: groups by number."""
    kind, _, argument = text.partition(":")
    if kind == "host" and argument.strip() and " " not in argument:
        return text
    if kind == "env" and _is_variable(argument.partition("=")[0]):
        return text
    if kind == "group" and argument:
        return "group:%d" % _group(argument)
    if kind == "uid" and _is_number(argument):
        return "uid:%d" % int(argument)
    if kind == "uid":
        raise Wrong("%r: write the user's number, which 'id -u NAME' shows" % text)
    known = "host:PATTERN, env:NAME, env:NAME=PATTERN, group:NAME, group:NUMBER and uid:NUMBER"
    raise Wrong("%r is no condition; there are %s" % (text, known))


def _group(argument):
    """Return a group's number. It is looked up now, because a process must not do it at its end."""
    if _is_number(argument):
        return int(argument)
    import grp

    try:
        return grp.getgrnam(argument).gr_gid
    except (KeyError, ValueError):
        raise Wrong("this machine knows no group %r; write its number" % argument) from None


def _is_number(text):
    return 0 < len(text) <= 10 and not text.strip("0123456789")


def _is_variable(name):
    return name.isidentifier() and all([character < "\x7f" for character in name])


_READERS = {
    "server": servers,
    "trace_dir": path,
    "opt_out_file": path,
    "everything": _fraction,
    "system": _texts,
    "subsystem": _texts,
    "compute": _conditions,
    "staff": _conditions,
}
