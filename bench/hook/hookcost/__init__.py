"""Measures what hooks in Python's start and exit cost."""
