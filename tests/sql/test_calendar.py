"""The calendar of events, pairs, edges, nodes and the holdout, by hand."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from graphrec_core.engine import Engine, Relation
from graphrec_core.intake.canonical import CALENDAR_FEATURES
from tests.support.engines import day, relation_of, rows_of

HOUR_US = 3_600_000_000
PLACES = "node_id string, home_region string, latitude double"
EVENTS = "src string, dst string, event_time timestamp"
DATED = f"{EVENTS}, weekday int, season string, is_holiday boolean"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEASONS = ("winter", "spring", "summer", "autumn")


def dated(
    engine: Engine,
    events: list[tuple],
    src_places: list[tuple] = (),
    dst_places: list[tuple] = (),
    holidays: list[tuple] = (),
    offset_hours: int = 0,
) -> list[tuple[int, str, bool]]:
    """Weekday, season and holiday of events, by src, dst and time."""
    days = {"day": [row[0] for row in holidays], "region": [row[1] for row in holidays]}
    schema = pa.schema([("day", pa.date32()), ("region", pa.string())])
    reads = {
        "window_events": relation_of(engine, EVENTS, events),
        "src_places": relation_of(engine, PLACES, src_places),
        "dst_places": relation_of(engine, PLACES, dst_places),
        "holidays": engine.from_arrow(pa.table(days, schema=schema)),
    }
    rows = rows_of(engine, "calendar_events", reads, offset_us=offset_hours * HOUR_US)
    return [(row["weekday"], row["season"], row["is_holiday"]) for row in rows]


def test_a_week_begins_on_monday(engine: Engine) -> None:
    # 5 January 2026 is a Monday.
    events = [("u", "p", day(number)) for number in range(4, 12)]
    assert [row[0] for row in dated(engine, events)] == [7, 1, 2, 3, 4, 5, 6, 7]


def test_days_before_1970_have_the_right_names(engine: Engine) -> None:
    events = [("u", "p", datetime(1969, 12, number, 23, tzinfo=UTC)) for number in (28, 29, 31)]
    assert [row[0] for row in dated(engine, events)] == [7, 1, 3]


@pytest.mark.parametrize(
    ("hour", "offset", "weekday"),
    [(23, 0, 7), (23, 1, 1), (0, 0, 7), (0, -1, 6), (12, 11, 7), (12, 12, 1)],
)
def test_a_day_begins_at_local_midnight(
    engine: Engine, hour: int, offset: int, weekday: int
) -> None:
    sunday = [("u", "p", datetime(2026, 1, 4, hour, tzinfo=UTC))]
    assert dated(engine, sunday, offset_hours=offset)[0][0] == weekday


def test_seasons_are_meteorological_in_both_hemispheres(engine: Engine) -> None:
    events = [
        (src, "p", datetime(2026, month, 1, tzinfo=UTC))
        for src in ("north", "south")
        for month in range(1, 13)
    ]
    places = [("north", None, 52.0), ("south", None, -33.0)]
    northern = [SEASONS[month % 12 // 3] for month in range(1, 13)]
    southern = [SEASONS[(month % 12 // 3 + 2) % 4] for month in range(1, 13)]
    found = [row[1] for row in dated(engine, events, src_places=places)]
    assert found == northern + southern
    assert (northern[1], northern[2], southern[1], southern[2]) == (
        "winter", "spring", "summer", "autumn"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("src", "dst", "season"),
    [(None, None, "winter"), (-1.0, None, "summer"), (-1.0, 0.0, "winter"), (9.0, -9.0, "summer")],
)
def test_the_hemisphere_is_that_of_dst_then_of_src_then_north(
    engine: Engine, src: float | None, dst: float | None, season: str
) -> None:
    found = dated(engine, [("u", "p", day(1))], [("u", None, src)], [("p", None, dst)])
    assert found == [(4, season, False)]


def test_a_holiday_is_everywhere_or_in_its_region(engine: Engine) -> None:
    events = [("u", dst, day(number)) for dst in ("e", "none", "w") for number in (1, 2, 3)]
    holidays = [
        (date(2026, 1, 1), None),
        (date(2026, 1, 1), "east"),  # both: still one event
        (date(2026, 1, 2), "east"),
        (date(2026, 1, 4), None),
    ]
    places = [("e", "east", None), ("none", None, None), ("w", "west", None)]
    found = dated(engine, events, [("u", "east", None)], places, holidays)
    # The region is that of dst; where it has none, that of src.
    assert [row[2] for row in found] == [True, True, False] * 2 + [True, False, False]


def test_events_of_unknown_nodes_have_a_day(engine: Engine) -> None:
    found = dated(engine, [("u", "p", day(1))], holidays=[(date(2026, 1, 1), None)])
    assert found == [(4, "winter", True)]


def pair_rows(engine: Engine) -> Relation:
    events = [
        ("u", "p", day(3), 6, "winter", False),
        ("u", "p", day(1), 4, "winter", True),
        ("u", "p", day(1) + timedelta(days=200), 7, "summer", False),
        ("u", "q", day(6), 2, "winter", True),
    ]
    reads = {"calendar_events": relation_of(engine, DATED, events)}
    return engine.run("calendar_pairs", reads)


def test_a_pair_counts_its_events_and_knows_the_first_and_the_last(engine: Engine) -> None:
    first, second = rows_of(
        engine, "calendar_pairs", {"calendar_events": relation_of(engine, DATED, [
            ("u", "p", day(3), 6, "winter", False),
            ("u", "p", day(1), 4, "winter", True),
            ("u", "p", day(1) + timedelta(days=200), 7, "summer", False),
            ("u", "q", day(6), 2, "winter", True),
        ])},
    )  # fmt: skip
    counts = {f"num_{name}_events": 0 for name in (*WEEK, *SEASONS, "weekend", "holiday")}
    assert first == counts | {
        "src": "u",
        "dst": "p",
        "num_thursday_events": 1,
        "num_saturday_events": 1,
        "num_sunday_events": 1,
        "num_weekend_events": 2,
        "num_winter_events": 2,
        "num_summer_events": 1,
        "num_holiday_events": 1,
        "first_weekday": 4,
        "first_season": "winter",
        "is_first_on_holiday": True,
        "last_weekday": 7,
        "last_season": "summer",
        "is_last_on_holiday": False,
    }
    assert (second["num_tuesday_events"], second["num_weekend_events"]) == (1, 0)


def test_edges_and_the_holdout_get_the_columns_of_their_pair(engine: Engine) -> None:
    pairs = pair_rows(engine)
    edges = relation_of(
        engine, "region string, src string, dst string", [("a", "u", "p"), ("b", "u", "p")]
    )
    found = rows_of(engine, "calendar_edges", {"region_edges": edges, "calendar_pairs": pairs})
    assert [(row["region"], row["num_weekend_events"], row["last_weekday"]) for row in found] == [
        ("a", 2, 7),
        ("b", 2, 7),
    ]
    holdout = relation_of(engine, "query_id string, candidate_id string", [("u", "q")])
    reads = {"holdout_pairs": holdout, "calendar_pairs": pairs}
    assert rows_of(engine, "calendar_holdout", reads) == [
        {
            "query_id": "u",
            "candidate_id": "q",
            "first_weekday": 2,
            "first_season": "winter",
            "is_first_on_holiday": True,
        }
    ]


def ends(engine: Engine, edges: list[tuple], *, is_src: bool) -> list[dict]:
    counts = [f"num_{name}_events bigint" for name in (*WEEK, *SEASONS, "holiday")]
    ddl = ", ".join(["src string, dst string, crosses_border boolean, num_events bigint", *counts])
    reads = {"region_edges": relation_of(engine, ddl, edges)}
    return rows_of(engine, "calendar_ends", reads, is_src=is_src)


def test_events_across_a_border_count_once_over_both_regions(engine: Engine) -> None:
    thursday = (0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1)
    sunday = (0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0)
    edges = [
        ("u", "p", True, 3, *thursday),
        ("u", "p", True, 3, *thursday),  # the same edge in the other region
        ("u", "q", False, 1, *sunday),
    ]
    (found,) = ends(engine, edges, is_src=True)
    assert {name: number for name, number in found.items() if number} == {
        "node_id": "u",
        "num_half_events": 8,
        "num_thursday": 6,
        "num_sunday": 2,
        "num_winter": 6,
        "num_summer": 2,
        "num_holiday": 2,
    }
    assert [row["num_half_events"] for row in ends(engine, edges, is_src=False)] == [6, 2]


def test_a_nodes_shares_are_of_its_events(engine: Engine) -> None:
    names = [f"num_{name} bigint" for name in (*WEEK, *SEASONS, "holiday")]
    ddl = ", ".join(["node_id string, num_half_events bigint", *names])
    rows = [
        ("u", 6, 6, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 2),
        ("u", 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 2, 0, 0),  # of another edge type
    ]
    reads = {
        "view_nodes": relation_of(engine, "node_id string, age int", [("u", 20), ("v", 30)]),
        "calendar_ends": relation_of(engine, ddl, rows),
    }
    first, second = rows_of(engine, "calendar_nodes", reads)
    none = dict.fromkeys(CALENDAR_FEATURES, 0.0)
    assert second == {"node_id": "v", "age": 30, **none}
    assert first == none | {
        "node_id": "u",
        "age": 20,
        "share_on_monday": 0.75,
        "share_on_sunday": 0.25,
        "share_in_winter": 0.75,
        "share_in_summer": 0.25,
        "share_on_holiday": 0.25,
    }


def test_a_node_that_changes_its_hemisphere_moves(engine: Engine) -> None:
    ddl = "node_id string, latitude double"
    old = [("same", 1.0), ("near", 1.0), ("over", 1.0), ("found", None), ("gone", 1.0)]
    new = [("same", 1.0), ("near", 2.0), ("over", -1.0), ("found", 1.0), ("came", 1.0)]
    reads = {
        "changed_nodes": relation_of(engine, "node_id string", [("gone",), ("came",), ("over",)]),
        "old_nodes": relation_of(engine, ddl, old),
        "new_nodes": relation_of(engine, ddl, new),
    }
    found = [row["node_id"] for row in rows_of(engine, "calendar_moves", reads)]
    assert found == ["came", "found", "gone", "over"]
