"""The programs that ``customs hook install`` and ``customs hook check`` run."""
