"""A pair counts by the age of its last event, the same in every scorer that sums over pairs."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config.model import (
    CovisitationConfig,
    EaseConfig,
    NeighboursConfig,
    PairsConfig,
    PopularityConfig,
    SpectralConfig,
)
from graphrec_core.config.recommenders import scorers
from graphrec_core.models.popularity import Popularity
from graphrec_core.models.registry import build_scorer
from graphrec_core.models.scorer import QueryFreeScorer, ScorerInputs

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
QUERIES, CANDIDATES = "uvw", "abc"
HALF_LIFE = 10
CLOSED_FORMS = {
    PopularityConfig: {},
    CovisitationConfig: {},
    NeighboursConfig: {"degrees": (0.5, 0.3, 0.2)},
    EaseConfig: {"l2": 1.0},
    SpectralConfig: {"rank": 9, "power": 1},  # of equal vectors either may be kept; of all, none
}
some_pairs = st.lists(
    st.tuples(st.sampled_from(QUERIES), st.sampled_from(CANDIDATES + "x"), st.integers(1, 60)),
    min_size=3,
    max_size=10,
    unique_by=lambda row: row[:2],
)
"""Query, candidate (or one that is none any more), days since the last event."""


def inputs_of(rows: list[tuple[str, str, int]], weights: list[float]) -> ScorerInputs:
    times = [INSTANT - timedelta(days=days) for *_, days in rows]
    pairs = pa.table(
        {
            "src": [row[0] for row in rows],
            "dst": [row[1] for row in rows],
            "last_event_time": pa.array(times, pa.timestamp("us", tz="UTC")),
            "weight": pa.array(weights, pa.float64()),
        }
    )
    return ScorerInputs(pairs, pa.array(list(QUERIES)), pa.array(list(CANDIDATES)), INSTANT)


def scores_of(config: PairsConfig, inputs: ScorerInputs) -> np.ndarray:
    scorer = build_scorer(config)
    scorer.fit(inputs)
    if isinstance(scorer, QueryFreeScorer):
        rows, scores = scorer.ranked()
        return scores[np.argsort(rows)]
    return scorer.scores(np.arange(len(QUERIES)))


def test_every_scorer_that_sums_over_pairs_is_held_to_this() -> None:
    settings = {entry.settings for entry in scorers() if not entry.recent_setting}
    assert {one for one in settings if issubclass(one, PairsConfig)} == set(CLOSED_FORMS)


def test_decayed_popularity_by_hand() -> None:
    """Two visits twenty days ago count a half together, one of today and one of ten days more."""
    rows = [("u", "a", 20), ("v", "a", 20), ("u", "b", 10), ("v", "c", 5), ("w", "c", 15)]
    config = PopularityConfig(half_life_days=HALF_LIFE)
    found = scores_of(config, inputs_of(rows, [1.0] * 5))
    assert found == pytest.approx([0.5, 0.5, 0.5**0.5 + 0.5**1.5])
    popularity = Popularity(config)
    popularity.fit(inputs_of(rows, [1.0] * 5))
    assert popularity.ranked()[0].tolist() == [2, 0, 1]
    assert scores_of(PopularityConfig(), inputs_of(rows, [1.0] * 5)).tolist() == [2, 1, 2]


@given(rows=some_pairs, half_life=st.sampled_from([0.5, 7, 300]))
def test_a_trend_ranks_as_a_naive_loop(rows: list[tuple[str, str, int]], half_life: float) -> None:
    total = dict.fromkeys(CANDIDATES, 0.0)
    for _, candidate, days in rows:
        if candidate in total:
            total[candidate] += 0.5 ** (days / half_life)
    popularity = Popularity(PopularityConfig(half_life_days=half_life))
    popularity.fit(inputs_of(rows, [1.0] * len(rows)))
    order, scores = popularity.ranked()
    assert scores == pytest.approx([total[CANDIDATES[row]] for row in order], rel=1e-5)
    assert all(a >= b for a, b in pairwise(scores))


@pytest.mark.parametrize("settings", CLOSED_FORMS, ids=lambda one: one.__name__)
@given(rows=some_pairs, weighted=st.booleans())
def test_decay_equals_weights_that_have_decayed(
    settings: type[PairsConfig],
    rows: list[tuple[str, str, int]],
    *,
    weighted: bool,
) -> None:
    """By hand on the weights, which scorers read since before there was a decay."""
    weights = [1.0 + place % 3 if weighted else 1.0 for place in range(len(rows))]
    own = CLOSED_FORMS[settings]
    decayed = settings(half_life_days=HALF_LIFE, weighted=weighted, **own)
    by_hand = settings(weighted=True, **own)
    kept = [0.5 ** (days / HALF_LIFE) for *_, days in rows]
    aged = [weight * share for weight, share in zip(weights, kept, strict=True)]
    pair = scores_of(decayed, inputs_of(rows, weights)), scores_of(by_hand, inputs_of(rows, aged))
    found, expected = (np.maximum(scores, 0) for scores in pair)  # about zero, rounding decides
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_what_is_too_old_for_a_number_counts_nothing() -> None:
    rows = [("u", "a", 60), ("v", "a", 1), ("v", "b", 60)]
    config = CovisitationConfig(half_life_days=0.1)
    found = scores_of(config, inputs_of(rows, [1.0] * 3))
    assert np.isneginf(found[0]).all()
    assert np.isneginf(found[:, 1:]).all()
    assert found[1, 0] == pytest.approx(0.5**10)


def test_decay_and_a_window_go_together() -> None:
    rows = [("u", "a", 20), ("v", "a", 40), ("u", "b", 10), ("w", "c", 40)]
    config = PopularityConfig(half_life_days=HALF_LIFE, window_days=30)
    popularity = Popularity(config)
    popularity.fit(inputs_of(rows, [1.0] * 4))
    order, scores = popularity.ranked()
    assert order.tolist() == [1, 0, 2]
    assert scores.tolist() == [0.5, 0.25, 0]
