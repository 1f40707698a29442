"""What may differ between the views of two days, and whose rows are needed again, by hand."""

from datetime import timedelta
from typing import Any

import pytest

from graphrec_core.engine import Engine, Relation
from tests.support.engines import day, relation_of, rows_of

EVENTS = "src string, dst string, event_time timestamp, event_id string, known_at timestamp"
OLD = {"old_start": day(2), "old_end": day(8), "old_known_before": day(9)}
NEW = {"start": day(3), "end": day(9)}


def ids(engine: Engine, *names: str) -> Relation:
    return relation_of(engine, "node_id string", [(name,) for name in names])


def affected(
    engine: Engine, *events: tuple, bucket_days: int = 0, late: str = "", changed: str = ""
) -> list[tuple[str, str]]:
    reads = {
        "event_rows": relation_of(engine, EVENTS, events),
        "late_src": ids(engine, late) if late.startswith("u") else ids(engine),
        "late_dst": ids(engine, late) if late.startswith("p") else ids(engine),
        "changed_src": ids(engine, changed) if changed.startswith("u") else ids(engine),
        "changed_dst": ids(engine, changed) if changed.startswith("p") else ids(engine),
    }
    rows = rows_of(engine, "affected_pairs", reads, **OLD, **NEW, bucket_days=bucket_days)
    return [(row["src"], row["dst"]) for row in rows]


TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("time", "known", "is_affected"),
    [
        (day(5), day(9) - TICK, False),
        (day(5), day(9), True),  # known late
        (day(2) - TICK, day(5), False),
        (day(2), day(5), True),  # left the window
        (day(3) - TICK, day(5), True),
        (day(3), day(5), False),
        (day(8) - TICK, day(8), False),
        (day(8), day(8), True),  # entered it
        (day(9) - TICK, day(8), True),
        (day(9), day(8), False),
    ],
)
def test_a_pair_is_affected_by_rows_that_come_late_enter_or_leave(
    engine: Engine,
    time: Any,
    known: Any,
    is_affected: bool,  # noqa: FBT001
) -> None:
    event = ("u", "p", time, None, known)
    assert affected(engine, event, event) == ([("u", "p")] if is_affected else [])


def test_a_pair_is_affected_by_an_event_that_enters_the_next_age_bucket(engine: Engine) -> None:
    """Buckets of two days: ages 1 and 3 grow to 2 and 4, age 2 to 3."""
    events = [(f"u{age}", "p", day(8 - age), None, day(8)) for age in (1, 2, 3)]
    assert affected(engine, *events) == []
    assert affected(engine, *events, bucket_days=2) == [("u1", "p"), ("u3", "p")]
    assert affected(engine, ("u", "p", day(6) - TICK, None, day(8)), bucket_days=2) == []


def test_a_correction_affects_every_pair_of_its_event(engine: Engine) -> None:
    rows = [
        ("u1", "p", day(5), "e", day(5)),
        ("u2", "p", day(5), "e", day(6)),
        ("u3", "p", day(5), "e", day(9)),
        ("u4", "p", day(5), "f", day(5)),
        ("u5", "p", day(5), None, day(5)),
        ("u6", "p", day(5), None, day(9)),
    ]
    found = affected(engine, *rows)
    assert found == [("u1", "p"), ("u2", "p"), ("u3", "p"), ("u6", "p")]


@pytest.mark.parametrize("reason", ["late", "changed"])
@pytest.mark.parametrize(("node", "expected"), [("u2", 2), ("p2", 2), ("u3", 0)])
def test_a_row_whose_node_was_not_known_or_changed_affects_every_pair_of_its_event(
    engine: Engine, reason: str, node: str, expected: int
) -> None:
    """The row was bad then and is good now, or its edge is in another region."""
    rows = [("u1", "p1", day(5), "e", day(5)), ("u2", "p2", day(5), "e", day(6))]
    assert len(affected(engine, *rows, **{reason: node})) == expected


def test_late_nodes_are_those_without_a_row_known_in_time(engine: Engine) -> None:
    rows = [
        ("early", day(1)),
        ("early", day(9)),
        ("always", None),
        ("at the cutoff", day(5)),
        ("late", day(6)),
        ("late", day(7)),
    ]
    versions = relation_of(engine, "node_id string, known_at timestamp", rows)
    found = rows_of(engine, "late_nodes", {"node_versions": versions}, known_before=day(5))
    assert [row["node_id"] for row in found] == ["at the cutoff", "late"]


def test_rows_of_known_nodes_have_two_known_ends(engine: Engine) -> None:
    rows = [("u", "p", 1), ("u", "p", 1), ("late", "p", 2), ("u", "late", 3), ("p", "u", 4)]
    reads = {
        "event_rows": relation_of(engine, "src string, dst string, n int", rows),
        "late_src": ids(engine, "late"),
        "late_dst": ids(engine, "late", "later"),
    }
    found = rows_of(engine, "rows_of_known_nodes", reads)
    assert [tuple(row.values()) for row in found] == [("p", "u", 4), ("u", "p", 1), ("u", "p", 1)]


def test_changed_nodes_came_went_or_moved(engine: Engine) -> None:
    old_homes = [
        ("east", "stays", "home"),
        ("west", "stays", "halo"),
        ("east", "moves", "home"),
        ("west", "goes", "home"),
        ("east", "loses", "home"),
        ("east", "wanders", "halo"),
        ("east", "member", "member"),
    ]
    new_homes = [
        ("stays", "east"),
        ("moves", "west"),
        ("comes", "east"),
        ("comes homeless", None),
        ("loses", None),
        ("finds", "east"),
        ("wanders", None),
        ("member", None),
    ]
    old = ("stays", "moves", "goes", "goes homeless", "loses", "finds", "wanders", "member")
    reads = {
        "old_nodes": ids(engine, *old),
        "old_homes": relation_of(engine, "region string, node_id string, role string", old_homes),
        "new_homes": relation_of(engine, "node_id string, home_region string", new_homes),
    }
    assert [row["node_id"] for row in rows_of(engine, "changed_nodes", reads)] == [
        "comes",
        "comes homeless",
        "finds",
        "goes",
        "goes homeless",
        "loses",
        "moves",
    ]


@pytest.mark.parametrize(
    ("query", "expected"), [("affected_rows", [1, 1, 3]), ("unaffected_rows", [2, 4])]
)
def test_rows_are_kept_by_whether_their_pair_is_affected(
    engine: Engine, query: str, expected: list[int]
) -> None:
    rows = [("u", "p", 1), ("u", "p", 1), ("u", "q", 2), ("v", "q", 3), ("p", "u", 4)]
    affected_pairs = [("u", "p"), ("v", "q"), ("w", "p"), (None, "p")]
    reads = {
        "pair_rows": relation_of(engine, "src string, dst string, n int", rows),
        "affected_pairs": relation_of(engine, "src string, dst string", affected_pairs),
    }
    assert sorted(row["n"] for row in rows_of(engine, query, reads)) == expected


def test_whole_events_bring_the_other_rows_of_an_event_and_no_others(engine: Engine) -> None:
    ddl = "src string, event_id string, n int"
    some = [("u", "e", 1), ("u", "e", 3), ("u", None, 4), ("u", None, 4)]
    others = [("v", "e", 2), ("v", "f", 5), ("v", None, 6)]
    reads = {
        "some_rows": relation_of(engine, ddl, some),
        "event_rows": relation_of(engine, ddl, some + others),
    }
    found = sorted(row["n"] for row in rows_of(engine, "whole_events", reads))
    assert found == [1, 2, 3, 4, 4]
