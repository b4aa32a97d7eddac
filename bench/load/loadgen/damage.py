"""Ways to damage a record, each with the one reason for which customsd must reject it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from loadgen.records import Sample, encode

Damage = Callable[[Sample, random.Random], bytes]


def _changed(sample: Sample, **changes: object) -> bytes:
    return encode(sample.record | changes, header=sample.record)


def _without(sample: Sample, key: str) -> bytes:
    return encode(
        {name: value for name, value in sample.record.items() if name != key}, header=sample.record
    )


def _cut(sample: Sample, draw: random.Random) -> bytes:
    whole = sample.datagram
    # After the opening brace and before the closing one: the start of an object that never ends.
    return whole[: draw.randrange(whole.index(b"{") + 1, len(whole) - 1)]


def _not_utf8(sample: Sample, draw: random.Random) -> bytes:
    name = sample.program.username.encode()
    bad = draw.choice((b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1"))
    return sample.datagram.replace(b'"username":"' + name, b'"username":"' + bad + name)


def _too_deep(sample: Sample, draw: random.Random) -> bytes:
    depth = draw.randint(1_000, 2_000)
    nested = "[" * depth + "]" * depth
    whole = sample.datagram
    return whole[:-1] + b',"nested":' + nested.encode() + b"}"


def _too_long(sample: Sample, draw: random.Random) -> bytes:
    return _changed(sample, padding="x" * draw.randint(8_192, 30_000))


def _bad_header(sample: Sample, draw: random.Random) -> bytes:
    return draw.choice(
        (b"<134>1 - host customs 1 imports [open", b"<9999>1 - host customs 1 imports -", b"<>1")
    )


def _no_record(sample: Sample, draw: random.Random) -> bytes:
    return (
        b"<134>1 2026-01-01T00:00:00.000000Z host sshd 1 - - session opened for user u%d"
        % draw.randrange(1_000)
    )


# The name of each entry is the reason in `customs health`.
DAMAGES: dict[str, Damage] = {
    "empty": lambda sample, draw: draw.choice((b" ", b"\n", b" \t\r\n")),
    "too_long": _too_long,
    "bad_header": _bad_header,
    "no_record": _no_record,
    "not_utf8": _not_utf8,
    "bad_json": _cut,
    "too_deep": _too_deep,
    "unknown_version": lambda sample, draw: _changed(sample, v=draw.choice((0, 2, 99))),
    "missing_key": lambda sample, draw: _without(sample, draw.choice(("v", "id", "packages"))),
    "wrong_type": lambda sample, draw: _changed(
        sample,
        **draw.choice(
            ({"packages": ["numpy"]}, {"host": 7}, {"is_staff": "no"}, {"direct": {"numpy": 1}})
        ),
    ),
    "bad_value": lambda sample, draw: _changed(
        sample, id=draw.choice(("", "0123", sample.id + "0", "g" * 32, sample.id[:-1] + " "))
    ),
    "bad_timestamp": lambda sample, draw: _changed(
        sample,
        event_timestamp=draw.choice(("yesterday", "2026-13-01T00:00:00Z", "1999-12-31T23:59:59Z")),
    ),
    # This many names in `packages` would exceed a record's size; `direct` has the same limit.
    "too_many_packages": lambda sample, draw: _changed(
        sample, direct=["a"] * draw.randint(1_025, 1_400)
    ),
    "other_service": lambda sample, draw: (
        b"<134>1 - host customs 1 imports - "
        + json.dumps({"service": "Ruby", "subservice": "numo", "version": "1.0"}).encode()
    ),
}


def damage(sample: Sample, reason: str, draw: random.Random) -> bytes:
    """`sample` as a message that must be rejected for `reason`."""
    return DAMAGES[reason](sample, draw)


INTERESTING = (
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"{",
    b"}",
    b"[" * 70,
    b"]",
    b",",
    b":",
    b"1e999999",
    b"-0",
    b"9" * 400,
    b"9223372036854775808",
    b"null",
    b"<134>1 ",
    b"@cee:",
    b'"packages":{',
    b"\n",
    b"\r\n",
)


def mutate(message: bytes, other: bytes, draw: random.Random) -> bytes:
    """`message` with some bytes changed, cut, doubled, put in or replaced by some of `other`."""
    changed = bytearray(message)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        at = draw.randrange(len(changed) + 1)
        kind = draw.randrange(6)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << draw.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = draw.randrange(256)
        elif kind == 2:
            changed[at : at + draw.randrange(1, 40)] = b""
        elif kind == 3:
            changed[at:at] = draw.choice(INTERESTING)
        elif kind == 4:
            changed[at:at] = changed[at : at + draw.randrange(1, 200)]
        else:
            start = draw.randrange(len(other))
            piece = other[start : start + draw.randrange(1, 100)]
            changed[at : at + draw.randrange(1, 100)] = piece
    return bytes(changed)
