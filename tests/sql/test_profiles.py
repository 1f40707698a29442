"""What the accepted rows of a table look like as a whole, by hand; without rows, too."""

from math import nan
from typing import Any

import pytest

from graphrec_core.engine import Engine
from tests.support.engines import day, relation_of, rows_of

EDGES = "src string, dst string, event_time timestamp, known_at timestamp, weight double"
NODES = (
    "node_id string, valid_from timestamp, known_at timestamp, latitude double, longitude double"
)
FEATURES = "node_id string, effective_at timestamp, known_at timestamp"
PROFILES: dict[str, tuple[str, list[tuple], dict[str, Any]]] = {
    "profile_edges": (
        EDGES,
        [
            ("u", "p", day(3), day(9), 0.5),
            (None, "p", day(1), day(4), 2.0),
            (None, None, None, None, None),
        ],
        {
            "num_rows": 3,
            "num_rows_without_src": 2,
            "num_rows_without_dst": 1,
            "num_rows_without_event_time": 1,
            "earliest_event_time": day(1),
            "latest_event_time": day(3),
            "latest_known_at": day(9),
            "least_weight": 0.5,
            "greatest_weight": 2.0,
        },
    ),
    "profile_nodes": (
        NODES,
        [
            ("a", day(2), day(5), -10.0, 170.0),
            ("a", day(1), day(3), 20.0, None),
            ("b", None, None, None, -30.0),
            (None, day(4), day(4), None, None),
        ],
        {
            "num_rows": 4,
            "num_nodes": 2,
            "num_rows_without_node_id": 1,
            "num_rows_without_valid_from": 1,
            "earliest_valid_from": day(1),
            "latest_known_at": day(5),
            "least_latitude": -10.0,
            "greatest_latitude": 20.0,
            "least_longitude": -30.0,
            "greatest_longitude": 170.0,
        },
    ),
    "profile_features": (
        FEATURES,
        [("a", day(2), day(5)), ("a", day(1), day(3)), (None, None, None)],
        {
            "num_rows": 3,
            "num_nodes": 1,
            "num_rows_without_node_id": 1,
            "num_rows_without_effective_at": 1,
            "earliest_effective_at": day(1),
            "latest_known_at": day(5),
        },
    ),
}


@pytest.mark.parametrize("query", PROFILES)
def test_a_profile_counts_rows_and_finds_extremes(engine: Engine, query: str) -> None:
    ddl, rows, expected = PROFILES[query]
    assert rows_of(engine, query, {"accepted_rows": relation_of(engine, ddl, rows)}) == [expected]


@pytest.mark.parametrize("query", PROFILES)
def test_a_table_without_rows_has_a_profile(engine: Engine, query: str) -> None:
    ddl, _, expected = PROFILES[query]
    (found,) = rows_of(engine, query, {"accepted_rows": relation_of(engine, ddl, [])})
    assert found == {key: 0 if key.startswith("num_") else None for key in expected}


def test_a_weight_that_is_no_number_is_seen(engine: Engine) -> None:
    rows = [("u", "p", day(1), day(1), weight) for weight in (1.0, nan)]
    reads = {"accepted_rows": relation_of(engine, EDGES, rows)}
    (found,) = rows_of(engine, "profile_edges", reads)
    assert found["greatest_weight"] != found["greatest_weight"]
