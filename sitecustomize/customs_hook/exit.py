"""What happens when the interpreter exits: look, make the record, send it, forget it.

It runs inside other people's programs. It must not raise, print, wait, resolve a name, or keep
anything; whoever calls it catches what goes wrong all the same.
"""

import os
import sys

from customs_hook import settings

#: Service processes of ``multiprocessing``: they do nobody's work.
_SERVICE_MODULES = (
    "multiprocessing.resource_tracker",
    "multiprocessing.semaphore_tracker",
    "multiprocessing.forkserver",
)


def report_exit(began):
    """Send the record of this process, if it imported anything watched and is to be recorded.

    ``began``: when the hook was loaded, seconds since 1970.
    """
    environment = os.environ
    if environment.get("CUSTOMS_OPT_OUT", "0") not in ("", "0"):
        return
    names = watched_imports(sys.modules, environment)
    if not names:
        return
    from customs_hook import place

    if place.rank(environment) not in (None, 0) or _is_service() or not place.is_main_interpreter():
        return
    if _has_opted_out(environment):
        return
    send_record(names, began=began)


def send_record(names, servers=None, began=None):
    """Make the record of this process with the packages ``names`` and send it to one server."""
    from customs_hook import record, transport

    chosen = servers or _servers(os.environ)
    transport.send(record.datagrams(names, began), chosen)


def watched_imports(modules, environment):
    """Return the watched names that ``modules`` holds; one that is None was not imported."""
    from customs_hook.packages import WATCHED

    found = [name for name in WATCHED if modules.get(name) is not None]
    path = environment.get("CUSTOMS_PACKAGES") or settings.PACKAGES_FILE
    if path:
        found += [name for name in _listed(path) if modules.get(name) is not None]
    return sorted(set(found))


def _listed(path):
    """Return the import names in a package list; what is no name in it is passed over."""
    names = []
    for line in _lines(path):
        if all(part.isidentifier() for part in line.split(".")):
            names.append(line)
    return names


def _has_opted_out(environment):
    if not settings.OPT_OUT_FILE:
        return False
    lines = _lines(settings.OPT_OUT_FILE)
    return bool(lines) and (environment.get("USER") in lines or str(os.getuid()) in lines)


def _lines(path):
    """Return a small file's lines without comments and blanks; none if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError, TypeError):
        return []
    try:
        text = os.read(descriptor, 1 << 20).decode("utf-8", "replace")
    except OSError:
        return []
    finally:
        os.close(descriptor)
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _servers(environment):
    named = environment.get("CUSTOMS_SERVER")
    if named:
        return [server.strip() for server in named.split(",") if server.strip()]
    return settings.SERVERS


def _is_service():
    from customs_hook.place import main_globals

    main = main_globals().get("main")
    # only of a plain function is it safe to ask: any other object may run the user's code
    return type(main) is type(_is_service) and main.__module__ in _SERVICE_MODULES
