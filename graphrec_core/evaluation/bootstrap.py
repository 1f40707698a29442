"""Paired bootstrap of a mean difference (Efron and Tibshirani, 1993, percentile interval)."""

import numpy as np

MAX_DRAWS = 4_000_000
"""Draws held in memory at a time."""


def paired_interval(
    differences: np.ndarray, confidence: float, num_bootstrap: int, seed: int
) -> tuple[float, float]:
    """Bounds the mean of paired differences.

    Queries are drawn with replacement; the interval holds the middle ``confidence`` of the
    resampled means.

    Args:
        differences: float64 [Q], Q > 0; one value per query, system minus reference.
        confidence: Level in (0, 1).
        num_bootstrap: Resamples.
        seed: Seed of the resampling.

    Returns:
        Lower and upper bound.
    """
    rng, num_queries = np.random.default_rng(seed), len(differences)
    step = max(1, MAX_DRAWS // num_queries)
    means = []
    for start in range(0, num_bootstrap, step):
        num = min(step, num_bootstrap - start)
        drawn = rng.integers(0, num_queries, size=(num, num_queries))
        means.append(differences[drawn].mean(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)
