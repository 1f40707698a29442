"""Fits the model of a learned ranker to sampled pairs, and says what it looks at."""

from collections.abc import Sequence

import numpy as np

from graphrec_core.config.recommender import LightGBMConfig, LogisticConfig
from graphrec_core.models.logistic import fit_logistic
from graphrec_core.models.trees import can_hold_out, fit_trees
from graphrec_core.retrieval.chance_model import LogisticModel, TreeModel, design, squeeze
from graphrec_core.types import Region

Importance = dict[str, float]
"""Feature -> its share of what all features tell, in [0, 1]."""


def fit_tree_model(
    rows: np.ndarray,
    is_met: np.ndarray,
    is_held: np.ndarray,
    names: Sequence[str],
    regions: tuple[Region, ...],
    settings: LightGBMConfig,
) -> tuple[TreeModel, Importance]:
    """Fits trees; a feature's importance is its share of their gain.

    Args:
        rows: float32 [P, F + 1], see ``with_region``.
        is_met: bool [P].
        is_held: bool [P]; pairs that are not fitted to.
        names: F + 1 names.
        regions: What the last feature counts.
        settings: The ranker's settings.
    """
    booster = fit_trees(rows, is_met, names, settings, is_held)
    model = TreeModel(regions, settings.negatives_frac, booster.model_to_string())
    return model, _shares(names, booster.feature_importance("gain"))


def fit_logistic_model(
    rows: np.ndarray,
    is_met: np.ndarray,
    is_held: np.ndarray,
    names: Sequence[str],
    regions: tuple[Region, ...],
    settings: LogisticConfig,
) -> tuple[LogisticModel, Importance]:
    """Fits a logistic blend; a feature's importance is its share of their spread.

    The spread is that of its part in the odds. Arguments are those of
    ``fit_tree_model``.
    """
    if can_hold_out(is_met, is_held):
        rows, is_met = rows[~is_held], is_met[~is_held]
    means, scales = _standard(squeeze(rows[:, :-1]))
    columns = design(rows, means, scales, len(regions))
    weights = fit_logistic(columns, is_met, settings.l2)
    model = LogisticModel(
        regions,
        settings.negatives_frac,
        tuple(names),
        *(tuple(map(float, one)) for one in (means, scales, weights)),
    )
    return model, _shares(names, model.parts(rows).std(axis=0))


def _standard(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the spread of columns over what is known; 0 and 1 where none is."""
    is_known = ~np.isnan(values)
    num = np.maximum(is_known.sum(axis=0), 1)
    means = np.where(is_known, values, 0).sum(axis=0) / num
    spread = np.sqrt(np.where(is_known, (values - means) ** 2, 0).sum(axis=0) / num)
    return means, np.where(spread > 0, spread, 1)


def _shares(names: Sequence[str], parts: np.ndarray) -> Importance:
    shares = parts / (parts.sum() or 1)
    return {name: round(float(one), 4) for name, one in zip(names, shares, strict=True)}
