"""The code of ``customs_sweep.py`` on each node; none of it runs in users' programs."""
