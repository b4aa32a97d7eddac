"""Compiles the hook for the interpreter that runs this; `customs hook install` runs it with each.

    EXE -I -S -B build.py TREE PREFIX     compile TREE, which will lie at PREFIX
    EXE -I -S -B build.py --check TREE    print the files that a start would have to compile

Compiled files are not checked against their source (PEP 552), so that a start reads one file less;
before 3.7 they have the source's time. The parts that run in users' programs are also in one file,
``parts.TAG.pyc``, which is read at once. It has a table with the code of the parts that every
process with a watched package needs, and the offsets of the others, counted from the file's end.
Unpacking is most of the hook's cost. So docstrings, names of local variables and line numbers are
left out, and functions that few programs call are packed by themselves. If not all files could be
compiled, the exit status is 1, and standard error has the reasons.
"""

import ast
import glob
import hashlib
import importlib.util
import marshal
import os
import string
import sys

#: The file name of code that runs beside a program: coverage tools do not take it for a file.
_NAME = "<customs hook>"
#: The largest size of a part of the hook that a process reads, bytes.
_LONGEST = 130000
_IS_CHECKED = sys.version_info < (3, 7)
#: Folders with what runs in users' processes, below ``customs_hook``.
_FOLDERS = ("", "interpreter", "program", "record")
#: Modules there that never run in users' programs, or only as ordinary ones.
_ALONE = ("__init__", "core", "python2", "reporters", "sources", "standalone")
#: Parts that every process with a watched package needs. What they share is there once.
_ORDINARY = ("facts", "imports", "presence", "report", "sandbox", "trace")
#: Functions that few programs call, by their files.
_RARE = {"sitecustomize": ("arm", "unit"), "sandbox": ("_filters",)}


def sources(tree):
    """Return the sources as paths below the tree."""
    found = []
    for pattern in ("/*.py", "/*/*.py", "/*/*/*.py"):
        found += glob.glob(glob.escape(tree) + pattern)
    return sorted([os.path.relpath(path, tree) for path in found])


def compiled(source):
    """Return the names under which an interpreter looks for a file's compiled form.

    The import system has other names for ``python -O`` and ``-OO``; the hook's own loader does not.
    """
    head, name = os.path.split(source)
    stem = os.path.join(head, "__pycache__", name[:-3] + "." + sys.implementation.cache_tag)
    return [stem + suffix + ".pyc" for suffix in (("",) if head else ("", ".opt-1", ".opt-2"))]


def build(tree, prefix):
    """Compile the tree; return the errors."""
    errors = []
    for source in sources(tree):
        path = os.path.join(tree, source)
        name = _NAME if os.path.dirname(source) else os.path.join(prefix, source)
        try:
            rare = _RARE["sitecustomize"] if source == "sitecustomize.py" else ()
            data = _head(path) + marshal.dumps(_compile(path, name, rare))
            if len(data) > _LONGEST:
                errors.append("%s: too long to be read: %d bytes" % (source, len(data)))
            for target in compiled(source):
                _write(os.path.join(tree, target), data)
        except (SyntaxError, OSError, ValueError) as error:
            errors.append("%s: %s" % (source, error))
    if not errors:
        try:
            _write_parts(tree)
        except (OSError, ValueError) as error:
            errors.append("customs_hook: %s" % error)
    return errors


class _Version(ast.NodeTransformer):
    """Decides what depends on the interpreter's version, which the compiler then leaves out.

    ``is_part``: whether the code is to be loaded by ``sitecustomize``. It gives a part the names
    that an ordinary module imports where they are not among its globals.
    """

    def __init__(self, is_part):
        self.is_part = is_part

    def visit_Compare(self, node):
        self.generic_visit(node)
        left = node.left
        other = node.comparators[0]
        is_of_globals = isinstance(other, ast.Call) and getattr(other.func, "id", "") == "globals"
        if self.is_part and is_of_globals:
            return ast.copy_location(ast.parse("False").body[0].value, node)
        is_version = (
            isinstance(left, ast.Attribute)
            and left.attr == "version_info"
            and isinstance(left.value, ast.Name)
            and left.value.id == "sys"
        )
        if not is_version:
            return node
        text = compile(ast.Expression(node), "<version>", "eval")
        value = ast.parse(str(eval(text, {"sys": sys}))).body[0].value
        return ast.copy_location(value, node)


class _Packed(ast.NodeTransformer):
    """Packs functions that few programs call: their constants and names are not made at each start.

    At its first call a function is unpacked. Its callers can cope with a failure of that.
    """

    def __init__(self, functions, name):
        self.functions, self.name = functions, name

    def visit_FunctionDef(self, node):
        if node.name not in self.functions:
            return node
        module = ast.parse("")
        module.body = [node]
        constants = compile(module, self.name, "exec", dont_inherit=True, optimize=2).co_consts
        [code] = [constant for constant in constants if hasattr(constant, "co_code")]
        arguments = ", ".join([argument.arg for argument in node.args.args])
        text = "{0}.__code__ = loads({1!r})\nreturn {0}({2})"
        packed = marshal.dumps(_bare(code))
        node.body = ast.parse(text.format(node.name, packed, arguments)).body
        return node


def _compile(path, name, rare=(), is_part=False):
    with open(path, "rb") as file:
        tree = ast.parse(file.read(), path)
    tree = ast.fix_missing_locations(_Version(is_part).visit(tree))
    tree = ast.fix_missing_locations(_Packed(rare, _NAME).visit(tree))
    return _bare(compile(tree, name, "exec", dont_inherit=True, optimize=2))


def _head(path):
    """Return the header of a compiled file."""
    with open(path, "rb") as file:
        text = file.read()
    if _IS_CHECKED:
        made = int(os.stat(path).st_mtime) & 0xFFFFFFFF
        return (
            importlib.util.MAGIC_NUMBER
            + made.to_bytes(4, "little")
            + len(text).to_bytes(4, "little")
        )
    return importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + importlib.util.source_hash(text)


def _write(path, data):
    directory = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o644)
    os.chmod(directory, 0o755)


def stale(tree):
    """Return the sources whose compiled form is missing or out of date."""
    found = [
        source
        for source in sources(tree)
        if not all([_is_current(tree, source, target) for target in compiled(source)])
    ]
    try:
        with open(_parts_path(tree), "rb") as file:
            head = file.read(16)
    except OSError:
        head = b""
    return found if head == _parts_head(tree) else found + ["customs_hook"]


def _write_parts(tree):
    """Write the file that a process reads when it needs the first part."""
    table, rest = {}, b""
    for part, path in _parts(tree):
        code = _compile(path, _NAME, _RARE.get(part, ()), True)
        if part not in _ORDINARY:
            rest = marshal.dumps(code) + rest
        table[part] = code if part in _ORDINARY else -len(rest)
    data = _parts_head(tree) + marshal.dumps(table) + rest
    if len(data) > _LONGEST:
        raise ValueError("too long to be read: %d bytes" % len(data))
    _write(_parts_path(tree), data)


def _bare(code):
    """Return a code object with all code in one line, and with equal names of local variables.

    From 3.11 on, the table of lines is half of its size. An entry of the table covers at most eight
    units of code. Here each entry says that there are no columns, and the same line (CPython,
    InternalDocs/code_objects.md). The table ends where the code ends: in a traced program the
    interpreter writes a line for each entry. Names of arguments, and names shared with other
    functions, stay.
    """
    if sys.version_info < (3, 11):
        return code
    constants = [_bare(c) if type(c) is type(code) else c for c in code.co_consts]
    count = code.co_argcount + code.co_kwonlyargcount
    names = list(code.co_varnames)
    kept = names[:count] + list(code.co_cellvars + code.co_freevars)
    spare = [letter for letter in string.ascii_letters if letter not in kept]
    for at, letter in zip(range(count, len(names)), spare):
        names[at] = letter
    places = b""
    for at in range(0, len(code.co_code) // 2, 8):
        units = min(8, len(code.co_code) // 2 - at)
        places += bytes([0x80 | 13 << 3 | units - 1, 0])
    return code.replace(co_consts=tuple(constants), co_varnames=tuple(names), co_linetable=places)


def _parts(tree):
    """Return the names of the parts, and the paths of their sources, sorted."""
    found = []
    for folder in _FOLDERS:
        directory = os.path.join(glob.escape(tree), "customs_hook", folder)
        for path in glob.glob(os.path.join(directory, "*.py")):
            name = os.path.basename(path)[:-3]
            if name not in _ALONE:
                found.append((folder + "." + name if folder else name, path))
    return sorted(found)


def _parts_path(tree):
    name = "parts.%s.pyc" % sys.implementation.cache_tag
    return os.path.join(tree, "customs_hook", "__pycache__", name)


def _parts_head(tree):
    """Return the file's header: that of a compiled file (PEP 552), for all its sources."""
    texts = hashlib.sha256()
    for part, path in _parts(tree):
        with open(path, "rb") as file:
            texts.update(b"%s %s" % (part.encode(), file.read()))
    return importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + texts.digest()[:8]


def _is_current(tree, source, target):
    head = _head(os.path.join(tree, source))
    try:
        with open(os.path.join(tree, target), "rb") as file:
            return file.read(len(head)) == head
    except OSError:
        return False


def main(arguments):
    if arguments[:1] == ["--check"]:
        for source in stale(arguments[1]):
            print(source)
        return 0
    errors = build(*arguments)
    for error in errors:
        sys.stderr.write("%s\n" % error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
