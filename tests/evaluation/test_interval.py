"""The interval of a bounded mean: by hand, against a plain list, and how often it covers."""

import numpy as np
import pytest

from graphrec_core.evaluation.interval import FEWEST, capped_weights, mean_interval

BOTH_WAYS = (-1.0, 1.0)


def test_by_hand() -> None:
    """14 differences of 0 and -1 and 1 added: mean 0, s2 = 2 / 15, t(15) at .975 is 2.1314."""
    half = 2.131450 * (2 / 15 / 16) ** 0.5
    assert mean_interval(np.zeros(14), BOTH_WAYS, 0.95) == pytest.approx((-half, half), abs=1e-6)


def test_by_hand_of_shares() -> None:
    """4 of 14 queries hit, and one hit and one miss added: 5 of 16."""
    values = np.array([1.0] * 4 + [0.0] * 10)
    half = 2.131450 * (5 / 16 * 11 / 16 / 15) ** 0.5
    assert mean_interval(values, (0.0, 1.0), 0.95) == pytest.approx(
        (5 / 16 - half, 5 / 16 + half), abs=1e-6
    )


def test_fewer_than_the_fewest_conclude_nothing() -> None:
    for num in range(FEWEST):
        assert mean_interval(np.full(num, -1.0), BOTH_WAYS, 0.95) == BOTH_WAYS
    assert mean_interval(np.full(FEWEST, -1.0), BOTH_WAYS, 0.95)[1] < 0


@pytest.mark.parametrize("value", [-1.0, -0.4, 0.0, 0.7, 1.0])
@pytest.mark.parametrize("num", [FEWEST, 50, 5000])
def test_equal_values_have_a_width_and_lie_inside(value: float, num: int) -> None:
    low, high = mean_interval(np.full(num, value), BOTH_WAYS, 0.95)
    assert low <= value <= high
    assert -1 <= low < high <= 1
    assert high - low > 2 / num


def test_weights_count_as_repetition() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, 40)
    plain = mean_interval(values, BOTH_WAYS, 0.95)
    assert mean_interval(values, BOTH_WAYS, 0.95, np.full(40, 0.25)) == pytest.approx(plain)
    # A weight of nearly 0 is hardly there: the interval of the others.
    weights = np.r_[np.ones(30), np.full(10, 1e-9)]
    expected = mean_interval(values[:30], BOTH_WAYS, 0.95)
    assert mean_interval(values, BOTH_WAYS, 0.95, weights) == pytest.approx(expected, abs=1e-6)


def test_a_large_region_counts_as_the_most_allowed() -> None:
    groups = np.repeat([0, 1, 3], [400, 20, 2])
    weights = capped_weights(groups, 100)
    assert weights[groups == 0].sum() == pytest.approx(100)
    assert weights[groups == 1].tolist() == [1.0] * 20
    assert weights[groups == 3].tolist() == [1.0] * 2


@pytest.mark.parametrize("num", [10, 20, 50, 100, 400])
@pytest.mark.parametrize("win", [0.02, 0.1, 0.3])
def test_rare_wins_are_covered(num: int, win: float) -> None:
    """A model that finds at rank 1 or not at all, against one that is always at rank 50.

    Where no win is among the queries every difference is -.02: a plain t-interval then says that
    the model is worse, of a win in 50 in 82 % of all samples of ten. This one covers the true
    difference in at least 95 %.
    """
    rng = np.random.default_rng(num)
    trials, covered, plain = 2000, 0, 0
    truth = win - 0.02
    for _ in range(trials):
        values = (rng.random(num) < win) - 0.02
        low, high = mean_interval(values, BOTH_WAYS, 0.95)
        covered += low <= truth <= high
        plain += bool(values.mean() + 2 * values.std(ddof=1) / num**0.5 < truth)
    assert covered / trials >= 0.94
    if num * win < 0.5:
        assert plain / trials > 0.5


@pytest.mark.parametrize("num", [20, 2000])
def test_it_nears_the_t_interval(num: int) -> None:
    values = np.random.default_rng(3).normal(0.1, 0.2, size=num).clip(-1, 1)
    low, high = mean_interval(values, BOTH_WAYS, 0.95)
    half = 2 * values.std(ddof=1) / num**0.5
    assert (high - low) / 2 == pytest.approx(half, rel=6 / num**0.5)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=2 / num)
