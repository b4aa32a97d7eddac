"""Reporters of the published interface: to standard output, to files, and by syslog.

Their imports happen when they are made, so that a program without one at its exit pays nothing.
"""

from customs_hook.core import Reporter


class PrintReporter(Reporter):
    """Prints the list of names."""

    def __call__(self, imports):
        print(imports)


class FileReporter(Reporter):
    """Writes to ``path``, or by default to ``customs-<32 hex digits>.ext`` beside the program.

    A subclass may put the default elsewhere by ``default_path_parent`` and ``default_path_name``.
    """

    def __init__(self, path=None):
        self.path = path or self._default_path()

    def default_path_parent(self):
        from pathlib import Path

        return Path()

    def default_path_name(self):
        raise NotImplementedError

    def _default_path(self):
        return self.default_path_parent() / self.default_path_name()


class PickleReporter(FileReporter):
    """Pickles the list of names."""

    def default_path_name(self):
        return _random_name("pkl")

    def __call__(self, imports):
        import pickle

        with open(self.path, "wb") as file:
            pickle.dump(imports, file)


class TextFileReporter(FileReporter):
    """Writes each name on a line."""

    def default_path_name(self):
        return _random_name("txt")

    def __call__(self, imports):
        with open(self.path, "w") as file:
            for name in imports:
                file.write(name + "\n")


class JSONFileReporter(FileReporter):
    """Writes the names as a JSON array."""

    def default_path_name(self):
        return _random_name("json")

    def __call__(self, imports):
        import json

        with open(self.path, "w") as file:
            json.dump(imports, file)


class SyslogReporter(Reporter):
    """Sends the record of the found names in one RFC 5424 datagram; without names it sends nothing.

    ``servers`` are addresses like ``udp://192.0.2.1:5140`` or ``unixgram:///run/customs.sock``; one
    is chosen at random. By default they come from the settings. Addresses are numeric, so that no
    name is looked up. Sending does not wait. Users who have opted out are left out, and so are all
    ranks of an MPI program but the first.
    """

    def __init__(self, servers=None):
        self.servers = servers

    def __call__(self, imports):
        from customs_hook.standalone import send_record

        if imports:
            send_record(imports, servers=self.servers)


def _random_name(extension):
    import uuid

    return "customs-%s.%s" % (uuid.uuid4().hex, extension)
