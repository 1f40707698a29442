"""How true chances are, and how they go with a feature: by hand and against a loop."""

import numpy as np
import pytest

from graphrec_core.config.recommender import LightGBMConfig
from graphrec_core.judging.ranker_checks import dependence, reliability
from graphrec_core.models.trees import fit_trees
from graphrec_core.retrieval.chance_model import TreeModel
from graphrec_core.types import Region

NAMES = ["near", "noise", "empty", "region"]


def test_groups_have_as_many_expected_clicks_and_count_what_was_left_out() -> None:
    """Half of what was not met was kept: each stands for two, so 1.5 clicks are expected.

    Rising, they are .2, .1, .4 and .8 of them: the first three are the first half.
    """
    chances, is_met = np.array([0.4, 0.1, 0.4, 0.1]), np.array([True, False, False, True])
    found = reliability(chances, is_met, 0.5, num_bins=2)
    assert [one.chance for one in found] == pytest.approx([0.7 / 4, 0.4])
    assert [one.rate for one in found] == pytest.approx([2 / 4, 0])
    assert [(one.num_clicks, one.num_pairs) for one in found] == [(2, 3), (0, 1)]


def test_true_chances_lie_on_the_line_and_others_do_not() -> None:
    random = np.random.default_rng(1)
    chances = random.beta(0.5, 20, 60_000)
    is_met = random.random(len(chances)) < chances
    kept = is_met | (random.random(len(chances)) < 0.25)
    for factor in (1.0, 2.0):
        found = reliability(chances[kept] * factor, is_met[kept], 0.25)
        assert len(found) == 10
        assert [one.chance for one in found] == sorted(one.chance for one in found)
        ratios = [one.chance / one.rate for one in found]
        assert np.mean(ratios) == pytest.approx(factor, rel=0.1)


def test_a_curve_is_the_mean_of_all_pairs_at_one_value() -> None:
    random = np.random.default_rng(2)
    rows = random.random((300, 4)).astype(np.float32)
    rows[:, 0] = random.integers(0, 3, 300)
    rows[:, 2] = np.nan
    rows[:, 3] = 0
    is_met = random.random(300) < 0.2 + 0.3 * rows[:, 0]
    trees = fit_trees(rows, is_met, NAMES, LightGBMConfig(num_rounds=10), np.zeros(300, bool))
    model = TreeModel((Region("east"),), 0.5, trees.model_to_string())
    curves = dependence(model, rows, is_met, ["near", "empty"])
    assert list(curves) == ["near"]
    assert [value for value, _ in curves["near"]] == [0, 1, 2]
    for value, mean in curves["near"]:
        total = weight = 0.0
        for row, met in zip(rows, is_met, strict=True):
            given = row.copy()
            given[0] = value
            own = 1.0 if met else 2.0
            total, weight = total + own * model.chances_of(given[None])[0], weight + own
        assert mean == pytest.approx(total / weight)
    low, middle, high = (mean for _, mean in curves["near"])
    assert low < middle < high
