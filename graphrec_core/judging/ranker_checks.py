"""What a fitted ranker says: how true their chances are, and how chances go with a feature."""

from collections.abc import Iterable

import numpy as np

from graphrec_core.lake.records import ChanceBin
from graphrec_core.retrieval.chance_model import ChanceModel

NUM_BINS = 10
NUM_VALUES = 12
NUM_PAIRS = 400
"""Pairs over which a feature's curve is averaged, at most."""
Curve = tuple[tuple[float, float], ...]


def reliability(
    chances: np.ndarray, is_met: np.ndarray, negatives_frac: float, num_bins: int = NUM_BINS
) -> tuple[ChanceBin, ...]:
    """Compares chances with what was met, in groups of as many expected clicks.

    Args:
        chances: float [P].
        is_met: bool [P].
        negatives_frac: The share of the pairs without a click that these are.
        num_bins: Groups, at most.
    """
    order = np.argsort(chances, kind="stable")
    chances, is_met = chances[order], is_met[order]
    weights = _weights(is_met, negatives_frac)
    expected = np.cumsum(weights * chances)
    groups = np.minimum(expected / expected[-1:] * num_bins, num_bins - 1).astype(np.int64)
    return tuple(
        ChanceBin(
            chance=float(np.average(chances[own], weights=weights[own])),
            rate=float(is_met[own].sum() / weights[own].sum()),
            num_clicks=int(is_met[own].sum()),
            num_pairs=int(own.sum()),
        )
        for own in (groups == group for group in np.unique(groups))
    )


def dependence(
    model: ChanceModel, rows: np.ndarray, is_met: np.ndarray, features: Iterable[str]
) -> dict[str, Curve]:
    """Averages chances over pairs, all of which are given one value of a feature after the other.

    Partial dependence (Friedman, Annals of Statistics 2001), at quantiles of the feature.

    Args:
        model: The fitted model.
        rows: float32 [P, F + 1], see ``with_region``.
        is_met: bool [P].
        features: Names; one whose values are all equal, or unknown, has no curve.

    Returns:
        Feature -> its values, rising, and the mean chances of all pairs there.
    """
    names = model.names
    kept = np.unique(np.linspace(0, len(rows) - 1, NUM_PAIRS).astype(np.int64))
    weights = _weights(is_met[kept], model.negatives_frac)
    curves = {}
    for name in features:
        place = names.index(name)
        known = rows[~np.isnan(rows[:, place]), place]
        shares = np.linspace(0.02, 0.98, NUM_VALUES)
        values = np.unique(np.quantile(known, shares, method="nearest")) if len(known) else known
        if len(values) > 1:
            curves[name] = tuple(
                (float(value), _mean_chance(model, rows[kept], place, value, weights))
                for value in values
            )
    return curves


def _mean_chance(
    model: ChanceModel, rows: np.ndarray, place: int, value: float, weights: np.ndarray
) -> float:
    given = rows.copy()
    given[:, place] = value
    return float(np.average(model.chances_of(given), weights=weights))


def _weights(is_met: np.ndarray, negatives_frac: float) -> np.ndarray:
    """How many pairs each stands for, since only a share of those without a click was kept."""
    return np.where(is_met, 1.0, 1 / negatives_frac)
