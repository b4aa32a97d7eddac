"""Counts the calls to Slurm while very many records arrive."""
