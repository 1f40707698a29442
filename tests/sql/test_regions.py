"""Homes, edges and nodes by region: rows in, rows out, by hand."""

from typing import Any

import pytest

from graphrec_core.engine import Engine, Relation
from tests.support.engines import day, relation_of, rows_of

HOMES = "node_id string, home_region string"
PAIRS = (
    "src string, dst string, weight double, num_events bigint, last_event_time timestamp, "
    "last_known_at timestamp"
)


def homes(engine: Engine, **regions: str | None) -> Relation:
    return relation_of(engine, HOMES, list(regions.items()))


def test_home_is_where_most_events_are_then_the_latest_then_the_first_name(
    engine: Engine,
) -> None:
    seen = [
        ("most", "west", 2, day(1)),
        ("most", "east", 1, day(9)),
        ("summed", "west", 2, day(1)),
        ("summed", "east", 1, day(1)),
        ("summed", "east", 2, day(1)),
        ("latest", "east", 1, day(1)),
        ("latest", "west", 1, day(2)),
        ("name", "west", 1, day(2)),
        ("name", "east", 1, day(2)),
        ("nowhere", None, 5, day(2)),
    ]
    ddl = "node_id string, region string, num_events bigint, last_event_time timestamp"
    reads = {"pairs_in_regions": relation_of(engine, ddl, seen)}
    found = {row["node_id"]: row["region"] for row in rows_of(engine, "homes_from_events", reads)}
    assert found == {"most": "west", "summed": "east", "latest": "west", "name": "east"}


def edges(engine: Engine, *, drop: bool) -> list[dict[str, Any]]:
    pairs = [
        ("u", "p", 3.0, 2, day(3), day(4)),
        ("u", "q", 1.0, 1, day(2), day(2)),
        ("u", "film", 1.0, 1, day(2), day(2)),
        ("nomad", "q", 1.0, 1, day(2), day(2)),
        ("nomad", "film", 1.0, 1, day(2), day(2)),
        ("gone", "p", 1.0, 1, day(2), day(2)),
        ("u", "closed", 1.0, 1, day(2), day(2)),
    ]
    reads = {
        "pairs": relation_of(engine, PAIRS, pairs),
        "src_homes": homes(engine, u="east", nomad=None),
        "dst_homes": homes(engine, p="east", q="west", film=None),
    }
    return rows_of(engine, "edges_by_region", reads, drop_border=drop)


def test_edges_stand_in_every_region_they_touch(engine: Engine) -> None:
    """Of nodes without a home, one lives where its edges' other ends do; two live nowhere."""
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
    found = edges(engine, drop=False)
    assert inside in found
    assert [(row["region"], row["src"], row["dst"], row["crosses_border"]) for row in found] == [
        ("east", "u", "film", False),
        ("east", "u", "p", False),
        ("east", "u", "q", True),
        ("west", "nomad", "q", False),
        ("west", "u", "q", True),
    ]


def test_edges_across_a_border_may_be_dropped(engine: Engine) -> None:
    found = edges(engine, drop=True)
    assert [(row["region"], row["src"], row["dst"]) for row in found] == [
        ("east", "u", "film"),
        ("east", "u", "p"),
        ("west", "nomad", "q"),
    ]


@pytest.mark.parametrize(
    ("is_src", "expected"),
    [
        (True, [("east", "u", 7, 4), ("west", "nomad", 2, 9), ("west", "u", 3, 3)]),
        (False, [("east", "p", 4, 4), ("east", "q", 3, 3), ("west", "q", 5, 9)]),
    ],
)
def test_ends_of_edges_count_halves_where_an_edge_stands_in_two_regions(
    engine: Engine,
    is_src: bool,  # noqa: FBT001
    expected: list[tuple],
) -> None:
    rows = [
        ("east", "u", "p", 2, day(4), False),
        ("east", "u", "q", 3, day(3), True),
        ("west", "u", "q", 3, day(3), True),
        ("west", "nomad", "q", 1, day(9), False),
    ]
    ddl = (
        "region string, src string, dst string, num_events bigint, last_event_time timestamp, "
        "crosses_border boolean"
    )
    reads = {"region_edges": relation_of(engine, ddl, rows)}
    columns = ("region", "node_id", "num_half_events")
    found = rows_of(engine, "edge_ends", reads, is_src=is_src)
    assert [
        (*(row[name] for name in columns), row["last_event_time"].day) for row in found
    ] == expected


def test_a_nodes_events_are_those_of_all_its_ends(engine: Engine) -> None:
    ends = [("u", 7, day(4)), ("u", 3, day(3)), ("u", 2, day(1)), ("p", 2, day(5))]
    ddl = "node_id string, num_half_events bigint, last_event_time timestamp"
    assert rows_of(engine, "node_activity", {"edge_ends": relation_of(engine, ddl, ends)}) == [
        {"node_id": "p", "num_events": 1, "last_event_time": day(5)},
        {"node_id": "u", "num_events": 6, "last_event_time": day(4)},
    ]


def nodes(engine: Engine, home_region: str | None, **flags: bool) -> list[dict[str, Any]]:
    ddl = "node_id string, region string, valid_from timestamp, known_at timestamp, stars int"
    places = [("p", "column", day(1), day(2), 5), ("idle", "column", day(1), day(2), 1)]
    activity = "node_id string, num_events bigint, last_event_time timestamp"
    ends = [("west", "p"), ("west", "p"), ("west", "unborn")]
    reads = {
        "view_nodes": relation_of(engine, ddl, places),
        "homes": homes(engine, p=home_region, idle=home_region),
        "edge_ends": relation_of(engine, "region string, node_id string", ends),
        "node_activity": relation_of(engine, activity, [("p", 2, day(5))]),
    }
    given = {"is_everywhere": False, "is_candidate": True, **flags}
    return rows_of(engine, "nodes_by_region", reads, active_from=day(5), **given)


def test_a_node_is_home_in_one_region_and_halo_where_its_edges_reach(engine: Engine) -> None:
    found = {(row["region"], row["node_id"]): row for row in nodes(engine, "east")}
    home = {
        "region": "east",
        "home_region": "east",
        "node_id": "p",
        "valid_from": day(1),
        "known_at": day(2),
        "stars": 5,
        "num_events": 2,
        "last_event_time": day(5),
        "is_active": True,
        "role": "home",
        "is_candidate": True,
    }
    assert found == {
        ("east", "p"): home,
        ("west", "p"): {**home, "region": "west", "role": "halo", "is_candidate": False},
        ("east", "idle"): {
            **home,
            "node_id": "idle",
            "stars": 1,
            "num_events": 0,
            "last_event_time": None,
            "is_active": False,
            "is_candidate": False,
        },
    }


def test_an_everywhere_node_is_a_member_where_its_edges_are(engine: Engine) -> None:
    found = nodes(engine, None, is_everywhere=True)
    assert [(row["region"], row["role"], row["is_candidate"]) for row in found] == [
        ("west", "member", True)
    ]


def test_a_node_without_a_home_is_halo_where_its_edges_are(engine: Engine) -> None:
    found = nodes(engine, None)
    assert [(row["region"], row["role"], row["is_candidate"]) for row in found] == [
        ("west", "halo", False)
    ]


def test_only_the_candidate_type_has_candidates(engine: Engine) -> None:
    assert not any(row["is_candidate"] for row in nodes(engine, "east", is_candidate=False))


def test_sizes_count_one_type_in_the_regions_of_all(engine: Engine) -> None:
    rows = [("east", True), ("east", True), ("east", False), ("west", False), (None, True)]
    reads = {"all_homes": relation_of(engine, "home_region string, is_counted boolean", rows)}
    assert rows_of(engine, "region_sizes", reads) == [
        {"home_region": "east", "num_nodes": 2},
        {"home_region": "west", "num_nodes": 0},
    ]


@pytest.mark.parametrize(
    ("drop_border", "expected"),
    [(False, [(None, 2)]), (True, [(None, 2), ("east", 2), ("west", 2)])],
)
def test_edges_that_stand_in_no_region_are_counted(
    engine: Engine,
    drop_border: bool,  # noqa: FBT001
    expected: list[tuple],
) -> None:
    places = homes(engine, p="east", q="west", r=None)
    users = homes(engine, u="east", v="west", nomad=None)
    pairs = [("u", "p"), ("u", "q"), ("v", "p"), ("u", "r"), ("nomad", "r"), ("nomad", "p")]
    pairs += [("nomad", "r"), ("gone", "r")]  # a node that is not there has no edge
    reads = {
        "pairs": relation_of(engine, "src string, dst string", pairs),
        "src_homes": users,
        "dst_homes": places,
    }
    found = rows_of(engine, "left_out_edges", reads, drop_border=drop_border)
    assert sorted(((row["region"], row["num_edges"]) for row in found), key=str) == sorted(
        expected, key=str
    )


def test_nodes_without_a_home_are_counted_by_type(engine: Engine) -> None:
    rows = [("user", "east"), ("user", None), ("user", None), ("place", "east")]
    reads = {"all_homes": relation_of(engine, "node_type string, home_region string", rows)}
    assert rows_of(engine, "homeless_nodes", reads) == [
        {"node_type": "place", "num_nodes": 1, "num_homeless": 0},
        {"node_type": "user", "num_nodes": 3, "num_homeless": 2},
    ]


def test_homes_take_the_new_names_of_merged_regions_once(engine: Engine) -> None:
    merged = [("west", "north"), ("north", "south")]  # names are not followed
    reads = {
        "homes": homes(engine, a="west", b="east", c=None, d="north"),
        "merged_regions": relation_of(engine, "old_region string, new_region string", merged),
    }
    found = {row["node_id"]: row["home_region"] for row in rows_of(engine, "renamed_homes", reads)}
    assert found == {"a": "north", "b": "east", "c": None, "d": "south"}


def test_holdout_flags_seen_pairs_missing_candidates_and_missing_history(engine: Engine) -> None:
    ddl = "src string, dst string, event_time timestamp, known_at timestamp, weight double"
    events = [
        ("u", "p", day(8), day(8), 1.0),
        ("u", "p", day(9), day(12), 1.0),
        ("u", "q", day(8), day(8), 1.0),
        ("new", "p", day(8), day(8), 1.0),
        ("homeless", "p", day(8), day(8), 1.0),
    ]
    queries = [("east", "u", "home"), ("west", "u", "halo"), ("west", "homeless", "halo")]
    edges = [("east", "u", "p"), ("west", "u", "q"), ("west", "homeless", "p")]
    candidates = [("east", "p", True), ("east", "q", False), ("west", "q", True)]
    flags = "region string, node_id string, is_candidate boolean"
    reads = {
        "holdout_events": relation_of(engine, ddl, events),
        "view_queries": relation_of(engine, "region string, node_id string, role string", queries),
        "view_edges": relation_of(engine, "region string, src string, dst string", edges),
        "view_candidates": relation_of(engine, flags, candidates),
    }
    columns = ("region", "query_id", "candidate_id", "num_events", "is_seen", "is_candidate")
    found = rows_of(engine, "holdout_by_region", reads)
    assert [tuple(row[name] for name in columns) for row in found] == [
        (None, "homeless", "p", 1, False, False),
        (None, "new", "p", 1, False, False),
        ("east", "u", "p", 2, True, True),
        ("east", "u", "q", 1, False, False),
    ]
    times = ("first_event_time", "last_event_time", "last_known_at")
    assert [found[2][name] for name in times] == [day(8), day(9), day(12)]


NODE = {
    "region": "east",
    "node_id": "p",
    "valid_from": day(5),
    "known_at": day(1),
    "last_event_time": day(1),
    "features_effective_at": day(5),
    "features_known_at": day(5),
}
NODE_LEAKS: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"last_event_time": None, "features_effective_at": None, "features_known_at": None}, None),
    ({"valid_from": day(6)}, "node version from the future"),
    ({"known_at": day(6)}, "node version known too late"),
    ({"last_event_time": day(5)}, "aggregate fed by an event at or after the instant"),
    ({"features_effective_at": day(6)}, "feature effective later"),
    ({"features_known_at": day(6)}, "feature known too late"),
]


def test_audit_names_every_leak_of_a_node(engine: Engine) -> None:
    ddl = (
        "region string, node_id string, valid_from timestamp, known_at timestamp, "
        "last_event_time timestamp, features_effective_at timestamp, features_known_at timestamp"
    )
    rows = [
        tuple({**NODE, "node_id": f"p{number}", **changes}.values())
        for number, (changes, _) in enumerate(NODE_LEAKS)
    ]
    reads = {"written_nodes": relation_of(engine, ddl, rows)}
    found = rows_of(engine, "audit_nodes", reads, instant=day(5), known_before=day(6))
    assert found == [
        {"region": "east", "name": f"p{number}", "leak": leak}
        for number, (_, leak) in enumerate(NODE_LEAKS)
        if leak
    ]


@pytest.mark.parametrize(
    ("first_event", "last_event", "known", "leak"),
    [
        (2, 2, 2, None),
        (2, 4, 5, None),
        (5, 5, 5, "edge fed by an event at or after the instant"),
        (1, 1, 1, "edge older than its window"),
        (1, 4, 4, "edge older than its window"),
        (4, 3, 5, "edge whose first event is after its last"),
        (4, 4, 6, "edge fed by a row known too late"),
        (None, 4, 4, "edge does not say what fed it"),
        (4, None, 4, "edge does not say what fed it"),
        (4, 4, None, "edge does not say what fed it"),
    ],
)
def test_audit_names_every_leak_of_an_edge(
    engine: Engine,
    first_event: int | None,
    last_event: int | None,
    known: int | None,
    leak: str | None,
) -> None:
    times = ("first_event_time", "last_event_time", "last_known_at")
    ddl = ", ".join(["region string, src string, dst string", *(f"{t} timestamp" for t in times)])
    told = (None if number is None else day(number) for number in (first_event, last_event, known))
    row = ("east", "u", "p", *told)
    reads = {"written_edges": relation_of(engine, ddl, [row])}
    bounds = {"window_start": day(2), "window_end": day(5), "known_before": day(6)}
    expected = [{"region": "east", "name": "u -> p", "leak": leak}] if leak else []
    assert rows_of(engine, "audit_edges", reads, **bounds) == expected
