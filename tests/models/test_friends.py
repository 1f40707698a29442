"""Friends, friends of friends and who waits for an answer, against loops over people."""

from datetime import UTC, datetime, timedelta
from math import log

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config.model import FriendsConfig, ReciprocalConfig
from graphrec_core.models.friends import Friends
from graphrec_core.models.reciprocal import Reciprocal
from graphrec_core.models.scorer import ScorerInputs
from tests.support.view_tables import GivenTables

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
PEOPLE, OTHERS = "uvwz", "ab"
Rows = list[tuple[str, str, int]]
"""From whom, to whom or what, days since the last event."""


def pairs_of(rows: Rows, weights: dict[tuple[str, str], float] | None = None) -> pa.Table:
    times = [INSTANT - timedelta(days=days) for *_, days in rows]
    weighed = [(weights or {}).get(row[:2], 1.0) for row in rows]
    return pa.table(
        {
            "src": pa.array([row[0] for row in rows], pa.string()),
            "dst": pa.array([row[1] for row in rows], pa.string()),
            "last_event_time": pa.array(times, pa.timestamp("us", tz="UTC")),
            "weight": pa.array(weighed, pa.float64()),
        }
    )


def scores_of(
    scorer: Friends | Reciprocal, rows: Rows, candidates: str, knows: pa.Table | None = None
) -> np.ndarray:
    ids = pa.array(list(PEOPLE)), pa.array(list(candidates))
    tables = GivenTables(pa.table({}), {"knows": knows} if knows else {})
    scorer.fit(ScorerInputs(pairs_of(rows), *ids, INSTANT, tables))
    return scorer.scores(np.arange(len(PEOPLE)))


def test_places_of_friends_by_hand() -> None:
    """u knows v and w, whoever wrote it down; v was at a, w at a and b; z is alone."""
    knows = pairs_of([("u", "v", 1), ("w", "u", 1), ("w", "w", 1)], {("u", "v"): 3})
    rows = [("v", "a", 10), ("w", "a", 0), ("w", "b", 20), ("z", "b", 0)]
    plain = scores_of(Friends(FriendsConfig(edge="knows")), rows, OTHERS, knows)
    assert plain[0].tolist() == [1, 0.5]
    assert np.isneginf(plain[1:]).all()  # u was nowhere, and w's friend is u, not itself
    config = FriendsConfig(edge="knows", weighted=True, half_life_days=10)
    found = scores_of(Friends(config), rows, OTHERS, knows)
    assert found[0] == pytest.approx([3 / 4 * 0.5 + 1 / 4, 1 / 4 * 0.25])


def test_friends_of_friends_by_hand() -> None:
    """u and z both wrote to v, who knows three, and w, who knows two."""
    rows = [("u", "v", 1), ("z", "v", 1), ("x", "v", 1), ("u", "w", 1), ("w", "z", 1)]
    common = scores_of(Friends(FriendsConfig()), rows, PEOPLE)
    assert common[0].tolist() == [1, -np.inf, -np.inf, 1]  # itself, as never shown; z by both
    rare = scores_of(Friends(FriendsConfig(adamic_adar=True)), rows, PEOPLE)
    assert rare[0, 3] == pytest.approx((1 / log(3) + 1 / log(2)) / 2)


some_rows = st.lists(
    st.tuples(st.sampled_from(PEOPLE + "x"), st.sampled_from(PEOPLE + "x"), st.integers(1, 40)),
    max_size=12,
    unique_by=lambda row: row[:2],
).map(lambda rows: [row for row in rows if row[0] != row[1]])


@given(some_rows, st.booleans(), st.sampled_from([0, 7]))
def test_friends_of_friends_equal_a_naive_loop(rows: Rows, rare: bool, half_life: float) -> None:  # noqa: FBT001
    config = FriendsConfig(adamic_adar=rare, half_life_days=half_life)
    found = scores_of(Friends(config), rows, PEOPLE)
    days: dict[tuple[str, str], int] = {}
    for one, other, ago in rows:
        for pair in ((one, other), (other, one)):
            days[pair] = min(ago, days.get(pair, ago))
    known = {one: {b for a, b in days if a == one} for one in PEOPLE + "x"}
    for row, query in enumerate(PEOPLE):
        for column, candidate in enumerate(PEOPLE):
            naive = sum(
                (0.5 ** (days[friend, candidate] / half_life) if half_life else 1)
                / (log(max(len(known[friend]), 2)) if rare else 1)
                for friend in known[query] & known[candidate]
            )
            expected = naive / len(known[query]) if naive else -np.inf
            assert found[row, column] == pytest.approx(expected, rel=1e-5)


def test_who_wrote_may_get_an_answer() -> None:
    rows = [("v", "u", 7), ("w", "u", 14), ("u", "z", 1), ("x", "u", 1)]
    found = scores_of(Reciprocal(ReciprocalConfig(half_life_days=7)), rows, PEOPLE)
    assert found[0].tolist() == [-np.inf, 0.5, 0.25, -np.inf]
    assert found[3, 0] == pytest.approx(0.5 ** (1 / 7))
    assert np.isneginf(found[1:3]).all()
