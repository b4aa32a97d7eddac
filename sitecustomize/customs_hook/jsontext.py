"""JSON text (RFC 8259) in ASCII, without the json package, which the user may not have imported."""

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def encode(value):
    """Return ``value`` (None, bool, int, float, str, list, dict with str keys) as compact JSON."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        members = (_quoted(key) + ":" + encode(member) for key, member in value.items())
        return "{" + ",".join(members) + "}"
    return "[" + ",".join(encode(element) for element in value) + "]"


def _quoted(text):
    if text.isprintable() and '"' not in text and "\\" not in text:
        try:
            text.encode("ascii")
            return '"' + text + '"'
        except UnicodeEncodeError:
            pass
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character):
    short = _SHORT.get(character)
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
