"""What every scorer of the registry keeps to, whatever it computes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.config.recommenders import Recommender, baseline, scorers
from graphrec_core.models.registry import build_scorer
from graphrec_core.models.scorer import QueryFreeScorer, ScorerInputs
from tests.support.view_tables import GivenTables

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
NUM_QUERIES, NUM_CANDIDATES, NUM_OTHERS = 8, 12, 3
every_scorer = pytest.mark.parametrize("entry", scorers(), ids=lambda entry: entry.name)


def some_inputs(*, num_pairs: int = 60) -> ScorerInputs:
    """People to people, also not asked for; the last query and candidate met nobody."""
    rng = np.random.default_rng(4)
    queries = [f"u{number:02}" for number in range(NUM_QUERIES)]
    candidates = [f"u{number:02}" for number in range(NUM_CANDIDATES)]
    drawn = {
        (int(rng.integers(NUM_QUERIES + NUM_OTHERS)), int(rng.integers(NUM_CANDIDATES + 2)))
        for _ in range(num_pairs)
    }
    alone = {NUM_QUERIES - 1}, {NUM_CANDIDATES - 1}
    met = sorted(
        (f"u{one:02}", f"u{other:02}")
        for one, other in drawn
        if one != other and one not in alone[0] and other not in alone[1]
    )
    last = [INSTANT - timedelta(hours=float(rng.integers(2, 2000))) for _ in met]
    time = pa.timestamp("us", tz="UTC")
    pairs = pa.table(
        {
            "src": pa.array([query for query, _ in met], pa.string()),
            "dst": pa.array([candidate for _, candidate in met], pa.string()),
            "first_event_time": pa.array([one - timedelta(hours=1) for one in last], time),
            "last_event_time": pa.array(last, time),
            "weight": pa.array(rng.integers(1, 4, len(met)), pa.float64()),
        }
    )
    nodes = pa.table(
        {
            "node_id": [f"u{number:02}" for number in range(NUM_CANDIDATES + 2)],
            "latitude": rng.random(NUM_CANDIDATES + 2) / 100,
            "longitude": rng.random(NUM_CANDIDATES + 2) / 100,
            "category": [f"kind{number % 3}" for number in range(NUM_CANDIDATES + 2)],
        }
    )
    return ScorerInputs(
        pairs, pa.array(queries), pa.array(candidates), INSTANT, GivenTables(nodes)
    )


def scores_of(entry: Recommender, inputs: ScorerInputs) -> np.ndarray:
    """Fits it and scores all queries; one without queries scores them alike."""
    scorer = build_scorer(baseline(entry.name, 28))
    scorer.fit(inputs)
    if isinstance(scorer, QueryFreeScorer):
        rows, scores = scorer.ranked()
        return np.tile(scores[np.argsort(rows)], (NUM_QUERIES, 1))
    return scorer.scores(np.arange(NUM_QUERIES))


@every_scorer
def test_scores_are_numbers_or_no_proposal(entry: Recommender) -> None:
    found = scores_of(entry, some_inputs())
    assert found.dtype == np.float32
    assert found.shape == (NUM_QUERIES, NUM_CANDIDATES)
    assert (np.isfinite(found) | np.isneginf(found)).all()
    assert np.isfinite(found).any(), "it proposes something"


@every_scorer
def test_equal_inputs_give_equal_bytes(entry: Recommender) -> None:
    assert scores_of(entry, some_inputs()).tobytes() == scores_of(entry, some_inputs()).tobytes()


@every_scorer
def test_the_order_of_pairs_says_nothing(entry: Recommender) -> None:
    inputs = some_inputs()
    turned = replace(inputs, pairs=inputs.pairs.take(list(range(inputs.pairs.num_rows))[::-1]))
    assert scores_of(entry, turned) == pytest.approx(scores_of(entry, inputs), rel=1e-4, abs=1e-5)


@every_scorer
def test_a_view_without_pairs_proposes_nobody_anything(entry: Recommender) -> None:
    inputs = some_inputs()
    found = scores_of(entry, replace(inputs, pairs=inputs.pairs.slice(0, 0)))
    assert not (found > 0).any()


@every_scorer
def test_a_query_has_its_scores_in_any_block_and_for_itself(entry: Recommender) -> None:
    scorer = build_scorer(baseline(entry.name, 28))
    scorer.fit(some_inputs())
    if isinstance(scorer, QueryFreeScorer):
        rows, scores = scorer.ranked()
        assert sorted(rows) == list(range(NUM_CANDIDATES))
        assert (np.diff(scores) <= 0).all()
        return
    whole = scorer.scores(np.arange(NUM_QUERIES))
    kept = whole.copy()
    for row in range(NUM_QUERIES):
        assert scorer.scores(np.array([row]))[0] == pytest.approx(whole[row], rel=1e-5)
    whole[:] = -np.inf  # as whoever leaves out what was seen does
    assert scorer.scores(np.arange(NUM_QUERIES)) == pytest.approx(kept, rel=1e-6)
    assert scorer.scores(np.array([], dtype=np.int64)).shape == (0, NUM_CANDIDATES)
