"""Texts that need escapes in JSON.

Loaded only if there are any.
"""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text):
    """Return a text as JSON in ASCII (RFC 8259, section 7)."""
    return '"' + "".join([_escaped(character) for character in text]) + '"'


def _escaped(character):
    short = _ESCAPES.get(character)
    if short:
        return short
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return character
    if code < 0x10000:
        # a byte of a path that is not UTF-8 is a lone surrogate (PEP 383), and stays one
        return "\\u%04x" % code
    code -= 0x10000
    return "\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
