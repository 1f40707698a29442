"""Boosted trees learn what pairs say, the same each time, and each setting matters."""

import numpy as np
import pytest

from graphrec_core.config.recommender import LightGBMConfig
from graphrec_core.models.trees import can_hold_out, fit_trees

NAMES = ["near", "noise", "region"]
SMALL = LightGBMConfig(num_rounds=20, min_leaf_pairs=20)


def rows(num: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """A pair is met by chance .6 where it is near in the first region, else by .1."""
    random = np.random.default_rng(3)
    near, noise, region = random.random(num), random.random(num), random.integers(0, 2, num)
    chance = np.where((near < 0.3) & (region == 0), 0.6, 0.1)
    features = np.column_stack([near, noise, region]).astype(np.float32)
    return features, random.random(num) < chance


NONE = np.zeros(4000, dtype=bool)
HELD = np.random.default_rng(1).random(4000) < 0.25


def chances(
    config: LightGBMConfig, asked: list[list[float]], held: np.ndarray = NONE
) -> np.ndarray:
    found = fit_trees(*rows(), NAMES, config, held).predict(np.array(asked))
    return np.asarray(found)


def test_they_learn_which_pairs_are_met() -> None:
    whole = {"feature_frac": 1.0, "pair_frac": 1.0}
    config = SMALL.model_copy(update={"num_rounds": 200, **whole})
    found = chances(config, [[0.1, 0.5, 0], [0.1, 0.5, 1], [0.9, 0.5, 0]])
    assert found == pytest.approx([0.6, 0.1, 0.1], abs=0.12)


def test_the_same_rows_give_the_same_trees() -> None:
    one, two = (fit_trees(*rows(), NAMES, SMALL, HELD).model_to_string() for _ in range(2))
    assert one == two


def test_they_stop_where_pairs_that_are_held_out_get_no_likelier() -> None:
    """What stays is what as many trees are without those pairs."""
    many = SMALL.model_copy(update={"num_rounds": 1000})
    features, is_met = rows()
    stopped = fit_trees(features, is_met, NAMES, many, HELD)
    assert 20 < stopped.best_iteration < 500
    exact = many.model_copy(update={"num_rounds": stopped.best_iteration})
    alone = fit_trees(features[~HELD], is_met[~HELD], NAMES, exact, NONE[~HELD])
    asked = features[HELD]
    np.testing.assert_array_equal(stopped.predict(asked), alone.predict(asked))
    hasty = fit_trees(features, is_met, NAMES, many.model_copy(update={"patience": 1}), HELD)
    assert hasty.best_iteration < stopped.best_iteration


def test_without_clicks_on_both_sides_all_pairs_are_fitted_to() -> None:
    features, is_met = rows()
    for held in (~is_met, is_met):
        found = fit_trees(features, is_met, NAMES, SMALL, held)
        every = fit_trees(features, is_met, NAMES, SMALL, NONE)
        assert found.model_to_string() == every.model_to_string()
        assert not can_hold_out(is_met, held)


@pytest.mark.parametrize("sign", [1, -1])
def test_chances_go_one_way_with_a_monotone_feature(sign: int) -> None:
    """Left alone they fall with ``near``, and wiggle with ``noise``."""
    grid = np.linspace(0, 1, 200)
    for name, place in (("near", 0), ("noise", 1)):
        asked = np.tile([0.5, 0.5, 0.0], (200, 1))
        asked[:, place] = grid
        free = np.diff(chances(SMALL, asked.tolist()))
        bound = SMALL.model_copy(update={"monotone": {name: sign}})
        held = np.diff(chances(bound, asked.tolist()))
        assert (sign * held >= -1e-9).all()
        if name == "noise" or sign == 1:
            assert (sign * free < -1e-6).any()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_rounds", 21),
        ("num_leaves", 3),
        ("learning_rate", 0.2),
        ("feature_frac", 1.0),
        ("pair_frac", 1.0),
        ("min_leaf_pairs", 500),
        ("l2", 50.0),
    ],
)
def test_each_setting_changes_them(key: str, value: float) -> None:
    other = SMALL.model_copy(update={key: value})
    asked = rows(50)[0].tolist()
    assert not np.allclose(chances(SMALL, asked), chances(other, asked))
