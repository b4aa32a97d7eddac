"""Records as JSON: the same text as Python's own module would write, which the hook avoids."""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import pytest
from support.receiver import HOOK

sys.path.insert(0, str(HOOK))
from customs_hook.facts import encode

#: What Python writes in another way than JSON, and what looks like Python's words and marks.
TEXTS = [
    *("", "a", "a b", "True", " True", ": None", "[None", "', '", "it's", '"', "\\", "\n", "\x7f"),
    *("é", "\u20ac", "\U0001f600", "\ud800", "{", "}", "x, y", "/usr/bin/python3"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_back(text: str) -> None:
    for value in (text, {text: text}, {"a": [text], "b": {text: None}, "c": True}):
        assert json.loads(encode(value)) == value


def test_any_record_comes_back_and_has_no_blanks() -> None:
    chance = random.Random(1)

    def value(depth: int) -> Any:
        kind = chance.randrange(8 if depth < 3 else 6)
        if kind == 7:
            return {chance.choice("abcde"): value(depth + 1) for _ in range(4)}
        if kind == 6:
            return [value(depth + 1) for _ in range(chance.randrange(4))]
        plain = "".join(chance.choices("abz/._-019", k=5))
        numbers = chance.randrange(10**9), chance.random() * 1000
        return chance.choice([True, False, None, *numbers, chance.choice(TEXTS), plain])

    for _ in range(3000):
        record = {name: value(0) for name in "abcdef"}
        text = encode(record)
        assert text.isascii()
        assert json.loads(text) == record
        # only a deleted character is written longer
        compact = json.dumps(record, separators=(",", ":"))
        assert len(text) <= len(compact) + 5 * compact.count("\x7f")
