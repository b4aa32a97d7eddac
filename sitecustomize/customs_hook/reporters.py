"""Reporters of the published interface: to standard output, to files, and by syslog."""

import os
import sys

from customs_hook.core import Reporter


class PrintReporter(Reporter):
    """Writes each name on a line of ``stream``, by default standard output."""

    def __init__(self, stream=None):
        self.stream = stream

    def __call__(self, imports):
        stream = sys.stdout if self.stream is None else self.stream
        for name in imports:
            stream.write(name + "\n")


class FileReporter(Reporter):
    """Writes to ``path``; without one, to ``customs-<32 hex digits>.ext`` where it is."""

    extension = ""

    def __init__(self, path=None):
        self.path = path or "customs-%s.%s" % (_random_name(), self.extension)


class PickleReporter(FileReporter):
    """Pickles the list of names."""

    extension = "pkl"

    def __call__(self, imports):
        import pickle

        with open(self.path, "wb") as file:
            pickle.dump(list(imports), file)


class TextFileReporter(FileReporter):
    """Writes each name on a line."""

    extension = "txt"

    def __call__(self, imports):
        with open(self.path, "w") as file:
            for name in imports:
                file.write(name + "\n")


class JSONFileReporter(FileReporter):
    """Writes the names as a JSON array."""

    extension = "json"

    def __call__(self, imports):
        import json

        with open(self.path, "w") as file:
            json.dump(list(imports), file)


class SyslogReporter(Reporter):
    """Sends the record of the names found in one RFC 5424 datagram.

    ``servers`` are addresses like ``udp://192.0.2.1:5140`` or ``unixgram:///run/customs.sock``;
    one is chosen at random. Addresses are numeric: nothing is looked up. Nothing is waited for.
    """

    def __init__(self, servers=None):
        self.servers = servers

    def __call__(self, imports):
        from customs_hook import exit as hook_exit

        hook_exit.send_record(imports, servers=self.servers)


def _random_name():
    # uuid is not imported for the sake of 16 random bytes
    return "".join("%02x" % byte for byte in bytearray(os.urandom(16)))
