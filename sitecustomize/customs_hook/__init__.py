"""The part of Customs that runs inside users' Python processes.

``core`` holds the published interface (``Check``, ``Inspector``, ``Reporter``,
``register_exit_hook``), ``reporters`` the reporters, ``exit`` what our own ``sitecustomize`` does.
"""
