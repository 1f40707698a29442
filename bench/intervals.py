"""Intervals of means, by drawing queries again."""

import numpy as np

RESAMPLES = 1000


def interval(values: np.ndarray) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of a mean, from a fixed seed."""
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)
