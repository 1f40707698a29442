import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch

from graphrec_core.errors import LakeError, SchemaError
from graphrec_core.graph import EdgeList, FeatureEncoder, RegionGraph
from graphrec_core.types import Region

NAMES = {"film": ["year", "is_new", "studio", "genres"]}


def graph_of(**columns: object) -> RegionGraph:
    """Three films, seen 1, 0 and 3 times, last seen 0 and 2 days before the newest event."""
    days = [datetime(2026, 1, 3, tzinfo=UTC), None, datetime(2026, 1, 1, tzinfo=UTC)]
    data = {
        "node_id": ["a", "b", "c"],
        "num_events": [1, 0, 3],
        "last_event_time": pa.array(days, pa.timestamp("us", tz="UTC")),
        "label": ["A", "B", "C"],
        "year": [1990.0, None, 2010.0],
        "is_new": [False, None, True],
        "studio": ["x", None, "y"],
        "genres": pa.array([["drama", "war"], None, ["war"]], pa.list_(pa.string())),
        **columns,
    }
    one, newest = torch.zeros(1, dtype=torch.int64), torch.tensor([1767398400_000000])
    return RegionGraph(
        region=Region("r"),
        query="film",
        candidate="film",
        task_edge="e",
        nodes={"film": pa.table(data)},
        offsets={"film": 0},
        edges={"e": EdgeList(one, one, newest)},
        members={},
        candidates={},
        query_regions=torch.zeros(3, dtype=torch.int64),
    )


def test_hand_computed_columns():
    graph = graph_of()

    encoded = FeatureEncoder.fit(graph, NAMES).encode(graph)["film"].numpy()

    degree = np.log1p([1, 0, 3])
    np.testing.assert_allclose(encoded[:, 0], [-1, 0, 1])
    np.testing.assert_array_equal(encoded[:, 1], [0, 0, 1])
    np.testing.assert_array_equal(encoded[:, 2:5], [[1, 0, 0], [0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(encoded[:, 5:8], [[1, 1, 0], [0, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(encoded[:, 8], (degree - degree.mean()) / degree.std(), rtol=1e-6)
    np.testing.assert_allclose(encoded[:, 9], [-1, 0, 1])
    assert encoded.dtype == np.float32


def test_values_unseen_in_fitting_share_one_place():
    encoder = FeatureEncoder.fit(graph_of(), NAMES)
    later = graph_of(studio=["new", "x", None], genres=[["new", "war"], [], ["newer"]])

    encoded = encoder.encode(later)["film"].numpy()

    np.testing.assert_array_equal(encoded[:, 2:5], [[0, 0, 1], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(encoded[:, 5:8], [[1, 0, 1], [0, 0, 0], [0, 0, 1]])


def test_round_trip_through_json():
    graph = graph_of()
    encoder = FeatureEncoder.fit(graph, NAMES)

    again = FeatureEncoder.from_json(json.loads(json.dumps(encoder.to_json())))

    assert again == encoder
    assert torch.equal(again.encode(graph)["film"], encoder.encode(graph)["film"])
    assert encoder.width("film") == again.encode(graph)["film"].shape[1] == 10


def test_labels_and_ids_are_no_features():
    encoder = FeatureEncoder.fit(graph_of(), {})
    other = graph_of(label=["X", "Y", "Z"], node_id=["p", "q", "r"])

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
