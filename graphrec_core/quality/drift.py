"""How far two histograms are apart."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

PRIOR = 0.5


def stability_index(now: Sequence[int], before: Sequence[Sequence[int]]) -> float:
    """Computes the population stability index of a histogram against earlier ones.

    PSI = sum_b (p_b - q_b) ln(p_b / q_b) (Siddiqi, Credit Risk Scorecards, 2006, ch. 8; it is
    Jeffreys' divergence). Below 0.1 is usually called stable, above 0.25 a large shift. p are the
    shares of ``now``, q the mean shares of ``before``; half a node is added to every bin, so that
    empty ones stay finite.

    Args:
        now: Nodes per bin; histograms may have different lengths.
        before: Earlier histograms, at least one.

    Returns:
        At least 0.
    """
    num_bins = max(len(now), *(len(one) for one in before))
    p = _shares(now, num_bins)
    q = np.mean([_shares(one, num_bins) for one in before], axis=0)
    return float(np.sum((p - q) * np.log(p / q)))


def _shares(counts: Sequence[int], num_bins: int) -> npt.NDArray[np.float64]:
    padded = np.full(num_bins, PRIOR)
    padded[: len(counts)] += counts
    shares: npt.NDArray[np.float64] = padded / padded.sum()
    return shares
