"""The hook's work at the interpreter's exit: finish the record, send it, remove the trace.

``sitecustomize`` loads this file without the import system and gives it ``os``, ``sys`` and
``presence``; as an ordinary module it serves the published interface. It runs inside other people's
programs. It must not raise, print, wait, resolve a name, or keep anything; its callers catch all
errors nevertheless.
"""

if "os" not in globals():
    import os
    import sys

    from customs_hook import facts, presence

    unit = presence.unit

#: The size to aim at, bytes of JSON.
AIM = 1400
#: The room of one Ethernet frame without the headers of IPv6 and UDP, bytes.
_FRAME = 1452

#: The largest number of names to inspect, so that a program with a million globals exits fast.
_MOST_NAMES = 20000

#: Processors on which Linux has the usual numbers of address families, socket types and flags.
_MACHINES = ("x86_64", "aarch64", "ppc64le")

_MODULE = type(sys)
_FUNCTIONS = type(presence.version), type(len)
_CLASS_MODULE = type.__dict__["__module__"].__get__


def report(hook):
    """Send the record of this process, if it imported anything watched and is to be recorded."""
    process = hook.process = hook.process or presence.appear(hook)
    # a filter of the program's may kill it for any system call from here on
    if process.is_mute or unit("sandbox").is_new(process):
        return
    # a child that was forked without Python's knowledge has its parent's record
    if process.record and process.record["pid"] != os.getpid():
        return
    tracers = ()
    if sys.gettrace() or sys.getprofile():
        tracers = unit("interpreter.tracing").tracers()
    for change, tracer in tracers:
        change(None)
    is_left = False
    try:
        is_left = _with_ordinary_import(hook, _report, hook, process)
    finally:
        try:
            # only now: a process that is killed earlier has left it for the sweep
            if process.trace and not is_left:
                os.unlink(process.trace)
        finally:
            for change, tracer in tracers:
                change(tracer)


def _report(hook, process):
    """Send the record; return whether its trace is to be left for the sweep."""
    modules = process.modules
    found = dict(process.noted)
    for name in process.names & modules.keys():
        if name not in found and presence.is_imported(modules[name]):
            found[name] = None
    if process.has_rules:
        for name in unit("record.rules").matching(process):
            found.setdefault(name)
    # the program may have requested it meanwhile
    if not found or presence.has_opted_out():
        return False
    if process.record or presence.begin(process, True):
        presence.mend(process)
        for name, version in list(found.items()):
            found[name] = version or presence.version(modules, name)
        rest = {"elapsed": max(0.0, round(hook.clock[0]() - process.began, 3))}
        used = process.used or used_directly(process, sorted(found))
        clock = hook.clock
        if "_time_machine" in modules:
            clock = unit("interpreter.clocks").unfrozen(hook)
        finish(rest, found, used, ending(process.is_worker), clock)
        record, body = dict(process.record, **rest), None
        if process.text:
            # the trace has most of it
            body = process.text[:-1] + "," + facts.encode(rest)[1:]
        servers = facts.ENVIRONMENT.get("CUSTOMS_SERVER")
        servers = servers.split(",") if servers else process.site["servers"]
        if not send(messages(record, body), servers):
            return unit("record.sockets").is_without_descriptors()
    return False


def used_directly(process, names):
    """Return the packages among ``names`` that the user's own code imported, and not a library.

    The globals of the program, and of modules that are neither installed nor of the standard
    library, hold the modules, functions and classes that they imported. The code of their functions
    shows further imports, and so does that of the modules that were running during a watched
    import. Only modules, plain functions and classes are inspected, without their computed
    attributes: asking any other object could run the user's code. None: there is too much to
    inspect.
    """
    tops = set()
    for name in names:
        tops.add(name.partition(".")[0])
    sources = set()
    functions = []
    seen = 0
    all_variables = _user_globals(process, tops)
    if all_variables is None:
        return None
    for variables in all_variables:
        own = variables.get("__name__")
        for value in list(variables.values()):
            seen += 1
            if seen > _MOST_NAMES:
                return None
            kind = type(value)
            if kind in _FUNCTIONS:
                source = value.__module__
            elif issubclass(kind, _MODULE):
                source = presence.namespace(value).get("__name__")
            elif issubclass(kind, type):
                source = _CLASS_MODULE(value)
            else:
                continue
            if type(source) is str:
                sources.add(source)
                if source == own:
                    functions.append(value)
    if functions:
        sources.update(unit("interpreter.functions").imports(functions))
    used = _among(names, sources)
    if len(used) < len(names) and process.codes:
        # "from numpy import pi" leaves only a number
        codes = []
        for code, module in process.codes.values():
            top = module.partition(".")[0] if type(module) is str else None
            if top not in tops and _is_own(code.co_filename, process.hook):
                codes.append(code)
        used = _among(names, sources.union(unit("interpreter.functions").imports(codes)))
    return used


def _among(names, sources):
    """Return the packages among ``names`` that a module of ``sources`` is, or belongs to."""
    text = "\n" + ".\n".join(sources) + "."
    found = []
    for name in names:
        if "\n" + name + "." in text:
            found.append(name)
    return found


def _is_own(path, hook):
    """Return whether a file is the user's: of no library, no installed package, not the hook's."""
    library = os.path.dirname(os.__file__) + "/"
    return "-packages/" not in path and not path.startswith((library, hook.here, "<frozen "))


def finish(record, packages, used, end, clock=None):
    """Complete a record. ``packages``: versions by name; ``used``: names of direct use, or None."""
    record["event_timestamp"] = timestamp(clock)
    record["end"] = end
    record["packages"] = kept = {}
    for name in sorted(packages):
        if len(facts.encode(name)) <= 128:
            kept[name] = packages[name]
    if used is not None:
        record["direct"] = list(filter(kept.__contains__, used))


def messages(record, body=None):
    """Return the messages, as bytes, that carry a record (RFC 5424).

    ``body``: its JSON, if known.
    """
    host = record.get("host", "-")
    if not host.isprintable() or " " in host or len(host.encode()) != len(host):
        host = "-"
    kind = "canary" if "canary" in record else "imports"
    head = "<134>1 %s %s customs %d %s - " % (record["event_timestamp"], host, record["pid"], kind)
    body = body or facts.encode(record)
    frame = min(AIM, _FRAME - len(head))
    texts = [body] if len(body) <= frame else unit("record.oversize").bodies(record, frame)
    found = []
    for text in texts:
        found.append((head + text).encode("ascii"))
    return found


def send(datagrams, servers):
    """Send ``datagrams`` (bytes) to one of ``servers``, chosen at random for the process.

    ``udp://ADDRESS:PORT`` with a numeric address, IPv6 in brackets, or ``unixgram:///PATH``. An
    address of another form gets nothing. If the system refuses to send to one, for example because
    a relay's socket is missing, the next is tried. The call does not wait. Returns whether one was
    sent to.
    """
    first = ord(os.urandom(1)) % len(servers) if len(servers) > 1 else 0
    for server in list(servers[first:]) + list(servers[:first]):
        try:
            if _send_by_library(datagrams, server) or unit("record.sockets").send(
                datagrams, server
            ):
                return True
        except Exception:
            continue
    return False


def timestamp(clock=None):
    """Return the time as RFC 3339 in UTC with microseconds. ``clock``: functions, if at hand."""
    if clock is None:
        import time

        clock = time.monotonic, time.time, time.gmtime
    now = clock[1]()
    moment = clock[2](int(now))
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (tuple(moment[:6]) + (int(now % 1 * 1e6),))


def _with_ordinary_import(hook, function, *arguments):
    """Call a function that may import, with the import system as it was at start."""
    path, meta_path, path_hooks, builtins, ordinary = hook.ordinary_import
    modules = sys.modules
    changed = sys.path, sys.meta_path, sys.path_hooks, builtins.__import__
    try:
        sys.path, sys.meta_path, sys.path_hooks = path, meta_path, path_hooks
        builtins.__import__ = ordinary
        if type(modules) is not dict:
            sys.modules = hook.modules
        return function(*arguments)
    finally:
        sys.path, sys.meta_path, sys.path_hooks, builtins.__import__ = changed
        sys.modules = modules


def _user_globals(process, watched):
    """Return the globals of the program and of its own modules; None: there are too many."""
    found = [presence.main_globals()] if process.has_own_program else []
    modules = process.modules
    standard = getattr(sys, "stdlib_module_names", ())
    own = set()
    try:
        # without parts of packages, because there may be thousands
        names = list(filter(str.isidentifier, modules))
    except TypeError:
        names = []
        for name in list(modules):
            if type(name) is str and "." not in name:
                names.append(name)
    for name in names:
        # a watched package is a library in any directory: sites put theirs on PYTHONPATH too
        if name in standard or name in watched or name == "__main__":
            continue
        variables = presence.namespace(modules.get(name))
        path = variables.get("__file__")
        if path is None and "__path__" in variables:
            # a package without a file of its own
            path = (getattr(variables["__path__"], "_path", None) or (None,))[0]
        if type(path) is str and _is_own(path, process.hook):
            own.add(name)
            found.append(variables)
            # each has at least five names, so there is too much to inspect
            if len(found) * 5 > _MOST_NAMES:
                return None
    if own:
        for name in list(modules):
            if type(name) is str:
                top, dot, _ = name.partition(".")
                if dot and top in own:
                    found.append(presence.namespace(modules.get(name)))
    return found


def ending(is_worker=False):
    if is_worker:
        # called during the worker's own end
        kind = sys.exc_info()[0]
        return "exit" if kind is None or kind is SystemExit else "exception"
    # the interpreter leaves this behind when it has printed a traceback
    kind = getattr(sys, "last_type", None)
    if kind is None or hasattr(sys, "ps1") or "ipykernel" in sys.modules:
        return "exit"
    trace = getattr(sys, "last_traceback", None)
    if type(trace).__name__ == "traceback" and trace.tb_frame.f_back is not None:
        # the exception did not end the program: a test runner printed it and went on
        return "exit"
    # the handler of SIGINT raises this one
    return "signal" if kind is KeyboardInterrupt else "exception"


def _send_by_library(datagrams, server):
    """Send to an IPv4 address by the C library, if the program has loaded ctypes, as numpy does.

    Loading the socket module would cost more than all the rest. Returns whether they were sent;
    False also if the other way is needed.
    """
    library = presence.namespace(sys.modules.get("ctypes")).get("pythonapi")
    if type(library).__name__ != "PyDLL" or os.uname().machine not in _MACHINES:
        return False
    host, _, port = server.strip().rpartition(":")
    numbers = host[6:].split(".")
    if (
        host[:6] != "udp://"
        or len(numbers) != 4
        or not (host[6:].replace(".", "") + port).isdigit()
    ):
        return False
    # sockaddr_in, ip(7): bytes() and to_bytes() refuse values out of range
    address = (2).to_bytes(2, sys.byteorder) + int(port).to_bytes(2, "big")
    address += bytes(map(int, numbers)) + bytes(8)
    # AF_INET, SOCK_DGRAM | SOCK_CLOEXEC
    descriptor = library["socket"](2, 0o2000002, 0)
    if descriptor < 0:
        return False
    try:
        for datagram in datagrams:
            # MSG_DONTWAIT
            if library["sendto"](descriptor, datagram, len(datagram), 64, address, 16) < 0:
                return False
        return True
    finally:
        os.close(descriptor)
