"""The published interface: finds the modules that this process has imported, and reports them.

After Thomas, Stephey, Greiner, Cook, "Monitoring Scientific Python Usage on a Supercomputer"
(SciPy 2021), section "Methods".
"""

import atexit
import os
import sys


class Check(object):
    """A name, and a predicate on ``sys.modules`` that says whether it was used.

    Checks are equal if their names are.
    """

    def __init__(self, name, pred):
        self.name = name
        self.pred = pred

    def __call__(self, sys_modules):
        return self.pred(sys_modules)

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return isinstance(other, Check) and self.name == other.name

    def __ne__(self, other):
        return not self == other


class Inspector(object):
    """Applies checks; of several with one name the first counts."""

    def __init__(self, checks):
        unique = {}
        for check in checks:
            unique.setdefault(check.name, check)
        self.checks = list(unique.values())

    def __call__(self, sys_modules):
        """Return the sorted names of the checks that hold; one that raises does not hold."""
        return sorted(check.name for check in self.checks if _holds(check, sys_modules))


class Reporter(object):
    """Reports the names that were found."""

    def __call__(self, imports):
        raise NotImplementedError


def register_exit_hook(modules, reporter_cls, *args, **kwargs):
    """Report at interpreter exit which of ``modules`` were imported.

    ``modules`` holds keys of ``sys.modules`` and pairs (name, predicate on ``sys.modules``);
    anything else is dropped. At exit ``reporter_cls(*args, **kwargs)`` is called with the sorted
    names. Errors are hidden from the user; a forked child does not report.
    """
    pid = os.getpid()

    def report():
        if os.getpid() != pid:
            return
        try:
            imports = Inspector(create_checks(modules))(sys.modules)
            reporter_cls(*args, **kwargs)(imports)
        except BaseException:
            pass

    atexit.register(report)


def create_checks(modules):
    """Return the checks that ``modules`` describe, sorted by name; the first of a name counts."""
    unique = {}
    for check in map(create_check, modules):
        if check is not None:
            unique.setdefault(check.name, check)
    return [unique[name] for name in sorted(unique)]


def create_check(module):
    """Return the check that a name or a pair (name, predicate) describes; None for all else."""
    if isinstance(module, str):
        # None marks a module that was kept from being imported
        return Check(module, lambda sys_modules: sys_modules.get(module) is not None)
    if isinstance(module, tuple) and len(module) == 2:
        name, pred = module
        if isinstance(name, str) and callable(pred):
            return Check(name, pred)
    return None


def _holds(check, sys_modules):
    try:
        return bool(check(sys_modules))
    except Exception:
        return False
