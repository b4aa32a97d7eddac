"""Records that do not fit into one Ethernet frame: shortened, or else in parts.

Loaded only for such a record.
"""

if "facts" not in globals():
    from customs_hook import facts

#: The daemon's limit of one datagram, bytes of JSON.
MAXIMUM = 8192
#: Keys that are left out, in this order, if a record then fits into one frame.
_SPARE = ("implementation", "ppid", "elapsed", "prefix", "subsystem")


def bodies(record, frame):
    """Return the record as JSON texts: one, or as many parts as it takes, which share its id.

    ``frame``: the number of bytes that travel in one piece.
    """
    encode = facts.encode
    text = encode(record)
    shorter = dict(record)
    for key in _SPARE:
        # a prefix that is not above the executable has a meaning of its own
        if key != "prefix" or _lies_under(record.get("executable"), record.get("prefix")):
            shorter.pop(key, None)
        shorter_text = encode(shorter)
        if len(shorter_text) <= frame:
            return [shorter_text]
    return [text] if len(text) <= MAXIMUM else _parts(record)


def _parts(record):
    encode = facts.encode
    head = {"v": record["v"], "id": record["id"]}
    used = record.get("direct")
    # the first part has all other keys
    parts = [{key: record[key] for key in record if key not in ("packages", "direct")}]
    parts[0]["packages"] = {}
    numbers = len(',"direct":[],"part":1000,"parts":1000')
    size = len(encode(parts[0])) + numbers
    for name, version in record["packages"].items():
        # its member, and perhaps its name in the list of direct ones
        cost = 2 * (len(encode(name)) + 1) + 1 + len(encode(version))
        if size + cost > MAXIMUM:
            parts.append(dict(head, packages={}))
            size = len(encode(parts[-1])) + numbers
        parts[-1]["packages"][name] = version
        size += cost
    for number, part in enumerate(parts, 1):
        if used is not None:
            part["direct"] = [name for name in used if name in part["packages"]]
        part["part"], part["parts"] = number, len(parts)
    return [encode(part) for part in parts]


def _lies_under(executable, prefix):
    return bool(executable and prefix) and executable.startswith(prefix + "/")
