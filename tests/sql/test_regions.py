"""Homes, edges and nodes by region, the holdout, and the audit: rows in, rows out, by hand."""

import pytest

from graphrec_core.engine import SparkEngine
from tests.support.spark import day, register_rows, rows_of

pytestmark = pytest.mark.spark

HOMES = "node_id string, home_region string"
EVENTS = "src string, dst string, event_time timestamp, known_at timestamp, weight double"


def home(engine: SparkEngine, *events: tuple[str, int]) -> str:
    rows = [("u", region, day(number)) for region, number in events]
    ddl = "node_id string, region string, event_time timestamp"
    register_rows(engine, "events_in_regions", ddl, rows)
    (row,) = rows_of(engine, "homes_from_events")
    return row["region"]


def test_home_is_where_most_events_are(engine: SparkEngine) -> None:
    assert home(engine, ("west", 1), ("west", 2), ("east", 3)) == "west"


def test_a_tie_goes_to_the_latest_event_then_to_the_name(engine: SparkEngine) -> None:
    assert home(engine, ("east", 1), ("west", 2)) == "west"
    assert home(engine, ("west", 2), ("east", 2)) == "east"


def edges(engine: SparkEngine, *, drop: bool) -> list[dict]:
    events = [
        ("u", "p", day(1), day(1), 1.0),
        ("u", "p", day(3), day(4), 2.0),
        ("u", "q", day(2), day(2), 1.0),
        ("gone", "p", day(2), day(2), 1.0),
    ]
    register_rows(engine, "view_events", EVENTS, events)
    register_rows(engine, "src_homes", HOMES, [("u", "east")])
    register_rows(engine, "dst_homes", HOMES, [("p", "east"), ("q", "west")])
    return rows_of(engine, "edges_by_region", drop_border=drop)


def test_edges_are_summed_and_stand_in_every_region_they_touch(engine: SparkEngine) -> None:
    inside = {
        "region": "east",
        "src": "u",
        "dst": "p",
        "weight": 3.0,
        "num_events": 2,
        "last_event_time": day(3),
        "last_known_at": day(4),
        "crosses_border": False,
    }
    border = {
        "region": "east",
        "src": "u",
        "dst": "q",
        "weight": 1.0,
        "num_events": 1,
        "last_event_time": day(2),
        "last_known_at": day(2),
        "crosses_border": True,
    }
    assert edges(engine, drop=False) == [inside, border, {**border, "region": "west"}]
    assert edges(engine, drop=True) == [inside]


def test_weights_are_summed_independently_of_their_order(engine: SparkEngine) -> None:
    weights = [0.1, 0.2, 0.3, 1e9, 1e-9]
    sums = set()
    for order in (weights, weights[::-1], weights[2:] + weights[:2]):
        events = [("u", "p", day(1), day(1), weight) for weight in order]
        register_rows(engine, "view_events", EVENTS, events)
        register_rows(engine, "src_homes", HOMES, [("u", "east")])
        register_rows(engine, "dst_homes", HOMES, [("p", "east")])
        (row,) = rows_of(engine, "edges_by_region", drop_border=False)
        sums.add(row["weight"])
    assert sums == {1000000000.600000001}


def test_an_everywhere_node_makes_no_region_and_no_border(engine: SparkEngine) -> None:
    register_rows(engine, "view_events", EVENTS, [("u", "film", day(1), day(1), 1.0)])
    register_rows(engine, "src_homes", HOMES, [("u", "east")])
    register_rows(engine, "dst_homes", HOMES, [("film", None)])
    (row,) = rows_of(engine, "edges_by_region", drop_border=True)
    assert (row["region"], row["crosses_border"]) == ("east", False)


def nodes(engine: SparkEngine, home_region: str | None, *, everywhere: bool) -> list[tuple]:
    ddl = "node_id string, home_region string, valid_from timestamp, known_at timestamp"
    register_rows(engine, "view_nodes", ddl, [("p", home_region, day(1), day(1))])
    register_rows(engine, "edge_ends", "region string, node_id string", [("west", "p")] * 2)
    activity = "node_id string, num_events bigint, last_event_time timestamp"
    register_rows(engine, "node_activity", activity, [("p", 2, day(5))])
    rows = rows_of(
        engine,
        "nodes_by_region",
        is_everywhere=everywhere,
        is_candidate=True,
        active_from=day(5),
    )
    return [(row["region"], row["role"], row["is_active"], row["is_candidate"]) for row in rows]


def test_a_node_is_home_in_one_region_and_halo_where_its_edges_reach(engine: SparkEngine) -> None:
    assert sorted(nodes(engine, "east", everywhere=False)) == [
        ("east", "home", True, True),
        ("west", "halo", True, False),
    ]


def test_an_everywhere_node_is_a_member_where_its_edges_are(engine: SparkEngine) -> None:
    assert nodes(engine, None, everywhere=True) == [("west", "member", True, True)]


def test_activity_counts_events(engine: SparkEngine) -> None:
    ddl = "node_id string, event_time timestamp"
    register_rows(engine, "node_events", ddl, [("p", day(1)), ("p", day(4)), ("q", day(2))])
    assert rows_of(engine, "node_activity") == [
        {"node_id": "p", "num_events": 2, "last_event_time": day(4)},
        {"node_id": "q", "num_events": 1, "last_event_time": day(2)},
    ]


def test_holdout_flags_seen_pairs_missing_candidates_and_missing_history(
    engine: SparkEngine,
) -> None:
    events = [
        ("u", "p", day(8), day(8), 1.0),
        ("u", "p", day(9), day(9), 1.0),
        ("u", "q", day(8), day(8), 1.0),
        ("new", "p", day(8), day(8), 1.0),
    ]
    register_rows(engine, "holdout_events", EVENTS, events)
    register_rows(engine, "query_homes", HOMES, [("u", "east")])
    register_rows(engine, "train_pairs", "src string, dst string", [("u", "p")])
    register_rows(engine, "train_candidates", "region string, node_id string", [("east", "p")])
    found = [
        (row["region"], row["query_id"], row["candidate_id"], row["num_events"], row["is_seen"],
         row["is_candidate"])
        for row in rows_of(engine, "holdout_by_region")
    ]  # fmt: skip
    assert found == [
        (None, "new", "p", 1, False, False),
        ("east", "u", "p", 2, True, True),
        ("east", "u", "q", 1, False, False),
    ]


def leaks(engine: SparkEngine, **values: object) -> list[str]:
    row = {
        "region": "east",
        "node_id": "p",
        "valid_from": day(1),
        "known_at": day(1),
        "last_event_time": day(1),
        "features_effective_at": None,
        "features_known_at": None,
        **values,
    }
    ddl = (
        "region string, node_id string, valid_from timestamp, known_at timestamp, "
        "last_event_time timestamp, features_effective_at timestamp, features_known_at timestamp"
    )
    register_rows(engine, "written_nodes", ddl, [tuple(row.values())])
    return [
        row["leak"] for row in rows_of(engine, "audit_nodes", instant=day(5), known_before=day(6))
    ]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"valid_from": day(6)}, ["node version from the future"]),
        ({"known_at": day(6)}, ["node version known too late"]),
        ({"last_event_time": day(5)}, ["aggregate fed by an event at or after the instant"]),
        ({"features_effective_at": day(6)}, ["feature effective later"]),
        ({"features_known_at": day(6)}, ["feature known too late"]),
    ],
)
def test_audit_names_every_leak_of_a_node(engine: SparkEngine, values: dict, found: list) -> None:
    assert leaks(engine, **values) == found


@pytest.mark.parametrize(
    ("last_event", "known", "found"),
    [
        (4, 4, []),
        (5, 5, ["edge fed by an event at or after the instant"]),
        (1, 1, ["edge older than its window"]),
        (4, 6, ["edge fed by a row known too late"]),
    ],
)
def test_audit_names_every_leak_of_an_edge(
    engine: SparkEngine, last_event: int, known: int, found: list
) -> None:
    ddl = (
        "region string, src string, dst string, last_event_time timestamp, last_known_at timestamp"
    )
    row = ("east", "u", "p", day(last_event), day(known))
    register_rows(engine, "written_edges", ddl, [row])
    bounds = {"window_start": day(2), "window_end": day(5), "known_before": day(6)}
    assert [row["leak"] for row in rows_of(engine, "audit_edges", **bounds)] == found
