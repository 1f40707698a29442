"""Fitting boosted trees to pairs that were met or not (LightGBM: Ke et al., NIPS 2017)."""

from collections.abc import Sequence

import lightgbm
import numpy as np

from graphrec_core.config.recommender import LightGBMConfig


def fit_trees(
    features: np.ndarray, is_met: np.ndarray, names: Sequence[str], config: LightGBMConfig
) -> lightgbm.Booster:
    """Fits trees by the logistic loss.

    The same rows give the same trees: on one thread, by LightGBM's own fixed seeds.

    Args:
        features: float32 [P, F]; NaN where nothing is known; the last one is categorical.
        is_met: bool [P].
        names: F names.
        config: The ranker's settings.
    """
    settings = {
        "objective": "binary",
        "num_leaves": config.num_leaves,
        "learning_rate": config.learning_rate,
        "min_data_in_leaf": config.min_leaf_pairs,
        "lambda_l2": config.l2,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    rows = lightgbm.Dataset(
        features,
        label=is_met.astype(np.float32),
        feature_name=list(names),
        categorical_feature=[len(names) - 1],
    )
    return lightgbm.train(settings, rows, num_boost_round=config.num_rounds)
