"""Ends in an exception, as many programs do; its record says so."""

import numpy as np

print("about to fail, as intended")
np.linalg.inv(np.zeros((3, 3)))
