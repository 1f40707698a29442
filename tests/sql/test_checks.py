"""Row rules: every rule rejects its bad row with its reason, and lets the good row pass."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from graphrec_core.engine import Engine, Relation
from graphrec_core.intake.canonical import row_text
from tests.support.engines import day, relation_of, rows_of

NODES = (
    "node_id string, valid_from timestamp, valid_to timestamp, known_at timestamp, "
    "is_deleted boolean, region string, latitude double, longitude double, title string"
)
EDGES = (
    "src string, dst string, event_time timestamp, event_id string, known_at timestamp, "
    "is_deleted boolean, weight double, title string"
)
FEATURES = (
    "node_id string, effective_at timestamp, known_at timestamp, is_deleted boolean, title string"
)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
NODE = {
    "node_id": "a",
    "valid_from": day(1),
    "valid_to": None,
    "known_at": day(1),
    "is_deleted": False,
    "region": "east",
    "latitude": None,
    "longitude": None,
    "title": None,
}
EDGE = {
    "src": "a",
    "dst": "b",
    "event_time": day(1),
    "event_id": None,
    "known_at": day(1),
    "is_deleted": False,
    "weight": 1.0,
    "title": None,
}
FEATURE = {
    "node_id": "a",
    "effective_at": day(1),
    "known_at": day(1),
    "is_deleted": False,
    "title": None,
}


def rows(good: dict[str, Any], *changes: dict[str, Any]) -> list[tuple]:
    """A good row per case, changed; ``title`` numbers the cases."""
    return [
        tuple({**good, "title": str(number), **change}.values())
        for number, change in enumerate(changes)
    ]


def in_order(found: list[dict[str, Any]]) -> list[str | None]:
    return [row["reject_reason"] for row in sorted(found, key=lambda row: int(row["title"]))]


def with_text(engine: Engine, ddl: str, values: list[tuple]) -> Relation:
    known = relation_of(engine, ddl, values)
    return engine.project(known, f"*, {row_text(engine.schema(known))} as row_text")


def node_reasons(engine: Engine, values: list[tuple], *, needs_region: bool = True) -> list:
    reads = {"canonical_rows": with_text(engine, NODES, values)}
    found = rows_of(engine, "check_nodes", reads, earliest=EARLIEST, needs_region=needs_region)
    return in_order(found)


def test_node_rules(engine: Engine) -> None:
    cases = [
        ({}, None),
        ({"node_id": None}, "node_id is null"),
        ({"node_id": ""}, "node_id is null"),
        ({"valid_from": None}, "valid_from is null"),
        (
            {"valid_from": datetime(1999, 12, 31, tzinfo=UTC)},
            "valid_from is before source.earliest_time",
        ),
        ({"valid_to": day(1)}, "valid_to is not after valid_from"),
        ({"valid_to": day(2)}, None),
        ({"latitude": 91.0}, "latitude is outside -90..90"),
        ({"latitude": float("nan")}, "latitude is outside -90..90"),
        ({"latitude": -90.0, "longitude": 180.0}, None),
        ({"longitude": -181.0}, "longitude is outside -180..180"),
        ({"region": None}, "region is null"),
        ({"region": ""}, "region is null"),
        ({"region": None, "is_deleted": True}, None),
        ({"region": "_all"}, "region has a reserved name"),
        ({"region": "__HIVE_DEFAULT_PARTITION__"}, "region has a reserved name"),
    ]
    # Ids of their own keep the cases from being duplicates of one another.
    changes = [{"node_id": f"n{n}", **change} for n, (change, _) in enumerate(cases)]
    assert node_reasons(engine, rows(NODE, *changes)) == [reason for _, reason in cases]


def test_a_region_is_needed_only_where_the_home_comes_from_the_column(engine: Engine) -> None:
    changes = {"region": None}, {"node_id": "b", "region": "_all"}
    assert node_reasons(engine, rows(NODE, *changes), needs_region=False) == [None, None]


def test_a_correction_is_no_duplicate(engine: Engine) -> None:
    assert node_reasons(engine, rows(NODE, {}, {"known_at": day(2)})) == [None, None]


def edge_rows(engine: Engine, values: list[tuple]) -> list[dict[str, Any]]:
    rows = {"canonical_rows": with_text(engine, EDGES, values)}
    reads = {
        "judged_events": engine.run("check_events", rows, earliest=EARLIEST),
        "src_ids": relation_of(engine, "node_id string", [("a",), ("é",)]),
        "dst_ids": relation_of(engine, "node_id string", [("b",)]),
    }
    return rows_of(engine, "check_edges", reads)


def test_edge_rules(engine: Engine) -> None:
    cases = [
        ({}, None),
        ({"src": None}, "src is null"),
        ({"src": ""}, "src is null"),
        ({"dst": None}, "dst is null"),
        ({"dst": ""}, "dst is null"),
        ({"event_time": None}, "event_time is null"),
        (
            {"event_time": datetime(1999, 1, 1, tzinfo=UTC)},
            "event_time is before source.earliest_time",
        ),
        ({"weight": -1.0}, "weight is negative or not finite"),
        ({"weight": float("nan")}, "weight is negative or not finite"),
        ({"weight": float("inf")}, "weight is negative or not finite"),
        ({"weight": 1e15}, "weight is too large (1e15 or more)"),
        ({"weight": 1e14}, None),
        ({"weight": 0.0}, None),
        ({"weight": None}, None),
        ({"src": "b"}, "src is an unknown node"),
        ({"dst": "a"}, "dst is an unknown node"),
        ({"src": "é"}, None),
    ]
    found = edge_rows(engine, rows(EDGE, *(change for change, _ in cases)))
    assert in_order(found) == [reason for _, reason in cases]


def test_events_with_one_id_are_duplicates_and_events_without_are_a_multiset(
    engine: Engine,
) -> None:
    changes = {}, {}, {"event_id": "e"}, {"event_id": "e"}, {"event_id": "f"}
    reasons = in_order(edge_rows(engine, rows(EDGE, *changes)))
    assert reasons[:2] == [None, None]
    assert sorted(map(str, reasons[2:4])) == ["None", "duplicate event (event_id, known_at)"]
    assert reasons[4] is None


def feature_reasons(engine: Engine, values: list[tuple]) -> list:
    reads = {
        "canonical_rows": with_text(engine, FEATURES, values),
        "node_ids": relation_of(engine, "node_id string", [("a",), ("b",)]),
    }
    return in_order(rows_of(engine, "check_features", reads, earliest=EARLIEST))


def test_feature_rules(engine: Engine) -> None:
    changes = [
        {},
        {"node_id": "z"},
        {"node_id": None},
        {"node_id": ""},
        {"effective_at": None},
        {"effective_at": datetime(1999, 1, 1, tzinfo=UTC)},
        {"known_at": day(2)},
        {"node_id": "b"},
        {"node_id": "b"},
    ]
    assert feature_reasons(engine, rows(FEATURE, *changes)) == [
        None,
        "node_id is an unknown node",
        "node_id is null",
        "node_id is null",
        "effective_at is null",
        "effective_at is before source.earliest_time",
        None,
        None,
        "duplicate row (node_id, effective_at, known_at)",
    ]


def test_a_deletion_known_with_its_row_is_no_duplicate(engine: Engine) -> None:
    both = {}, {"is_deleted": True}, {"is_deleted": True}
    copy = "duplicate version (node_id, valid_from, known_at)"
    assert node_reasons(engine, rows(NODE, *both)) == [None, None, copy]
    copy = "duplicate event (event_id, known_at)"
    assert in_order(edge_rows(engine, rows({**EDGE, "event_id": "e"}, *both))) == [
        None,
        None,
        copy,
    ]
    assert feature_reasons(engine, rows(FEATURE, *both)) == [
        None,
        None,
        "duplicate row (node_id, effective_at, known_at)",
    ]


def test_a_bad_version_keeps_no_good_one_of_its_key_out(engine: Engine) -> None:
    bad_first = {"latitude": -100.0}, {"latitude": 10.0}, {"latitude": 20.0}
    assert node_reasons(engine, rows(NODE, *bad_first)) == [
        "latitude is outside -90..90",
        None,
        "duplicate version (node_id, valid_from, known_at)",
    ]


def test_the_copy_that_counts_does_not_change_when_a_node_becomes_known(engine: Engine) -> None:
    values = rows({**EDGE, "event_id": "e"}, {"src": "A"}, {"src": "a"})
    assert in_order(edge_rows(engine, values)) == [
        "src is an unknown node",
        "duplicate event (event_id, known_at)",
    ]


def test_a_bad_event_keeps_no_good_one_of_its_key_out(engine: Engine) -> None:
    bad_first = {"weight": -1.0}, {"event_time": None}, {"weight": 1.0}, {"weight": 2.0}
    found = edge_rows(engine, rows({**EDGE, "event_id": "e"}, *bad_first))
    assert in_order(found) == [
        "weight is negative or not finite",
        "event_time is null",
        None,
        "duplicate event (event_id, known_at)",
    ]


CONFLICTS: dict[str, list[dict[str, Any]]] = {
    # query: rows of one key that differ; the first one is to survive, whatever the order
    "check_nodes": [
        {"latitude": 10.0, "region": "east"},  # as text, "10" comes before "9"
        {"latitude": None, "region": "west"},  # no value: the next text is |, after all digits
        {"latitude": 9.0, "region": "east"},
        {"latitude": 9.0, "region": "élite"},
    ],
    "check_edges": [
        {"weight": None},  # a null comes first
        {"weight": 1.0},
        {"weight": 2.0},
        {"weight": 2.0, "title": "y"},  # rows that differ in a feature alone
        {"event_time": day(2), "weight": 0.0},
    ],
    "check_features": [
        {"extra": "Z"},  # bytes, not letters: Z, a, |, é
        {"extra": "a"},
        {"extra": None},
        {"extra": "é"},
    ],
}


@pytest.mark.parametrize("query", CONFLICTS)
def test_which_of_two_conflicting_rows_survives_does_not_depend_on_their_order(
    engine: Engine, query: str
) -> None:
    """Every permutation of the conflicting rows stands in one table, under a key of its own."""
    ddl, good, key = {
        "check_nodes": (NODES, NODE, "node_id"),
        "check_edges": (EDGES, {**EDGE, "src": "a"}, "event_id"),
        "check_features": (FEATURES + ", extra string", {**FEATURE, "extra": None}, "node_id"),
    }[query]
    conflicts = [{"title": "x", **row} for row in CONFLICTS[query]]
    permuted = [
        {**row, key: f"k{number}"}
        for number, order in enumerate(itertools.permutations(conflicts))
        for row in order
    ]
    keys = sorted({str(row[key]) for row in permuted})
    values = [tuple({**good, **row}.values()) for row in permuted]
    if query == "check_edges":
        found = edge_rows(engine, values)
    else:
        reads = {"canonical_rows": with_text(engine, ddl, values)}
        parameters: dict[str, object] = {"earliest": EARLIEST}
        if query == "check_features":
            reads["node_ids"] = relation_of(engine, "node_id string", [(k,) for k in keys])
        else:
            parameters["needs_region"] = True
        found = rows_of(engine, query, reads, **parameters)
    kept = [row for row in found if row["reject_reason"] is None]
    assert sorted(row[key] for row in kept) == keys
    expected = {**good, **conflicts[0]}
    for row in kept:
        assert {name: row[name] for name in expected if name != key} == {
            name: value for name, value in expected.items() if name != key
        }
