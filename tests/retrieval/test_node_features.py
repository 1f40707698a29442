"""What is known of queries and candidates apart, by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.errors import LeakageError
from graphrec_core.retrieval.node_features import NUM_PLACES, NodeFeatures, node_features

END = datetime(2026, 3, 1, tzinfo=UTC)
QUERIES, CANDIDATES = pa.array(["ann", "bob", "new"]), pa.array(["bar", "cafe", "zoo"])
NODES = pa.table(
    {
        "node_id": ["bar", "cafe", "far", "zoo"],
        "latitude": [10.0, 11.0, 50.0, None],
        "longitude": [20.0, 21.0, 60.0, None],
    }
)


def pairs(*rows: tuple[str, str, int, float] | tuple[str, str, int, float, float]) -> pa.Table:
    """src, dst, events, days before the end: of the last event, and of the first if another."""
    src, dst, events, days, first = zip(*((*row, row[3])[:5] for row in rows), strict=True)
    times, first_times = ([END - timedelta(days=one) for one in ago] for ago in (days, first))
    return pa.table(
        {
            "src": src,
            "dst": dst,
            "num_events": pa.array(events, pa.int64()),
            "first_event_time": pa.array(first_times, pa.timestamp("us", tz="UTC")),
            "last_event_time": pa.array(times, pa.timestamp("us", tz="UTC")),
        }
    )


@pytest.fixture
def found() -> NodeFeatures:
    met = pairs(
        ("ann", "bar", 3, 2.0, 20.0),
        ("ann", "cafe", 1, 10.0),
        ("ann", "far", 2, 40.0),  # no candidate any more
        ("ann", "zoo", 1, 1.0),
        ("bob", "bar", 1, 100.0),
        ("halo", "bar", 6, 5.0),  # a query of a neighbour region
    )
    return node_features(met, NODES, QUERIES, CANDIDATES, END)


def column(table: pa.Table, name: str) -> list[float]:
    return [None if np.isnan(one) else one for one in table[name].to_numpy()]


def test_queries_are_counted_by_window(found: NodeFeatures) -> None:
    assert column(found.queries, "num_candidates") == [4, 1, 0]
    assert column(found.queries, "num_candidates_month") == [3, 0, 0]
    assert column(found.queries, "num_candidates_week") == [2, 0, 0]
    assert column(found.queries, "events_per_candidate") == [7 / 4, 1, None]
    assert column(found.queries, "days_since_event") == [1, 100, None]


def test_candidates_are_counted_by_window(found: NodeFeatures) -> None:
    assert column(found.candidates, "num_queries") == [3, 1, 1]
    assert column(found.candidates, "num_queries_month") == [2, 1, 1]
    assert column(found.candidates, "num_queries_week") == [2, 0, 1]
    assert column(found.candidates, "events_per_query") == pytest.approx([10 / 3, 1, 1])
    assert column(found.candidates, "days_since_event") == [2, 10, 1]


def test_first_meetings_are_counted_apart(found: NodeFeatures) -> None:
    """The bar was new to ann 20 days ago, though she was there two days ago."""
    assert column(found.queries, "new_candidates_month") == [3, 0, 0]
    assert column(found.queries, "new_candidates_week") == [1, 0, 0]
    assert column(found.candidates, "new_queries_month") == [2, 1, 1]
    assert column(found.candidates, "new_queries_week") == [1, 0, 1]


def test_a_trend_is_smoothed(found: NodeFeatures) -> None:
    """A week against a quarter of a month, plus one each; a month against all, plus ten."""
    assert column(found.candidates, "trend") == pytest.approx([3 / 1.5, 1 / 1.25, 2 / 1.25])
    assert column(found.candidates, "novelty") == pytest.approx([3 / 13, 2 / 11, 2 / 11])


def test_places_stand_latest_first_those_that_are_no_candidates_too(found: NodeFeatures) -> None:
    latitudes = np.array(found.queries["latitudes"].to_pylist())
    longitudes = np.array(found.queries["longitudes"].to_pylist())
    assert latitudes.shape == (3, NUM_PLACES)
    assert latitudes[0, :3].tolist() == [10, 11, 50]
    assert longitudes[0, :3].tolist() == [20, 21, 60]
    assert np.isnan(latitudes[0, 3:]).all()
    assert np.isnan(latitudes[2]).all()
    assert column(found.candidates, "latitude") == [10, 11, None]


def test_only_the_latest_places_are_kept() -> None:
    ids = [f"p{number:02}" for number in range(NUM_PLACES + 3)]
    nodes = pa.table(
        {
            "node_id": ids,
            "latitude": np.arange(len(ids), dtype=float),
            "longitude": np.zeros(len(ids)),
        }
    )
    met = pairs(*(("ann", one, 1, 1.0 + number) for number, one in enumerate(ids)))
    found = node_features(met, nodes, QUERIES, pa.array(ids), END)
    assert found.queries["latitudes"].to_pylist()[0] == [float(n) for n in range(NUM_PLACES)]


def test_the_order_of_rows_changes_nothing(found: NodeFeatures) -> None:
    met = pairs(*(("ann", one, 1, 3.0) for one in ("bar", "cafe", "far")), ("bob", "zoo", 1, 3.0))
    turned = met.take([3, 1, 0, 2])
    ends = NODES, QUERIES, CANDIDATES, END
    straight, other = node_features(met, *ends), node_features(turned, *ends)
    for one, two in ((straight.queries, other.queries), (straight.candidates, other.candidates)):
        for name in one.column_names:
            np.testing.assert_array_equal(
                np.array(one[name].to_pylist()), np.array(two[name].to_pylist())
            )


@pytest.mark.parametrize("days", [0.0, -1.0])
def test_an_event_at_the_instant_or_later_is_refused(days: float) -> None:
    met = pairs(("ann", "bar", 1, 1e-6), ("bob", "bar", 1, days))
    with pytest.raises(LeakageError, match="found: 1 of 2 pairs"):
        node_features(met, NODES, QUERIES, CANDIDATES, END)


def test_nodes_without_coordinates_and_views_without_pairs() -> None:
    bare = NODES.set_column(1, "latitude", pa.nulls(4, pa.float64()))
    bare = bare.set_column(2, "longitude", pa.nulls(4))
    empty = pairs(("x", "y", 1, 1.0)).slice(0, 0)
    found = node_features(empty, bare, QUERIES, CANDIDATES, END)
    assert np.isnan(np.array(found.queries["latitudes"].to_pylist())).all()
    assert column(found.candidates, "num_queries") == [0, 0, 0]
    assert column(found.candidates, "trend") == [1, 1, 1]
    assert column(found.candidates, "days_since_event") == [None, None, None]
