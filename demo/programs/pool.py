"""Four workers share a sum."""

from multiprocessing import Pool

import numpy as np


def part(seed: int) -> float:
    """One worker's share: an estimate of pi."""
    points = np.random.default_rng(seed).random((100_000, 2))
    return 4.0 * float(np.mean((points**2).sum(axis=1) < 1.0))


if __name__ == "__main__":
    with Pool(4) as pool:
        estimates = pool.map(part, range(8))
        # without these the workers are killed at the end of "with", and some would send no record
        pool.close()
        pool.join()
    print(f"pi is about {sum(estimates) / len(estimates):.3f}, say 4 workers")
