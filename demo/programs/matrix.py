"""A numerical program: the eigenvalues of a random symmetric matrix."""

import numpy as np

matrix = np.random.default_rng(7).normal(size=(120, 120))
values = np.linalg.eigvalsh(matrix + matrix.T)
print(f"120 eigenvalues between {values[0]:.2f} and {values[-1]:.2f}")
