"""Nodes that are not there at the instant leave no trace in a view's pairs, by hand."""

from graphrec_core.engine import Engine
from tests.support.engines import relation_of, rows_of


def test_nodes_are_absent_that_have_versions_and_are_not_in_the_view(engine: Engine) -> None:
    rows = [("a", 1.0), ("a", 2.0), ("b", 1.0), ("b", 3.0)]
    versions = relation_of(engine, "node_id string, size double", rows)
    view = relation_of(engine, "node_id string", [("a",)])
    reads = {"node_versions": versions, "view_nodes": view}
    assert rows_of(engine, "absent_nodes", reads) == [{"node_id": "b"}]


def test_pairs_are_present_whose_nodes_both_exist(engine: Engine) -> None:
    rows = [("u", "p", 1), ("u", "gone", 2), ("left", "p", 3), ("left", "gone", 4), ("p", "u", 5)]
    reads = {
        "pairs": relation_of(engine, "src string, dst string, num_events bigint", rows),
        "absent_src": relation_of(engine, "node_id string", [("left",)]),
        "absent_dst": relation_of(engine, "node_id string", [("gone",)]),
    }
    found = rows_of(engine, "present_pairs", reads)
    assert [tuple(row.values()) for row in found] == [("p", "u", 5), ("u", "p", 1)]


def test_where_nothing_is_absent_all_pairs_stay(engine: Engine) -> None:
    none = relation_of(engine, "node_id string", [])
    pairs = relation_of(engine, "src string, dst string", [("u", "p"), ("u", "q")])
    reads = {"pairs": pairs, "absent_src": none, "absent_dst": none}
    assert len(rows_of(engine, "present_pairs", reads)) == 2
