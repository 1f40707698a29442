"""The start nodes' events: what every query node began with, by hand."""

from graphrec_core.engine import Engine
from tests.support.engines import day, relation_of, rows_of

EVENTS = "src string, dst string, event_time timestamp, known_at timestamp, weight double"
HOMES = "node_id string, home_region string"


def test_the_first_event_of_every_query_node_is_that_of_its_homes_start_node(
    engine: Engine,
) -> None:
    events = [
        ("u", "p", day(2), day(9), 5.0),
        ("u", "q", day(1), day(3), 5.0),
        ("v", "q", day(4), day(4), 5.0),
        ("tie", "q", day(5), day(5), 5.0),
        ("tie", "p", day(5), day(5), 5.0),
        ("far", "q", day(6), day(7), 5.0),
        ("late", "gone", day(1), day(1), 5.0),  # its dst is no node of the view
        ("late", "p", day(7), day(7), 5.0),
        ("nowhere", "p", day(1), day(1), 5.0),
        ("unknown", "p", day(1), day(1), 5.0),
    ]
    homes = [(name, "east") for name in ("u", "v", "tie", "late")]
    reads = {
        "view_events": relation_of(engine, EVENTS, events),
        "src_homes": relation_of(engine, HOMES, [*homes, ("far", "west"), ("nowhere", None)]),
        "dst_homes": relation_of(engine, HOMES, [("p", "east"), ("q", None)]),
    }
    rows = rows_of(engine, "start_events", reads, prefix="__start__:")
    assert [tuple(row.values()) for row in rows] == [
        ("__start__:east", "p", day(5), day(5), 1.0, "east"),
        ("__start__:east", "p", day(7), day(7), 1.0, "east"),
        ("__start__:east", "q", day(1), day(3), 1.0, "east"),
        ("__start__:east", "q", day(4), day(4), 1.0, "east"),
        ("__start__:west", "q", day(6), day(7), 1.0, "west"),
    ]
