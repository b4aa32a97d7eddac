"""Refuses long sentences, long lines and riddles in documents and help (docs/style.md)."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ["*.md", "docs/**/*.md", "etc/**/*.md", "Fuzz/*/README.md"]
#: Swift files with the help of the two commands.
COMMANDS = ["Sources/customs/**/*.swift", "Sources/customsd/**/*.swift"]
LONGEST_SENTENCE = 35
LONGEST_LINE = 100
#: Phrases that build riddles.
PHRASES = re.compile(
    r"\b(nobody|whoever|of which|that stand|so many|for ever|to be had|upkeep)\b", re.IGNORECASE
)
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


def long_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields lines that are too long with their numbers; a table's row cannot be broken."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE and not line.startswith("|"):
            yield number, f"{len(line)} columns; at most {LONGEST_LINE}"


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


def all_faults() -> Iterator[str]:
    """Yields each fault of documents and help with its file and line."""
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


def main() -> int:
    found = list(all_faults())
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
