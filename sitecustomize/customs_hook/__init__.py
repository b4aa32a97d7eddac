"""The part of Customs that runs inside users' Python processes.

``core`` holds the published interface (``Check``, ``Inspector``, ``Reporter``,
``register_exit_hook``), ``reporters`` the reporters, ``exit`` what our own ``sitecustomize`` does.
The names of the published interface are here too, as in the published package. The hook itself does
not load this file.
"""

import sys

_INTERFACE = ("Check", "Inspector", "Reporter", "register_exit_hook")


def __getattr__(name):
    """Load the interface with the first of its names (PEP 562)."""
    if name not in _INTERFACE:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    from customs_hook import core

    return getattr(core, name)


def __dir__():
    return sorted(set(globals()) | set(_INTERFACE))


if (3,) <= sys.version_info < (3, 7):
    from customs_hook.core import Check, Inspector, Reporter, register_exit_hook  # noqa: F401
