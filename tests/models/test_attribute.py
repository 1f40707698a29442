"""Attributes against a loop over what each query met."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config.model import AttributeConfig
from graphrec_core.models.attribute import Attribute
from graphrec_core.models.scorer import ScorerInputs
from tests.support.view_tables import GivenTables

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
QUERIES, CANDIDATES = "uv", "abcde"
KINDS: dict[str, str | None] = {
    "a": "bar", "b": "bar", "c": "park", "d": "zoo", "e": None, "x": "park"
}  # fmt: skip
Rows = list[tuple[str, str, int]]
"""Query, what it met, days since the last event."""


def scores_of(rows: Rows, kinds: dict[str, str | None], half_life: float = 10) -> np.ndarray:
    times = [INSTANT - timedelta(days=days) for *_, days in rows]
    pairs = pa.table(
        {
            "src": pa.array([row[0] for row in rows], pa.string()),
            "dst": pa.array([row[1] for row in rows], pa.string()),
            "last_event_time": pa.array(times, pa.timestamp("us", tz="UTC")),
        }
    )
    nodes = pa.table({"node_id": list(kinds), "kind": pa.array(kinds.values(), pa.string())})
    ids = pa.array(list(QUERIES)), pa.array(list(CANDIDATES))
    scorer = Attribute(AttributeConfig(column="kind", half_life_days=half_life))
    scorer.fit(ScorerInputs(pairs, *ids, INSTANT, GivenTables(nodes)))
    return scorer.scores(np.arange(2))


def test_shares_by_hand() -> None:
    """u went to two bars and a park that is no candidate any more; v where nothing has a kind."""
    rows = [("u", "a", 10), ("u", "b", 20), ("u", "x", 1), ("w", "b", 10), ("v", "e", 1)]
    found = scores_of(rows, KINDS)
    assert found[0, :3] == pytest.approx([2 / 3 * 1.5, 2 / 3 * 1.75, 1 / 3 * 1])
    assert np.isneginf(found[0, 3:]).all()  # it was never at a zoo, and e is of no kind
    assert np.isneginf(found[1]).all()


def test_each_value_of_a_list_counts_by_its_part_of_the_list() -> None:
    """u met a drama (a) and a drama that is a comedy, too (b): 3/4 drama, 1/4 comedy."""
    kinds = {"a": ["drama"], "b": ["drama", "comedy"], "c": ["comedy"], "d": [], "e": None}
    nodes = pa.table(
        {"node_id": list(kinds), "kind": pa.array(kinds.values(), pa.list_(pa.string()))}
    )
    at = pa.array([INSTANT - timedelta(days=10)] * 2, pa.timestamp("us", tz="UTC"))
    pairs = pa.table({"src": ["u", "u"], "dst": ["a", "b"], "last_event_time": at})
    ids = pa.array(list(QUERIES)), pa.array(list(CANDIDATES))
    scorer = Attribute(AttributeConfig(column="kind", half_life_days=0))
    scorer.fit(ScorerInputs(pairs, *ids, INSTANT, GivenTables(nodes)))
    found = scorer.scores(np.arange(2))
    assert found[0, :3] == pytest.approx([3 / 4 * 2, (3 / 4 + 1 / 4) / 2 * 2, 1 / 4])
    assert np.isneginf(found[0, 3:]).all()


def test_without_a_value_it_proposes_nothing() -> None:
    rows = [("u", "a", 1)]
    assert np.isneginf(scores_of(rows, dict.fromkeys(KINDS))).all()
    assert np.isfinite(scores_of(rows, KINDS)).any()


some_rows = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from(CANDIDATES + "xy"), st.integers(1, 40)),
    max_size=12,
    unique_by=lambda row: row[:2],
)


@given(some_rows, st.sampled_from([0, 7]))
def test_it_equals_a_naive_loop(rows: Rows, half_life: float) -> None:
    """Also of y, which the view's nodes lack."""
    found = scores_of(rows, KINDS, half_life)
    for row, query in enumerate(QUERIES):
        met = [KINDS.get(place) for who, place, _ in rows if who == query]
        known = [kind for kind in met if kind]
        for column, candidate in enumerate(CANDIDATES):
            ages = [days for _, place, days in rows if place == candidate]
            popular = sum(0.5 ** (days / half_life) if half_life else 1 for days in ages)
            share = known.count(KINDS[candidate]) / len(known) if known else 0
            assert found[row, column] == pytest.approx(share * (1 + popular) or -np.inf, rel=1e-5)
