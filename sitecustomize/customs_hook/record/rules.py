"""A site's rules beyond a list of names: rules for packages, and for the place.

``sitecustomize`` loads this file only if there are such rules, and ``configure.py`` uses it to read
them. A list of packages has an entry a line; ``#`` begins a comment:

    pyfoo               an import name, as in sys.modules
    google.cloud.*      every module below google.cloud that is imported
    mkl_used = EXPR     a made-up name, used if EXPR is true: Python, with sys_modules
    -numpy              leaves out this name of the built-in list and its parts; -* leaves out all
"""

if "os" not in globals():
    import os
    import sys

    from customs_hook import presence

#: The largest number of names that a rule may add to a record.
_MAXIMUM = 1000


def parse(text, is_strict=False):
    """Return names, names to leave out, prefixes, predicates and errors of a list's text.

    A predicate is a pair of name and expression, an error a pair of line number and sentence.
    Entries with errors are left out of the rest. ``is_strict``: whether Python may warn of an
    expression.
    """
    names, without, prefixes, predicates, errors = [], [], [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip()
        name, equals, expression = [part.strip() for part in entry.partition("=")]
        if not entry or entry.startswith("#"):
            continue
        # a comment is not an expression
        if equals and "#" not in name and not expression.startswith("="):
            if not name.isprintable() or len(name.split()) != 1 or len(name) >= 128:
                errors.append((number, "before = stands a name, without spaces"))
                continue
            try:
                _compile(expression) if is_strict else _silently(_compile, expression)
                predicates.append((name, expression))
            except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
                errors.append((number, "after = stands a Python expression: %s" % error))
            continue
        entry = entry.partition("#")[0].strip()
        if entry == "-*" or (entry.startswith("-") and is_import_name(entry[1:])):
            without.append(entry[1:])
        elif entry.endswith(".*") and is_import_name(entry[:-2]):
            prefixes.append(entry[:-1])
        elif is_import_name(entry):
            names.append(entry)
        else:
            errors.append((number, "write an import name, NAME.*, NAME = EXPRESSION, or -NAME"))
    return names, without, prefixes, predicates, errors


def _compile(expression):
    return compile(expression, "<rule>", "eval")


def _silently(function, *arguments):
    """Call a function without warnings, which the interpreter would show to the user."""
    filters = getattr(sys.modules.get("warnings"), "filters", None)
    if type(filters) is not list:
        filters = getattr(sys.modules.get("_warnings"), "filters", [])
    silence = ("ignore", None, Warning, None, 0)
    filters.insert(0, silence)
    try:
        return function(*arguments)
    finally:
        filters.remove(silence)


def is_import_name(text):
    return len(text) < 128 and all([part.isidentifier() for part in text.split(".")])


def apply(watched, without):
    """Return the built-in names without those that a list leaves out, and their parts."""
    if "*" in without:
        return []
    parts = tuple([name + "." for name in without])
    return [name for name in watched if name not in without and not name.startswith(parts)]


def extend(hook):
    """Add to the watched names: the list that CUSTOMS_PACKAGES names, or all installed packages.

    Errors in the list are skipped, because the hook must not print.
    """
    site = hook.SITE
    path = os.environ.get("CUSTOMS_PACKAGES")
    if path:
        names, without, prefixes, predicates, _ = parse(_content(path))
        hook.watched = set(apply(hook.WATCHED.split(), without) + names + parents(names, prefixes))
        site["prefixes"] += tuple(prefixes)
        site["predicates"] += tuple(predicates)
    hook.everything = site["everything"] > 0 and is_chosen(site["everything"])


def _content(path):
    """Return a list's text; nothing if it cannot be read.

    A FIFO or a terminal in its place is not read, because that could block.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.read(descriptor, 1000000).decode("utf-8", "replace")
        finally:
            os.close(descriptor)
    except OSError:
        return ""


def parents(names, prefixes):
    """Return the packages whose parts are watched."""
    parts = [name for name in names if "." in name] + list(prefixes)
    return sorted(set([part.partition(".")[0] for part in parts]))


def place(site):
    """Return the values that the rules give for this process, by the record's keys."""
    found = {}
    for key, name in (("compute", "is_compute"), ("staff", "is_staff")):
        if site[key]:
            found[name] = any([holds(condition) for condition in site[key]])
    for key in ("system", "subsystem"):
        found[key] = _first_text(site[key])
    return found


def is_chosen(fraction):
    """Return whether this process is in the ``fraction`` of jobs whose packages are all recorded.

    It is the same for all processes of a job. Processes outside of jobs are in it only if all are.
    """
    if fraction >= 1:
        return True
    job = os.environ.get("SLURM_JOB_ID") or os.environ.get("SLURM_JOBID")
    if not job:
        return False
    # FNV-1a, 32 bits, and its last mixing: job ids differ in their last digits
    number = 0x811C9DC5
    for character in job:
        number = (number ^ ord(character)) * 0x01000193 & 0xFFFFFFFF
    number ^= number >> 16
    number = number * 0x85EBCA6B & 0xFFFFFFFF
    number ^= number >> 13
    return number / 4294967296.0 < fraction


def matching(process):
    """Return the names that prefixes, predicates and "all that is installed" find, sorted."""
    modules = process.modules
    prefixes, everything = process.site["prefixes"], process.hook.everything
    found = set()
    if prefixes or everything:
        for name, module in list(modules.items()):
            if type(name) is not str or not presence.is_imported(module):
                continue
            is_below = prefixes and name.startswith(prefixes)
            if is_below or (everything and _is_installed(name, module)):
                found.add(name)
    for name, expression in process.site["predicates"]:
        try:
            if _silently(_is_true, expression, modules):
                found.add(name)
        except Exception:
            pass
    return sorted(found)[:_MAXIMUM]


def _is_true(expression, modules):
    # the site's own expression, from its own configuration
    return bool(eval(_compile(expression), {"sys_modules": modules}))


def _is_installed(name, module):
    """Return whether a module is a top-level one of an installed distribution.

    The user's own modules lie elsewhere, and are not recorded.
    """
    if "." in name or name.startswith(("_", "__editable__")) or not name.isidentifier():
        return False
    variables = presence.namespace(module)
    path = variables.get("__file__")
    if type(path) is not str:
        path = next(iter(getattr(variables.get("__path__"), "_path", None) or [""]), "")
    return "/site-packages/" in path or "/dist-packages/" in path


def _first_text(rules):
    """Return the text of the first rule that holds; ``$NAME`` is an environment variable."""
    for text, condition in rules:
        if condition and not holds(condition):
            continue
        if text.startswith("$"):
            text = os.environ.get(text[1:])
        if text:
            return text
    return None


def holds(condition):
    """Return whether a condition holds.

    They are ``host:PATTERN``, ``env:NAME[=PATTERN]``, ``group:GID`` and ``uid:UID``.
    """
    kind, _, argument = condition.partition(":")
    if kind == "host":
        return _matches(os.uname().nodename, argument)
    if kind == "env":
        name, equals, value = argument.partition("=")
        found = os.environ.get(name)
        return bool(found) if not equals else found is not None and _matches(found, value)
    if kind == "group":
        return int(argument) == os.getgid() or int(argument) in os.getgroups()
    return kind == "uid" and int(argument) == os.getuid()


def _matches(text, pattern):
    """Return whether ``text`` matches ``pattern``, in which ``*`` stands for any characters."""
    first, *others = pattern.split("*")
    if not others:
        return text == first
    if not text.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return text.endswith(others[-1]) and len(text) - len(others[-1]) >= at
