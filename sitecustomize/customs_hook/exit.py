"""What happens when the interpreter exits: look, make the record, send it, forget it.

It runs inside other people's programs. It must not raise, print, wait, resolve a name, or keep
anything; whoever calls it catches what goes wrong all the same.
"""

import os
import sys

from customs_hook import place, settings

#: Service processes of ``multiprocessing``: they do nobody's work.
_SERVICE_MODULES = (
    "multiprocessing.resource_tracker",
    "multiprocessing.semaphore_tracker",
    "multiprocessing.forkserver",
)


def report_exit(names, began, directory):
    """Send the record of this process, if it imported anything watched and is to be recorded.

    ``names``: the built-in watched names that ``sys.modules`` has; ``began`` and ``directory``: as
    for ``send_record``.
    """
    names = set(names)
    names.update(name for name in settings.packages(os.environ) if name in sys.modules)
    imported = [name for name in names if place.is_imported(sys.modules[name])]
    if imported:
        send_record(imported, began=began, directory=directory)


def send_record(names, servers=None, began=None, directory=None):
    """Send the record of this process with the packages ``names``, if it is to be recorded.

    ``servers``: addresses; those of the settings if None. ``began``: the ``os.times()`` elapsed
    time at which the interpreter started, seconds. ``directory``: where it started, if known.
    """
    environment = os.environ
    if environment.get("CUSTOMS_OPT_OUT", "0") not in ("", "0"):
        return
    if place.rank(environment) not in (None, 0) or _is_service() or not place.is_main_interpreter():
        return
    site = settings.read()
    if _has_opted_out(environment, site["opt_out_file"]):
        return
    from customs_hook import record, transport

    if servers is None:
        servers = (environment.get("CUSTOMS_SERVER") or site["server"]).split(",")
    messages = record.messages(sorted(names), site, began, directory)
    transport.send(messages, [server.strip() for server in servers])


def _has_opted_out(environment, path):
    listed = settings.lines(path) if path else ()
    claimed = (environment.get("USER"), environment.get("LOGNAME"), str(os.getuid()))
    return any(identity in listed for identity in claimed)


def _is_service():
    main = place.main_globals().get("main")
    # only of a plain function is it safe to ask: any other object may run the user's code
    return type(main) is type(_is_service) and main.__module__ in _SERVICE_MODULES
