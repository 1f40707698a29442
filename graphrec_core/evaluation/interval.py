"""An interval of a mean of bounded values that stays honest for few queries.

Per-query metrics are bounded, and most differences are 0. A few queries may all be alike, so that
their spread says nothing: a percentile bootstrap, or a plain t-interval, of such a sample has no
width. So one query at each end of the range is added first, and Student's t is taken of the whole.
For paired proportions that is the adjusted interval of Bonett and Price (2012, "Adjusted Wald
confidence interval for a difference of binomial proportions based on paired data"). docs/gate.md
says how it compares with others.
"""

import numpy as np

FEWEST = 10
"""With fewer queries nothing is concluded: the interval is the whole range."""


def mean_interval(
    values: np.ndarray,
    limits: tuple[float, float],
    confidence: float,
    weights: np.ndarray | None = None,
) -> tuple[float, float]:
    """Bounds the mean of a population from a sample of it.

    With ``N = n + 2`` values, the two ends of ``limits`` among them, mean ``m`` and variance
    ``s2``: ``m +- t(N - 1) * sqrt(s2 / N)``, cut off at ``limits``. Weighted values count as
    ``n = sum(w)^2 / sum(w^2)`` equal ones (Kish, 1965).

    Args:
        values: float64 [Q].
        limits: The least and the greatest value possible.
        confidence: Level in (0, 1).
        weights: float64 [Q], positive; None: all equal.

    Returns:
        Lower and upper bound; ``limits`` for fewer than ``FEWEST`` values.
    """
    least, greatest = limits
    if len(values) < FEWEST:
        return least, greatest
    from scipy.special import stdtrit

    if weights is None:
        weights = np.ones(len(values))
    total = weights.sum()
    num = total**2 / (weights**2).sum()
    size = num + 2
    mean = (num * (weights @ values) / total + least + greatest) / size
    squares = num * (weights @ (values - mean) ** 2) / total
    squares += (least - mean) ** 2 + (greatest - mean) ** 2
    tail = stdtrit(size - 1, 1 - (1 - confidence) / 2)
    half = float(tail * np.sqrt(squares / (size - 1) / size))
    return max(least, float(mean) - half), min(greatest, float(mean) + half)


def capped_weights(groups: np.ndarray, most: int) -> np.ndarray:
    """Weighs queries so that each region counts at most as ``most`` queries.

    Args:
        groups: int [Q], the region of each query.
        most: How many queries of one region count in full; of more each counts less.

    Returns:
        float64 [Q] in (0, 1].
    """
    sizes = np.bincount(groups)
    return np.minimum(1.0, most / np.maximum(sizes, 1))[groups]
