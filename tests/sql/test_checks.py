"""Row rules: every rule rejects its bad row with its reason, and lets the good row pass."""

from datetime import UTC, datetime

import pytest

from graphrec_core.engine import SparkEngine
from tests.support.spark import day, register_rows, rows_of

pytestmark = pytest.mark.spark

NODES = (
    "node_id string, valid_from timestamp, valid_to timestamp, known_at timestamp, "
    "is_deleted boolean, region string, latitude double, longitude double, label string, "
    "row_digest string"
)
EDGES = (
    "src string, dst string, event_time timestamp, event_id string, known_at timestamp, "
    "is_deleted boolean, weight double, row_digest string"
)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def reasons_of_nodes(engine: SparkEngine, *rows: tuple, needs_region: bool = True) -> list:
    register_rows(engine, "canonical_rows", NODES, list(rows))
    checked = rows_of(engine, "check_nodes", earliest=EARLIEST, needs_region=needs_region)
    return [row["reject_reason"] for row in checked]


def node(**values: object) -> tuple:
    row = {
        "node_id": "a",
        "valid_from": day(1),
        "valid_to": None,
        "known_at": day(1),
        "is_deleted": False,
        "region": "east",
        "latitude": None,
        "longitude": None,
        "label": None,
        "row_digest": "0",
    }
    return tuple({**row, **values}.values())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"node_id": None}, "node_id is null"),
        ({"node_id": ""}, "node_id is null"),
        ({"valid_from": None}, "valid_from is null"),
        (
            {"valid_from": datetime(1999, 12, 31, tzinfo=UTC)},
            "valid_from is before source.earliest_time",
        ),
        ({"valid_to": day(1)}, "valid_to is not after valid_from"),
        ({"latitude": 91.0}, "latitude is outside -90..90"),
        ({"longitude": -181.0}, "longitude is outside -180..180"),
        ({"region": None}, "region is null"),
        ({"region": None, "is_deleted": True}, None),
        ({"region": "_all"}, "region has a reserved name"),
    ],
)
def test_node_rule(engine: SparkEngine, values: dict, reason: str | None) -> None:
    assert reasons_of_nodes(engine, node(**values)) == [reason]


def test_a_region_is_needed_only_where_the_home_comes_from_the_column(engine: SparkEngine) -> None:
    assert reasons_of_nodes(engine, node(region=None), needs_region=False) == [None]


def test_of_equal_versions_the_first_by_digest_is_kept(engine: SparkEngine) -> None:
    reasons = reasons_of_nodes(engine, node(row_digest="2"), node(row_digest="1"))
    assert reasons.count(None) == 1
    assert "duplicate version (node_id, valid_from, known_at)" in reasons


def test_a_correction_is_no_duplicate(engine: SparkEngine) -> None:
    assert reasons_of_nodes(engine, node(), node(known_at=day(2))) == [None, None]


def edge(**values: object) -> tuple:
    row = {
        "src": "a",
        "dst": "b",
        "event_time": day(1),
        "event_id": None,
        "known_at": day(1),
        "is_deleted": False,
        "weight": 1.0,
        "row_digest": "0",
    }
    return tuple({**row, **values}.values())


def reasons_of_edges(engine: SparkEngine, *rows: tuple) -> list:
    register_rows(engine, "canonical_rows", EDGES, list(rows))
    register_rows(engine, "src_ids", "node_id string", [("a",)])
    register_rows(engine, "dst_ids", "node_id string", [("b",)])
    return [row["reject_reason"] for row in rows_of(engine, "check_edges", earliest=EARLIEST)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"src": None}, "src is null"),
        ({"dst": ""}, "dst is null"),
        ({"event_time": None}, "event_time is null"),
        (
            {"event_time": datetime(1999, 1, 1, tzinfo=UTC)},
            "event_time is before source.earliest_time",
        ),
        ({"weight": -1.0}, "weight is negative or not finite"),
        ({"weight": float("nan")}, "weight is negative or not finite"),
        ({"weight": float("inf")}, "weight is negative or not finite"),
        ({"weight": None}, None),
        ({"src": "b"}, "src is an unknown node"),
        ({"dst": "a"}, "dst is an unknown node"),
    ],
)
def test_edge_rule(engine: SparkEngine, values: dict, reason: str | None) -> None:
    assert reasons_of_edges(engine, edge(**values)) == [reason]


def test_events_with_one_id_are_duplicates_and_events_without_are_a_multiset(
    engine: SparkEngine,
) -> None:
    assert reasons_of_edges(engine, edge(), edge()) == [None, None]
    reasons = reasons_of_edges(engine, edge(event_id="e"), edge(event_id="e"))
    assert sorted(map(str, reasons)) == ["None", "duplicate event (event_id, known_at)"]
    assert reasons_of_edges(engine, edge(event_id="e"), edge(event_id="f")) == [None, None]


def test_features_rules(engine: SparkEngine) -> None:
    ddl = (
        "node_id string, effective_at timestamp, known_at timestamp, is_deleted boolean, "
        "row_digest string, stars double"
    )
    rows = [
        ("a", day(1), day(1), False, "0", 3.0),
        ("a", day(1), day(1), False, "1", 3.0),
        ("z", day(1), day(1), False, "0", 3.0),
        (None, day(1), day(1), False, "0", 3.0),
        ("a", None, day(1), False, "0", 3.0),
    ]
    register_rows(engine, "canonical_rows", ddl, rows)
    register_rows(engine, "node_ids", "node_id string", [("a",)])
    found = [row["reject_reason"] for row in rows_of(engine, "check_features", earliest=EARLIEST)]
    assert sorted(map(str, found)) == [
        "None",
        "duplicate row (node_id, effective_at, known_at)",
        "effective_at is null",
        "node_id is an unknown node",
        "node_id is null",
    ]


def test_known_rows_leaves_out_what_came_late_and_keeps_rows_without_a_time(
    engine: SparkEngine,
) -> None:
    rows = [("in time", day(1)), ("at the cutoff", day(2)), ("no time", None)]
    register_rows(engine, "fitted_rows", "node_id string, known_at timestamp", rows)
    found = rows_of(engine, "known_rows", known_before=day(2))
    assert [row["node_id"] for row in found] == ["in time", "no time"]
    assert all(len(row["row_digest"]) == 32 for row in found)
