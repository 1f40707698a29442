"""Nearness against its equation, place by place."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.axes.places import haversine_km
from graphrec_core.config.model import NearestConfig
from graphrec_core.models.nearest import Nearest
from graphrec_core.models.scorer import ScorerInputs
from tests.support.view_tables import GivenTables

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
QUERIES, CANDIDATES = "uv", "abcd"
KM = 1 / 111.19492664455873
"""Degrees of latitude."""
WHERE = {"a": (0.0, 0.0), "b": (KM, 0.0), "c": (3 * KM, 0.0), "d": None, "x": (2 * KM, 0.0)}
Rows = list[tuple[str, str, int]]
Where = dict[str, tuple[float, float] | None]


def nearest(
    config: NearestConfig, rows: Rows, where: dict[str, tuple[float, float] | None]
) -> np.ndarray:
    times = [INSTANT - timedelta(days=days) for *_, days in rows]
    pairs = pa.table(
        {
            "src": pa.array([row[0] for row in rows], pa.string()),
            "dst": pa.array([row[1] for row in rows], pa.string()),
            "last_event_time": pa.array(times, pa.timestamp("us", tz="UTC")),
        }
    )
    nodes = pa.table(
        {
            "node_id": list(where),
            "latitude": pa.array([place and place[0] for place in where.values()], pa.float64()),
            "longitude": pa.array([place and place[1] for place in where.values()], pa.float64()),
        }
    )
    ids = pa.array(list(QUERIES)), pa.array(list(CANDIDATES))
    scorer = Nearest(config)
    scorer.fit(ScorerInputs(pairs, *ids, INSTANT, GivenTables(nodes)))
    return scorer.scores(np.arange(2))


def test_nearness_by_hand() -> None:
    """u was at a and then at x, which is no candidate any more; v was at d, which is nowhere."""
    rows = [("u", "a", 5), ("u", "x", 1), ("v", "d", 1)]
    found = nearest(NearestConfig(scale_km=2), rows, WHERE)
    e = np.exp
    assert found[0, :3] == pytest.approx(
        [1 + e(-1), e(-0.5) + e(-0.5), e(-1.5) + e(-0.5)], rel=1e-5
    )
    assert np.isneginf(found[0, 3])
    assert np.isneginf(found[1]).all()
    only_last = nearest(NearestConfig(scale_km=2, num_places=1), rows, WHERE)
    assert only_last[0, :3] == pytest.approx([e(-1), e(-0.5), e(-0.5)], rel=1e-5)


def test_a_popular_place_comes_before_a_near_one() -> None:
    rows = [("u", "a", 1), ("v", "c", 1), ("w", "c", 1), ("z", "c", 11)]
    config = NearestConfig(scale_km=3, popularity=1, half_life_days=10)
    found = nearest(config, rows, WHERE)[0]
    counts = 2 * 0.5**0.1 + 0.5**1.1
    assert found[1:3] == pytest.approx([np.exp(-1 / 3), (1 + counts) * np.exp(-1)], rel=1e-5)
    assert found[2] > found[1]


def test_without_coordinates_it_proposes_nothing() -> None:
    rows = [("u", "a", 1)]
    assert np.isneginf(nearest(NearestConfig(), rows, dict.fromkeys(WHERE))).all()
    assert np.isfinite(nearest(NearestConfig(), rows, WHERE)).any()


some_rows = st.lists(
    st.tuples(
        st.sampled_from(QUERIES + "w"), st.sampled_from(CANDIDATES + "x"), st.integers(1, 40)
    ),
    max_size=12,
    unique_by=lambda row: row[:2],
)


@given(some_rows, st.integers(1, 3), st.sampled_from([0, 0.5]), st.sampled_from([0, 7]))
def test_nearness_equals_a_naive_loop(
    rows: Rows, most: int, power: float, half_life: float
) -> None:
    config = NearestConfig(num_places=most, popularity=power, half_life_days=half_life)
    found = nearest(config, rows, WHERE)
    for row, query in enumerate(QUERIES):
        met = [(days, WHERE[place]) for who, place, days in rows if who == query]
        last = sorted((days, place) for days, place in met if place)[:most]
        for column, candidate in enumerate(CANDIDATES):
            own = WHERE[candidate]
            ages = [days for _, place, days in rows if place == candidate]
            popular = sum(0.5 ** (days / half_life) if half_life else 1 for days in ages)
            naive = (1 + popular) ** power * sum(
                np.exp(-haversine_km(*(np.array(one) for one in (*place, *own))))
                for _, place in last
                if own
            )
            assert found[row, column] == pytest.approx(naive or -np.inf, rel=1e-4)
