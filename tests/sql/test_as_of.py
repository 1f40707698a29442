"""Point-in-time queries: versions, corrections, tombstones, half-open windows, by hand."""

from datetime import datetime

from graphrec_core.engine import Engine
from tests.support.engines import day, relation_of, rows_of

VERSIONS = (
    "node_id string, valid_from timestamp, valid_to timestamp, known_at timestamp, "
    "is_deleted boolean, region string"
)
EVENTS = (
    "src string, dst string, event_time timestamp, event_id string, known_at timestamp, "
    "is_deleted boolean, weight double"
)


def regions_at(engine: Engine, number: int, known: int, *versions: tuple) -> dict:
    reads = {"node_versions": relation_of(engine, VERSIONS, versions)}
    rows = rows_of(engine, "nodes_as_of", reads, instant=day(number), known_before=day(known))
    return {row["node_id"]: row["region"] for row in rows}


def version(start: int, region: str, *, end: int | None = None, known: int | None = None) -> tuple:
    return ("a", day(start), end and day(end), day(known or start), False, region)


def test_the_youngest_version_true_at_the_instant_wins(engine: Engine) -> None:
    versions = version(1, "east"), version(3, "west")
    assert regions_at(engine, 2, 9, *versions) == {"a": "east"}
    assert regions_at(engine, 3, 9, *versions) == {"a": "west"}  # [valid_from, valid_to)


def test_a_version_from_the_future_or_a_closed_one_is_not_there(engine: Engine) -> None:
    assert regions_at(engine, 2, 9, version(3, "west")) == {}
    assert regions_at(engine, 4, 9, version(1, "east", end=4)) == {}
    assert regions_at(engine, 3, 9, version(1, "east", end=4)) == {"a": "east"}


def test_a_correction_counts_from_when_it_was_known(engine: Engine) -> None:
    versions = version(1, "wrong"), version(1, "right", known=5)
    assert regions_at(engine, 3, 5, *versions) == {"a": "wrong"}
    assert regions_at(engine, 3, 6, *versions) == {"a": "right"}


def test_closing_a_version_is_a_new_row(engine: Engine) -> None:
    versions = version(1, "east"), version(1, "east", end=3, known=4)
    assert regions_at(engine, 3, 4, *versions) == {"a": "east"}
    assert regions_at(engine, 3, 5, *versions) == {}


def test_a_tombstone_removes_its_version_and_lets_the_older_one_stand(engine: Engine) -> None:
    tombstone = ("a", day(3), None, day(4), True, "west")
    versions = version(1, "east"), version(3, "west"), tombstone
    assert regions_at(engine, 6, 4, *versions) == {"a": "west"}
    assert regions_at(engine, 6, 6, *versions) == {"a": "east"}


def test_a_result_has_no_bookkeeping_columns(engine: Engine) -> None:
    reads = {"node_versions": relation_of(engine, VERSIONS, [version(1, "east")])}
    (row,) = rows_of(engine, "nodes_as_of", reads, instant=day(2), known_before=day(2))
    assert row == {"node_id": "a", "valid_from": day(1), "known_at": day(1), "region": "east"}


def event(
    time: int, event_id: str | None = None, known: int | None = None, **kwargs: bool
) -> tuple:
    deleted = kwargs.get("deleted", False)
    return ("a", "b", day(time), event_id, day(known or time), deleted, 1.0)


def times(engine: Engine, known: int, *events: tuple) -> list[int]:
    rows = rows_of(
        engine,
        "events_as_of",
        {"event_rows": relation_of(engine, EVENTS, events)},
        window_start=day(2),
        window_end=day(5),
        known_before=day(known),
    )
    return sorted(row["event_time"].day for row in rows)


def test_the_window_is_half_open(engine: Engine) -> None:
    assert times(engine, 9, event(1), event(2), event(4), event(5)) == [2, 4]


def test_equal_events_without_an_id_are_two_events(engine: Engine) -> None:
    assert times(engine, 9, event(3), event(3)) == [3, 3]


def test_a_late_event_is_not_there_before_it_is_known(engine: Engine) -> None:
    assert times(engine, 6, event(3, known=6)) == []
    assert times(engine, 7, event(3, known=6)) == [3]


def test_a_correction_may_move_an_event_out_of_the_window(engine: Engine) -> None:
    events = event(3, "e"), event(8, "e", known=4)
    assert times(engine, 4, *events) == [3]
    assert times(engine, 5, *events) == []


def test_a_deleted_event_is_gone_from_when_that_was_known(engine: Engine) -> None:
    events = event(3, "e"), event(3, "e", known=4, deleted=True)
    assert times(engine, 4, *events) == [3]
    assert times(engine, 5, *events) == []


def test_of_two_rows_known_together_the_deletion_wins(engine: Engine) -> None:
    """Batch loads stamp a row and its deletion alike; a later row brings the event back."""
    gone = event(3, "e"), event(3, "e", deleted=True)
    assert times(engine, 9, *gone) == times(engine, 9, *gone[::-1]) == []
    assert times(engine, 9, *gone, event(4, "e", known=5)) == [4]
    tombstone = ("a", day(3), None, day(3), True, "west")
    versions = version(1, "east"), version(3, "west"), tombstone
    assert regions_at(engine, 6, 9, *versions) == {"a": "east"}
    assert regions_at(engine, 6, 9, *versions[::-1]) == {"a": "east"}


FEATURES = (
    "node_id string, effective_at timestamp, known_at timestamp, is_deleted boolean, stars int"
)


def test_features_are_joined_as_they_were_effective(engine: Engine) -> None:
    rows = [
        ("a", day(1), day(1), False, 1),
        ("a", day(3), day(3), False, 3),
        ("a", day(3), day(5), False, 33),
        ("a", day(8), day(2), False, 8),
        ("a", day(8), day(11), True, 8),
        ("a", day(9), day(9), False, 9),
        ("a", day(9), day(9), True, 9),
    ]
    reads = {"feature_rows": relation_of(engine, FEATURES, rows)}

    def stars(instant: int, known: int) -> list[tuple[int, datetime, datetime]]:
        bounds = {"instant": day(instant), "known_before": day(known)}
        found = rows_of(engine, "features_as_of", reads, **bounds)
        return [
            (row["stars"], row["features_effective_at"], row["features_known_at"])
            for row in found
        ]  # fmt: skip

    assert stars(2, 9) == [(1, day(1), day(1))]
    assert stars(4, 5) == [(3, day(3), day(3))]
    assert stars(4, 6) == [(33, day(3), day(5))]
    assert stars(8, 9) == [(8, day(8), day(2))]
    assert stars(8, 12) == [(33, day(3), day(5))]  # the tombstone lets the older ones stand
    assert stars(9, 10) == [(8, day(8), day(2))]  # of two known together the deletion wins


def test_a_node_without_timed_features_stays_and_one_without_a_node_does_not_come(
    engine: Engine,
) -> None:
    reads = {
        "view_nodes": relation_of(engine, "node_id string, age int", [("a", 20), ("b", 30)]),
        "view_features": relation_of(engine, "node_id string, mood int", [("b", 1), ("c", 2)]),
    }
    assert rows_of(engine, "nodes_with_features", reads) == [
        {"node_id": "a", "age": 20, "mood": None},
        {"node_id": "b", "age": 30, "mood": 1},
    ]


def test_known_rows_leaves_out_what_came_late_and_keeps_rows_without_a_time(
    engine: Engine,
) -> None:
    rows = [("in time", day(1)), ("at the cutoff", day(2)), ("no time", None)]
    reads = {"fitted_rows": relation_of(engine, "node_id string, known_at timestamp", rows)}
    found = rows_of(engine, "known_rows", reads, known_before=day(2))
    assert [row["node_id"] for row in found] == ["in time", "no time"]


def test_a_node_with_several_versions_is_one_id(engine: Engine) -> None:
    versions = relation_of(engine, "node_id string, stars int", [("b", 1), ("a", 1), ("a", 2)])
    assert rows_of(engine, "node_ids", {"node_versions": versions}) == [
        {"node_id": "a"},
        {"node_id": "b"},
    ]
