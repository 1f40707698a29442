"""Fitting boosted trees to pairs that were met or not (LightGBM: Ke et al., NIPS 2017)."""

from collections.abc import Sequence

import lightgbm
import numpy as np

from graphrec_core.config.recommender import LightGBMConfig


def fit_trees(
    features: np.ndarray,
    is_met: np.ndarray,
    names: Sequence[str],
    config: LightGBMConfig,
    is_held: np.ndarray,
) -> lightgbm.Booster:
    """Fits trees by the logistic loss, until pairs that are held out get no likelier.

    Without a click among those, or without one that is fitted to, all pairs are fitted to, by all
    the trees that are allowed.

    The same rows give the same trees: on one thread, by LightGBM's own fixed seeds.

    Args:
        features: float32 [P, F]; NaN where nothing is known; the last one is categorical.
        is_met: bool [P].
        names: F names.
        config: The ranker's settings.
        is_held: bool [P]; pairs that are not fitted to.
    """
    settings = {
        "objective": "binary",
        "num_leaves": config.num_leaves,
        "learning_rate": config.learning_rate,
        # Trees that see different features and pairs err differently: their sum varies less.
        "feature_fraction": config.feature_frac,
        "bagging_fraction": config.pair_frac,
        "bagging_freq": 1,
        "min_data_in_leaf": config.min_leaf_pairs,
        "lambda_l2": config.l2,
        "monotone_constraints": [config.monotone.get(name, 0) for name in names],
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    if not can_hold_out(is_met, is_held):
        rows = _dataset(features, is_met, names)
        return lightgbm.train(settings, rows, config.num_rounds)
    rows = _dataset(features[~is_held], is_met[~is_held], names)
    held = _dataset(features[is_held], is_met[is_held], names, rows)
    stop = lightgbm.early_stopping(config.patience, verbose=False)
    return lightgbm.train(settings, rows, config.num_rounds, [held], callbacks=[stop])


def _dataset(
    features: np.ndarray,
    is_met: np.ndarray,
    names: Sequence[str],
    fitted: lightgbm.Dataset | None = None,
) -> lightgbm.Dataset:
    """Makes LightGBM's rows; those that are not fitted to are binned as the fitted ones are."""
    return lightgbm.Dataset(
        features,
        label=is_met.astype(np.float32),
        reference=fitted,
        feature_name=list(names),
        categorical_feature=[len(names) - 1],
    )


def can_hold_out(is_met: np.ndarray, is_held: np.ndarray) -> bool:
    """Tells whether there are clicks both among pairs that are held out and among the others."""
    return bool(is_met[is_held].any() and is_met[~is_held].any())
