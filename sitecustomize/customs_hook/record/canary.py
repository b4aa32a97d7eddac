"""Recognises canaries: test processes of the site, which measure whether records arrive.

Loaded only where ``CUSTOMS_CANARY`` is set, to ``RUN:SEQUENCE:OF``. The daemon
tells by a code in ``RUN`` whether it has sent the process out; the hook passes it on.
"""

if "facts" not in globals():
    from customs_hook import facts

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"


def mark(text):
    """Return the member ``canary`` of the record; None if the text is not the daemon's."""
    parts = text.split(":")
    if len(parts) != 3:
        return None
    return checked(parts[0], facts.integer(parts[1]), facts.integer(parts[2]))


def checked(run, sequence, of):
    """Return the member ``canary`` of these values; None if they are not the daemon's."""
    if type(run) is not str or not 0 < len(run) <= 64 or run.strip(_LETTERS):
        return None
    if type(sequence) is not int or type(of) is not int or not 0 <= sequence <= of <= 999999999:
        return None
    return {"run": run, "seq": sequence, "of": of}
