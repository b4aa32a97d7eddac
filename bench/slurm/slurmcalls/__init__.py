"""How often Slurm is asked while very many records come."""
