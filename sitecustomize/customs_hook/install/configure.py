"""Writes a site's settings into the text of sitecustomize.py; `customs hook install` runs this.

    python3 -I -S configure.py --template SITECUSTOMIZE --server URL... [--packages FILE]
        [--config FILE] [--trace-dir DIR] [--opt-out-file FILE]

The text goes to standard output. All errors go to standard error as ``FILE:LINE: what to do``. The
exit status is 64 if a flag is wrong, 78 if a file is. ``rules.py`` describes a list of packages,
and ``settings.py`` the other file. Flags win.

The settings are in sitecustomize.py itself, so that a start need not read another file.
"""

import argparse
import ast
import builtins
import importlib.machinery
import os
import sys
import warnings

if __name__ == "__main__":
    # with -I, modules beside the program are not found by default
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from customs_hook.install import settings
from customs_hook.record import rules

#: The marks in sitecustomize.py around the site's settings.
BEGIN = "# --- site:"
END = "# --- end of what the site has set"
#: Begins the lines in which a configured file keeps the built-in list.
_BUILT_IN = "# built in:"

_USAGE, _CONFIGURATION = 64, 78


def configure(template, watched, site):
    """Return the text of sitecustomize.py with the site's settings."""
    before, _, after = _divided(template)
    lines = ["", 'WATCHED = """'] + _filled(watched, "") + ['"""', "", "SITE = {"]
    lines += ["    %s: %s," % (ascii(key), ascii(site[key])) for key in sorted(site)]
    lines += ["}", ""] + _filled(built_in(template), _BUILT_IN + " ") + ["", ""]
    return before + "\n".join(lines) + after


def built_in(template):
    """Return the names that are watched by default.

    A configured file keeps them in comments, so that it can be configured again.
    """
    block = _divided(template)[1]
    kept = [line[len(_BUILT_IN) :] for line in block.splitlines() if line.startswith(_BUILT_IN)]
    return settings.unique(" ".join(kept or [_values(block)["WATCHED"]]).split())


def site(template, *changes):
    """Return SITE: the template's values, then the defaults, then the changes."""
    found = dict(_values(_divided(template)[1])["SITE"])
    for values in ({"prefixes": (), "predicates": (), "standard": ()}, settings.DEFAULTS, *changes):
        found.update(values)
    return found


def watched(template, listing):
    """Return the names to watch, prefixes, predicates, and pairs of line and error of a list."""
    known = built_in(template)
    names, without, prefixes, predicates, errors = rules.parse(listing, True)
    for name in without:
        if name != "*" and name not in known:
            sentence = "%r is not in the built-in list; take the line out" % name
            errors.append((_line(listing, name, 1), sentence))
    for predicate in predicates:
        unknown = _unknown_names(predicate[1])
        if unknown:
            sentence = "a process that ends has no %s; ask sys_modules" % ", ".join(unknown)
            errors.append((_line(listing, predicate, 3), sentence))
    found = rules.apply(known, without) + names
    found = settings.unique(found + rules.parents(found, prefixes))
    return found, tuple(settings.unique(prefixes)), tuple(predicates), sorted(errors)


def standard(names):
    """Return those of the names that may be of the standard library.

    At an exit without a noticed import, they are separated from the others at once.
    """
    find = importlib.machinery.PathFinder.find_spec
    tops = [(name, name.partition(".")[0]) for name in names]
    # this program runs without site, so it finds only modules of the library
    return tuple([name for name, top in tops if top in sys.builtin_module_names or find(top)])


def _line(listing, entry, kind):
    """Return the number of an entry's line; ``kind``: its index in ``rules.parse``'s result."""
    lines = enumerate(listing.splitlines(), 1)
    return next(number for number, line in lines if entry in rules.parse(line)[kind])


def _unknown_names(expression):
    """Return the names in an expression that would be undefined at its evaluation."""
    nodes = [node for node in ast.walk(ast.parse(expression, mode="eval"))]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    known = {"sys_modules", *dir(builtins), *[node.arg for node in nodes if type(node) is ast.arg]}
    known.update([name.id for name in names if not isinstance(name.ctx, ast.Load)])
    return sorted({name.id for name in names} - known)


def _divided(template):
    """Return the text up to the end of the first mark's line, the block, and the rest."""
    start, end = template.find("\n" + BEGIN), template.find("\n" + END)
    if not 0 < start < end:
        raise settings.Wrong("this is no sitecustomize.py of this hook: its marks are missing")
    start = template.index("\n", start + 1) + 1
    return template[:start], template[start : end + 1], template[end + 1 :]


def _values(block):
    variables = {}
    exec(block, variables)
    return variables


def _filled(names, head):
    """Return lines of at most 100 characters that hold the names, in ASCII."""
    lines = []
    for name in [ascii(name)[1:-1] for name in names]:
        if lines and len(lines[-1]) + len(name) < 100:
            lines[-1] += " " + name
        else:
            lines.append(head + name)
    return lines


class _Arguments(argparse.ArgumentParser):
    def error(self, message):
        sys.stderr.write("%s\n" % message)
        sys.exit(_USAGE)


def _arguments():
    parser = _Arguments(allow_abbrev=False)
    parser.add_argument("--template", required=True)
    parser.add_argument("--server", action="append", nargs="+", default=[])
    for flag in ("--packages", "--config", "--trace-dir", "--opt-out-file"):
        parser.add_argument(flag)
    return parser.parse_args()


def _flags(arguments):
    """Return the flags' settings, by the keys of SITE, and the errors in them."""
    found, errors = {}, []
    flags = [("--trace-dir", "trace_dir", settings.path, arguments.trace_dir)]
    flags += [("--opt-out-file", "opt_out_file", settings.path, arguments.opt_out_file)]
    for url in [url for urls in arguments.server for url in urls]:
        flags.append(("--server", "servers", settings.servers, url))
    for flag, key, read, value in flags:
        try:
            if value is not None:
                values = read(value)
                found[key] = found.get(key, ()) + values if key == "servers" else values
        except settings.Wrong as error:
            errors.append("%s %s" % (flag, error))
    if "servers" in found:
        found["servers"] = tuple(settings.unique(found["servers"]))
    return found, errors


def _text(path, errors):
    """Return a file's text; if it cannot be read, return nothing and add an error."""
    if path is None:
        return ""
    try:
        with open(path, "rb") as file:
            data = file.read()
        return data.decode("utf-8-sig")
    except OSError as error:
        errors.append("%s: it cannot be read: %s" % (path, error.strerror))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        errors.append("%s:%d: this is not UTF-8; save the file as UTF-8" % (path, line))
    return ""


def main():
    # a warning of Python's here would appear in each process
    warnings.simplefilter("error")
    arguments = _arguments()
    flags, wrong_flags = _flags(arguments)
    errors = []
    template = _text(arguments.template, errors)
    listing, configuration = _text(arguments.packages, errors), _text(arguments.config, errors)
    from_file, found = settings.read(configuration)
    errors += ["%s:%d: %s" % (arguments.config, line, sentence) for line, sentence in found]
    text = ""
    try:
        names, prefixes, predicates, found = watched(template, listing)
        errors += ["%s:%d: %s" % (arguments.packages, line, sentence) for line, sentence in found]
        rest = {"prefixes": prefixes, "predicates": predicates, "standard": standard(names)}
        values = site(template, from_file, flags, rest)
        if not (names or prefixes or predicates or values["everything"]):
            errors.append("%s: this leaves nothing to watch; add a name" % arguments.packages)
        text = configure(template, names, values)
        # later the difference would be lost
        compile(text, arguments.template, "exec")
    except settings.Wrong as error:
        errors.append("%s: %s" % (arguments.template, error))
    if not wrong_flags and not errors and "servers" not in from_file and "servers" not in flags:
        wrong_flags.append("--server URL: say where records go, for example udp://192.0.2.1:5140")
    for error in wrong_flags + errors:
        # a path that is not UTF-8 must not hide the reason
        sys.stderr.write(error.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    if wrong_flags or errors:
        return _USAGE if wrong_flags else _CONFIGURATION
    sys.stdout.buffer.write(text.encode("ascii"))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
