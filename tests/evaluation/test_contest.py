"""Which recommender is best: hand-computed scores, who chooses, and the interval of a ratio."""

import numpy as np
import pytest

from graphrec_core.config.recommender import OWN
from graphrec_core.evaluation.contest import (
    Contest,
    PerQuery,
    best_of,
    choose,
    contest_figures,
    nobody,
    pooled,
    ratio_of_scores,
    score,
)


def per_query(recall: list[float], mrr: list[float]) -> PerQuery:
    return {"recall": np.array(recall), "mrr": np.array(mrr)}


A = per_query([0.5, 0.0], [0.5, 0.5])  # means .25 and .5: score sqrt(.125) = .35355
B = per_query([1.0, 0.0], [0.25, 0.15])  # means .5 and .2: score sqrt(.1) = .31623
C = per_query([0.0, 0.5], [1.0, 0.0])  # as A


def test_a_score_is_the_geometric_mean_of_recall_and_mrr() -> None:
    assert score(A) == pytest.approx(0.125**0.5)
    assert score(B) == pytest.approx(0.1**0.5)
    assert score(nobody()) == score(per_query([0.0], [1.0])) == 0


def test_the_best_one_wins_and_of_equal_ones_the_first() -> None:
    assert best_of({OWN: B, "a": A}) == "a"
    assert best_of({OWN: A, "b": B, "c": C}) == OWN
    assert best_of({OWN: B, "c": C, "d": A}) == "c"


def test_who_chooses() -> None:
    """Two queries tell in a region, in the other one three of all do."""
    large: Contest = {OWN: B, "a": A}
    small: Contest = {OWN: per_query([0.25], [0.25]), "a": per_query([0.2], [0.2])}
    both = [large, small]
    assert choose(large, both, 2) == ("a", "region")
    assert choose(small, both, 1) == (OWN, "region")
    assert choose(small, both, 2) == ("a", "pool")  # .3055 against .3005
    assert score(pooled(both, [OWN])[OWN]) == pytest.approx((1.25 / 3 * 0.65 / 3) ** 0.5)
    assert choose(small, [small], 2) == (OWN, "default")
    without_past: Contest = {OWN: nobody(), "a": nobody()}
    assert choose(without_past, [large, without_past], 2)[1] == "pool"


def test_who_could_not_compete_is_not_compared() -> None:
    large, small = {OWN: B, "a": A, "b": C}, {OWN: per_query([0.3], [0.3])}
    assert choose(small, [large, small], 3) == (OWN, "pool")
    assert choose({"a": A}, [{"a": A}], 1) == (OWN, "default")  # nothing to hold it against
    assert choose({}, [], 1) == (OWN, "default")
    assert pooled([large, small], [OWN, "a"])["a"]["recall"].tolist() == [0.5, 0.0]


def test_figures_say_how_much_better_and_how_sure_that_is() -> None:
    random = np.random.default_rng(0)
    own = per_query(list(random.random(400) * 0.2), list(random.random(400) * 0.1))
    better = {name: values * 1.2 + random.normal(0, 0.05, 400) for name, values in own.items()}
    figures = contest_figures({OWN: own, "better": better})
    assert figures.num_queries == 400
    assert figures.contenders[OWN].ratio is None
    found = figures.contenders["better"]
    assert found.ratio == pytest.approx(score(better) / score(own))
    low, high = _bootstrap(better, own)
    assert (found.ratio_low, found.ratio_high) == pytest.approx((low, high), abs=0.02)
    assert low < found.ratio < high
    assert contest_figures({OWN: nobody()}).contenders == {}


def _bootstrap(own: PerQuery, other: PerQuery) -> tuple[float, float]:
    random, ratios = np.random.default_rng(1), []
    for _ in range(1000):
        kept = random.integers(0, 400, 400)
        first, second = ({name: v[kept] for name, v in one.items()} for one in (own, other))
        ratios.append(score(first) / score(second))
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def test_equal_answers_are_equal_for_sure_and_few_queries_or_no_hit_tell_nothing() -> None:
    twelve = per_query([0.5] * 6 + [0.0] * 6, [0.2] * 12)
    assert ratio_of_scores(twelve, twelve) == (1, 1, 1)
    assert ratio_of_scores(A, B) is None
    none = per_query([0.0] * 12, [0.0] * 12)
    assert ratio_of_scores(twelve, none) is None
    assert ratio_of_scores(none, twelve) is None
