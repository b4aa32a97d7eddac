"""Compiles the hook for the interpreter that runs this; `customs hook install` does so for each.

    EXE -I -S -B build.py TREE PREFIX     compile TREE, which will lie at PREFIX
    EXE -I -S -B build.py --check TREE    print the files that a start would have to compile

What is written is not checked against its source (PEP 552), so that a start looks at one file less;
before 3.7 it has the source's time. Docstrings are left out. Exit status 1, and sentences on
standard error: not all could be compiled.
"""

import glob
import os
import py_compile
import sys

#: Bytes that a process reads of a part of the hook at most.
_LONGEST = 100000
_IS_CHECKED = sys.version_info < (3, 7)


def sources(tree):
    """Return the sources as paths below the tree."""
    found = glob.glob(glob.escape(tree) + "/*.py") + glob.glob(glob.escape(tree) + "/*/*.py")
    return sorted([os.path.relpath(path, tree) for path in found])


def compiled(source):
    """Return the names under which an interpreter looks for a file's compiled form.

    The import system has names of its own for ``python -O`` and ``-OO``; the hook's own loader
    has not.
    """
    head, name = os.path.split(source)
    stem = os.path.join(head, "__pycache__", name[:-3] + "." + sys.implementation.cache_tag)
    return [stem + suffix + ".pyc" for suffix in (("",) if head else ("", ".opt-1", ".opt-2"))]


def build(tree, prefix):
    """Compile the tree; return what went wrong."""
    errors = []
    for source in sources(tree):
        path = os.path.join(tree, source)
        # what runs while a program does is not to be taken for a file of it by coverage tools
        name = "<customs hook>" if os.path.dirname(source) else os.path.join(prefix, source)
        options = {"dfile": name, "doraise": True, "optimize": 2}
        if not _IS_CHECKED:
            options["invalidation_mode"] = py_compile.PycInvalidationMode.UNCHECKED_HASH
        for target in compiled(source):
            target = os.path.join(tree, target)
            try:
                py_compile.compile(path, target, **options)
                os.chmod(target, 0o644)
                os.chmod(os.path.dirname(target), 0o755)
                if os.path.getsize(target) > _LONGEST:
                    errors.append("%s: too long to be read: %s" % (source, target))
            except (py_compile.PyCompileError, OSError, ValueError) as error:
                errors.append("%s: %s" % (source, error))
    return errors


def stale(tree):
    """Return the sources whose compiled form is missing or not of what they now are."""
    return [
        source
        for source in sources(tree)
        if not all([_is_current(tree, source, target) for target in compiled(source)])
    ]


def _is_current(tree, source, target):
    import importlib.util

    path = os.path.join(tree, source)
    try:
        with open(os.path.join(tree, target), "rb") as file:
            head = file.read(16)
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return False
    if head[:4] != importlib.util.MAGIC_NUMBER:
        return False
    if _IS_CHECKED:
        made = int(os.stat(path).st_mtime) & 0xFFFFFFFF
        return head[4:12] == made.to_bytes(4, "little") + len(text).to_bytes(4, "little")
    return head[4:8] == b"\1\0\0\0" and head[8:16] == importlib.util.source_hash(text)


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
