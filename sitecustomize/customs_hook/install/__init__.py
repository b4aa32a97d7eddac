"""What ``customs hook install`` and ``customs hook check`` run."""
