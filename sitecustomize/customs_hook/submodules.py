"""Watched parts of packages: they are not searched for in the directories that sitecustomize sees.

Loaded only once a package with watched parts is imported.
"""

if "sys" not in globals():
    import sys

    from customs_hook import presence


class SubmoduleFinder(object):
    """Stands first in the import search, looks on, and answers what the others would."""

    def __init__(self, process):
        self.process = process
        self.names = frozenset([name for name in process.names if "." in name])

    def find_spec(self, name, path=None, target=None):
        if name not in self.names and not name.startswith(self.process.site["prefixes"]):
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    presence.watch(self.process, spec)
                    return spec
        return None

    def find_module(self, name, path=None):
        """Find nothing: before Python 3.12 finders have this too."""
        return None


def watch(process):
    """Look on from now on."""
    sys.meta_path.insert(0, SubmoduleFinder(process))
