"""The quality bench's own arithmetic."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from bench.intervals import interval
from bench.lightgcn_split import judge
from bench.quality import _not_below_popularity, _ratios


class Fixed:
    """Scores that are written down."""

    def __init__(self, scores: np.ndarray) -> None:
        self._scores = scores

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        return self._scores[query_rows].copy()


def test_recall_and_ndcg_of_the_public_split_are_those_of_a_hand_count() -> None:
    train = sp.csr_array(np.eye(3, 40))
    test = np.zeros((3, 40))
    test[0, [1, 2]] = test[2, [0, 5]] = 1  # the second user has nothing to find
    scores = np.tile(-np.arange(40.0), (3, 1))  # best first by number; own ones are left out
    found = judge(Fixed(scores), train, sp.csr_array(test))  # type: ignore[arg-type]
    assert found["recall"] == pytest.approx(1)
    ideal = 1 + 1 / np.log2(3)
    # 0: places 1 and 2; 2: candidate 0 at place 1, candidate 5 at place 5 (2 is left out).
    assert found["ndcg"] == pytest.approx((1 + (1 + 1 / np.log2(6)) / ideal) / 2)


def frame(release: list[float], popularity: list[float]) -> pd.DataFrame:
    rows = [("release", value) for value in release] + [("popularity", v) for v in popularity]
    return pd.DataFrame(
        {"region": "a", "system": name, "query": number, "recall@20": value, "mrr": value}
        for number, (name, value) in enumerate(rows)
    )


def test_a_release_must_beat_the_best_peer_by_the_ratio() -> None:
    scores = frame([0.24, 0.24], [0.2, 0.2])
    assert [row["pass"] for row in _ratios("x", scores, ["popularity"], 1.19)] == [True, True]
    (row, _) = _ratios("x", scores, ["popularity"], 1.21)
    assert (row["pass"], row["ratio"], row["queries"]) == (False, 1.2, 2)


def test_a_region_fails_only_where_popularity_is_surely_better() -> None:
    random = np.random.default_rng(0).random(200)
    worse, as_good = frame(list(random), list(random + 0.1)), frame(list(random), list(random))
    assert not any(row["pass"] for row in _not_below_popularity("x", worse))
    assert all(row["pass"] for row in _not_below_popularity("x", as_good))


def test_the_interval_of_a_mean_holds_it() -> None:
    low, high = interval(np.array([0.0, 1.0] * 50))
    assert 0.39 < low < 0.5 < high < 0.61
