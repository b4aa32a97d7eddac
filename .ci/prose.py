"""Refuses long sentences, long lines and riddling phrases in documents (docs/style.md).

A document is checked from the commit on that rewrites it in plain English: then it joins `PLAIN`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLAIN = [
    "README.md",
    "docs/architecture.md",
    "docs/canaries.md",
    "docs/data-model.md",
    "docs/for-users.md",
    "docs/glossary.md",
    "docs/hook.md",
    "docs/journal-format.md",
    "docs/life-of-a-record.md",
    "docs/operations.md",
    "docs/performance.md",
    "docs/privacy.md",
    "docs/questions.md",
    "docs/record.md",
    "docs/security.md",
    "docs/slurm.md",
    "docs/style.md",
]
LONGEST_SENTENCE = 35
LONGEST_LINE = 100
#: Ways to build a sentence that a reader has to take apart again.
PHRASES = re.compile(
    r"\b(nobody|whoever|of which|that stand|so many|for ever|to be had|upkeep)\b", re.IGNORECASE
)


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Yields the number of a line and what is wrong there."""
    for number, line in enumerate(text.splitlines(), 1):
        # a table's row cannot be broken
        if len(line) > LONGEST_LINE and not line.startswith("|"):
            yield number, f"{len(line)} columns; at most {LONGEST_LINE}"
    for number, sentence in sentences(text):
        words = len(sentence.split())
        if words > LONGEST_SENTENCE:
            yield (
                number,
                f"a sentence of {words} words; at most {LONGEST_SENTENCE}: {sentence[:60]}",
            )
        if found := PHRASES.search(sentence):
            yield number, f"avoid '{found[0]}': {sentence[:60]}"


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


def main() -> int:
    count = 0
    for name in PLAIN:
        for number, fault in faults((ROOT / name).read_text()):
            print(f"{name}:{number}: {fault}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
