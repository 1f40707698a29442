import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.errors import LakeError, SchemaError
from graphrec_core.graph import EdgeList, FeatureEncoder, RegionGraph
from graphrec_core.graph.feature_column import fit_numbers, fit_texts
from graphrec_core.quality.feature_drift import feature_drift
from graphrec_core.types import Region

NAMES = {"film": ["year", "is_new", "studio", "genres"]}


def graph_of(**columns: object) -> RegionGraph:
    """Three films, seen 1, 0 and 3 times, last seen 0 and 2 days before the newest event."""
    days = [datetime(2026, 1, 3, tzinfo=UTC), None, datetime(2026, 1, 1, tzinfo=UTC)]
    data = {
        "node_id": ["a", "b", "c"],
        "num_events": [1, 0, 3],
        "last_event_time": pa.array(days, pa.timestamp("us", tz="UTC")),
        "title": ["A", "B", "C"],
        "year": [1990.0, None, 2010.0],
        "is_new": [False, None, True],
        "studio": ["x", None, "y"],
        "genres": pa.array([["drama", "war"], None, ["war"]], pa.list_(pa.string())),
        **columns,
    }
    one = torch.zeros(1, dtype=torch.int64)
    return RegionGraph(
        region=Region("r"),
        query="film",
        candidate="film",
        task_edge="e",
        nodes={"film": pa.table(data)},
        offsets={"film": 0},
        edges={"e": EdgeList(one, one, torch.ones(1, dtype=torch.float64))},
        members={},
        candidates={},
        query_regions=torch.zeros(3, dtype=torch.int64),
    )


def test_hand_computed_columns():
    graph = graph_of()

    encoded = FeatureEncoder.fit(graph, NAMES).encode(graph)["film"].numpy()

    # Of two or three values the quartiles lie half way to the ends: |x - median| / range * 2.698.
    np.testing.assert_allclose(encoded[:, 0], [-1.349, 0, 1.349])
    np.testing.assert_array_equal(encoded[:, 1], [0, 0.5, 1])
    np.testing.assert_array_equal(encoded[:, 2:4], [[1, 0], [0, 0], [0, 1]])
    np.testing.assert_array_equal(encoded[:, 4:6], [[1, 1], [0, 0], [1, 0]])
    degree = np.log1p([1, 0, 3])
    scale = (degree[2] - degree[1]) / 2 / 1.349
    np.testing.assert_allclose(encoded[:, 6], (degree - degree[0]) / scale, rtol=1e-6)
    np.testing.assert_allclose(encoded[:, 7], [-1.349, 0, 1.349])
    assert encoded.dtype == np.float32


def column_of(values, later):
    """Fits a number column on three nodes and encodes three others."""
    encoder = FeatureEncoder.fit(graph_of(year=values), {"film": ["year"]})
    assert encoder.columns["film"][0].name == "year"
    return encoder.encode(graph_of(year=later))["film"].numpy()[:, 0]


def test_outliers_of_fitting_move_no_scale_and_later_ones_are_clipped():
    values = [*range(1, 100), 1e300]
    column = fit_numbers("price", "numeric", np.array(values))
    assert column.center == 50.5
    assert column.scale == pytest.approx((75.25 - 25.75) / 1.349)
    later = column.encode_numbers(np.array([50.5, 1e39, -1e39, np.nan]))
    np.testing.assert_array_equal(later, [[0], [5], [-5], [0]])


def test_where_half_of_the_values_are_one_the_others_give_the_scale():
    column = fit_numbers("visits", "numeric", np.array([0.0] * 9 + [10.0]))
    assert (column.center, column.scale) == (0, pytest.approx(1.2533))
    np.testing.assert_allclose(column.encode_numbers(np.array([2.0])), [[2 / 1.2533]], rtol=1e-6)


@pytest.mark.parametrize("values", [[0.1] * 3, [0.1, 0.1, 0.1 + 1e-17], [1e9, 1e9 + 0.5, 1e9]])
def test_a_constant_is_dropped_and_named_and_a_new_value_counts_nothing(values):
    encoder = FeatureEncoder.fit(graph_of(year=values), {"film": ["year"]})
    assert encoder.dropped == {"film": ("year",)}
    plain, new = (encoder.encode(graph_of(year=years)) for years in (values, [0.2, 1e39, 7]))
    assert torch.equal(plain["film"], new["film"])


def test_what_almost_is_a_constant_is_kept():
    np.testing.assert_array_equal(column_of([0.1, 0.1, 0.1001], [0.1, 0.2, 1e39])[1:], [5, 5])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("is_new", [True, None, True]),
        ("studio", ["x", "x", "x"]),
        ("studio", pa.array([None] * 3, pa.string())),
        ("genres", [["war"], ["war"], ["war"]]),
        ("year", pa.array([None, np.inf, np.nan], pa.float64())),
    ],
)
def test_other_kinds_of_constants_are_dropped(name, values):
    encoder = FeatureEncoder.fit(graph_of(**{name: values}), NAMES)
    assert encoder.dropped == {"film": (name,)}


def test_nodes_without_a_feature_that_tells_have_no_numbers():
    same = pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("us", tz="UTC"))
    graph = graph_of(num_events=[2, 2, 2], last_event_time=same)
    encoder = FeatureEncoder.fit(graph, {})
    assert encoder.dropped == {"film": ("num_events", "last_event_time")}
    assert encoder.encode(graph)["film"].shape == (3, 0)


def seen_on(*film_days: int | None) -> RegionGraph:
    """Films last seen on days of January, some in other regions."""
    times = [day and datetime(2026, 1, day, tzinfo=UTC) for day in film_days]
    return graph_of(last_event_time=pa.array(times, pa.timestamp("us", tz="UTC")))


def test_a_week_later_is_no_drift_whoever_had_the_view_s_newest_event():
    """A film that is everywhere was seen elsewhere after a small region's last event."""
    train, serve = seen_on(3, 1, 5), seen_on(10, 8, 12)
    encoder = FeatureEncoder.fit(train, {})
    assert torch.equal(encoder.encode(train)["film"], encoder.encode(serve)["film"])
    assert feature_drift(encoder, train, serve, 1)["film.last_event_time"] == 0


def test_values_unseen_in_fitting_have_no_place_of_their_own():
    encoder = FeatureEncoder.fit(graph_of(), NAMES)
    later = graph_of(studio=["new", "x", None], genres=[["new", "war"], [], ["newer"]])

    encoded = encoder.encode(later)["film"].numpy()

    np.testing.assert_array_equal(encoded[:, 2:4], [[0, 0], [1, 0], [0, 0]])
    np.testing.assert_array_equal(encoded[:, 4:6], [[1, 0], [0, 0], [0, 0]])


def test_unseen_values_share_the_place_of_rare_ones_where_fitting_saw_some():
    names = [f"s{number:02}" for number in range(65)]
    column = fit_texts("studio", "category", pa.chunked_array([["s00", *names]]))
    assert (len(column.categories), column.has_others, column.width) == (64, True, 65)
    rows = column.encode_texts(pa.chunked_array([["s00", "s64", "unseen", None]]))
    assert np.argmax(rows, axis=1).tolist() == [0, 64, 64, 0]
    assert rows.sum(axis=1).tolist() == [1, 1, 1, 0]


def test_round_trip_through_json():
    graph = graph_of()
    encoder = FeatureEncoder.fit(graph, NAMES)

    again = FeatureEncoder.from_json(json.loads(json.dumps(encoder.to_json())))

    assert again == encoder
    assert torch.equal(again.encode(graph)["film"], encoder.encode(graph)["film"])
    assert encoder.width("film") == again.encode(graph)["film"].shape[1] == 8


def test_features_of_another_version_are_named_as_such():
    old = {"film": [{"name": "year", "kind": "numeric", "mean": 0.0, "categories": []}]}
    with pytest.raises(LakeError, match="Train the model again"):
        FeatureEncoder.from_json(old)


@given(
    st.lists(st.floats(width=64) | st.none(), min_size=3, max_size=3),
    st.lists(st.floats(width=64) | st.none(), min_size=3, max_size=3),
)
def test_whatever_is_fitted_and_encoded_is_finite_and_bounded(values, later):
    fitted, given_later = (graph_of(year=pa.array(v, pa.float64())) for v in (values, later))
    encoded = FeatureEncoder.fit(fitted, NAMES).encode(given_later)["film"]
    assert torch.isfinite(encoded).all()
    assert encoded.abs().max() <= 5


def test_labels_and_ids_are_no_features():
    encoder = FeatureEncoder.fit(graph_of(), {})
    other = graph_of(title=["X", "Y", "Z"], node_id=["p", "q", "r"])

    assert torch.equal(encoder.encode(graph_of())["film"], encoder.encode(other)["film"])


def test_a_missing_column_is_named():
    encoder = FeatureEncoder.fit(graph_of(extra=[1, 2, 3]), {"film": ["extra"]})

    with pytest.raises(LakeError, match="extra"):
        encoder.encode(graph_of())


@pytest.mark.parametrize(
    ("name", "values"), [("year", ["1990", "old", "new"]), ("studio", [1, 2, 3])]
)
def test_a_column_that_changed_its_kind_is_named(name, values):
    encoder = FeatureEncoder.fit(graph_of(), NAMES)

    with pytest.raises(LakeError, match=name):
        encoder.encode(graph_of(**{name: values}))


def test_a_column_of_another_type_is_refused():
    graph = graph_of(made=[datetime(2026, 1, 1, tzinfo=UTC)] * 3)

    with pytest.raises(SchemaError, match="made"):
        FeatureEncoder.fit(graph, {"film": ["made"]})
