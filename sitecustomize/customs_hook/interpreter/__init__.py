"""Parts of the hook for what Python and its tools do; see the table in ``customs_hook``."""
