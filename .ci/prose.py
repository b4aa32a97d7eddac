"""Refuses long sentences, long lines and riddles in documents, help, comments (docs/style.md)."""

from __future__ import annotations

import ast
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ["*.md", "docs/**/*.md", "etc/**/*.md", "Fuzz/*/README.md", "Acceptance/README.md"]
#: Swift files with the help of the two commands.
COMMANDS = ["Sources/customs/**/*.swift", "Sources/customsd/**/*.swift"]
#: Folders and kinds of code whose comments and lines are checked; ruff checks lines of Python.
CODE = ["Sources", "Tests", "Fuzz", "Acceptance", "sitecustomize", "bench", "demo", ".ci", "etc"]
KINDS = {".swift", ".c", ".h", ".py"}
LONGEST_SENTENCE = 35
LONGEST_LINE = 100
LONGEST_CODE_LINE = 120
#: Phrases that build riddles.
PHRASES = re.compile(
    r"\b(nobody|whoever|of which|that stand|so many|for ever|to be had|upkeep)\b", re.IGNORECASE
)
#: A comment in Swift or C, with the lines of comment that follow it.
COMMENT = re.compile(r"(?:^|(?<=\s))//.*(?:\n\s*//.*)*|/\*[\s\S]*?\*/", re.MULTILINE)
#: A literal that `--help` shows: behind `abstract:`, `discussion:` or `help:`.
HELP = re.compile(
    r'\b(?:abstract|discussion|help):\s*(?:(?:prose|ArgumentHelp)\(\s*)?("""\n.*?"""|"(?:\\.|[^"\\])*")',
    re.DOTALL,
)


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Yields faults of sentences with the number of their line."""
    for number, sentence in sentences(text):
        words = len(sentence.split())
        if words > LONGEST_SENTENCE:
            yield (
                number,
                f"a sentence of {words} words; at most {LONGEST_SENTENCE}: {sentence[:60]}",
            )
        if found := PHRASES.search(sentence):
            yield number, f"avoid '{found[0]}': {sentence[:60]}"


def long_lines(text: str, longest: int = LONGEST_LINE) -> Iterator[tuple[int, str]]:
    """Yields lines that are too long with their numbers; a table's row cannot be broken."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > longest and not line.startswith("|"):
            yield number, f"{len(line)} columns; at most {longest}"


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yields sentences outside of code, with the line where their paragraph or cell begins."""
    text = re.sub(r"```.*?```", lambda code: "\n" * code[0].count("\n"), text, flags=re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "CODE", text)
    paragraph, start, in_list = "", 0, False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line[:1].strip():
            in_list = bool(re.match(r"([-*]|\d+\.)\s", line)) or (
                in_list and bool(paragraph.strip())
            )
        is_code = line.startswith(" " * (8 if in_list else 4))
        begins = re.match(r"\s*(#|[-*|]|\d+\.)\s?|\s*$", line) or is_code
        if begins and paragraph:
            yield from ((start, part) for part in re.split(r"(?<=[.!?:;])\s+|\|", paragraph))
            paragraph = ""
        if is_code:
            continue
        if not paragraph:
            start = number
        paragraph += " " + line


def help_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yields texts of `--help` in a Swift file as documents, with the line before each."""
    for found in HELP.finditer(source):
        text = found[1].strip('"').lstrip("\n")
        # indented lines are examples or lists; a line may go on after a backslash
        text = textwrap.dedent(text).replace("\\\n", "\n")
        text = re.sub(r"^ +.*|^[A-Z ]+$", "", text, flags=re.MULTILINE)
        yield source.count("\n", 0, found.start(1)), text


def comments(source: str, is_python: bool) -> Iterator[tuple[int, str]]:
    """Yields comments and docstrings of a file of code with the line where each begins."""
    if not is_python:
        for found in COMMENT.finditer(source):
            yield source.count("\n", 0, found.start()) + 1, re.sub(r"\n\s*[/*]*", " ", found[0])
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            yield node.body[0].lineno, ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def code_faults() -> Iterator[str]:
    """Yields each riddle in comments, and each long line of Swift and C, with its file and line."""
    paths = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*"))]
    for path in paths:
        name = str(path.relative_to(ROOT))
        if path.suffix not in KINDS:
            continue
        source, is_python = path.read_text(), path.suffix == ".py"
        for number, comment in comments(source, is_python):
            text = " ".join(comment.split())
            if found := PHRASES.search(text):
                yield f"{name}:{number}: avoid '{found[0]}' in a comment: {text[:60]}"
        for number, fault in [] if is_python else long_lines(source, LONGEST_CODE_LINE):
            yield f"{name}:{number}: {fault}"


def all_faults() -> Iterator[str]:
    """Yields each fault of documents, help and code with its file and line."""
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            text = path.read_text()
            for number, fault in [*long_lines(text), *faults(text)]:
                yield f"{path.relative_to(ROOT)}:{number}: {fault}"
    for pattern in COMMANDS:
        for path in sorted(ROOT.glob(pattern)):
            for before, text in help_texts(path.read_text()):
                for number, fault in faults(text):
                    yield f"{path.relative_to(ROOT)}:{before + number}: {fault}"
    yield from code_faults()


def main() -> int:
    found = list(all_faults())
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
