"""What ``customs_sweep.py`` runs on each node; nothing of it runs in users' programs."""
