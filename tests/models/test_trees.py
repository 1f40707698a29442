"""Boosted trees learn what pairs say, the same each time, and each setting matters."""

import numpy as np
import pytest

from graphrec_core.config.recommender import LightGBMConfig
from graphrec_core.models.trees import fit_trees

NAMES = ["near", "noise", "region"]
SMALL = LightGBMConfig(num_rounds=20, min_leaf_pairs=20)


def rows(num: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """A pair is met by chance .6 where it is near in the first region, else by .1."""
    random = np.random.default_rng(3)
    near, noise, region = random.random(num), random.random(num), random.integers(0, 2, num)
    chance = np.where((near < 0.3) & (region == 0), 0.6, 0.1)
    features = np.column_stack([near, noise, region]).astype(np.float32)
    return features, random.random(num) < chance


def chances(config: LightGBMConfig, asked: list[list[float]]) -> np.ndarray:
    found = fit_trees(*rows(), NAMES, config).predict(np.array(asked))
    return np.asarray(found)


def test_they_learn_which_pairs_are_met() -> None:
    config = SMALL.model_copy(update={"num_rounds": 200})
    found = chances(config, [[0.1, 0.5, 0], [0.1, 0.5, 1], [0.9, 0.5, 0]])
    assert found == pytest.approx([0.6, 0.1, 0.1], abs=0.12)


def test_the_same_rows_give_the_same_trees() -> None:
    one, two = (fit_trees(*rows(), NAMES, SMALL).model_to_string() for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_rounds", 21),
        ("num_leaves", 3),
        ("learning_rate", 0.2),
        ("min_leaf_pairs", 500),
        ("l2", 50.0),
    ],
)
def test_each_setting_changes_them(key: str, value: float) -> None:
    other = SMALL.model_copy(update={key: value})
    asked = rows(50)[0].tolist()
    assert not np.allclose(chances(SMALL, asked), chances(other, asked))
