"""What joins queries and candidates beside the task's pairs, by hand."""

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.errors import LeakageError
from graphrec_core.retrieval.node_features import NodeFeatures, node_features
from graphrec_core.retrieval.relations import LINK_PAIRS, NO_PAIRS, Links
from tests.retrieval.test_node_features import CANDIDATES, END, NODES, QUERIES, pairs

MET = pairs(("ann", "bar", 3, 2.0), ("ann", "far", 1, 9.0), ("bob", "bar", 1, 3.0))


def linked(*rows: tuple[str, str, int, float]) -> pa.Table:
    return pairs(*rows).select(LINK_PAIRS)


def dense(matrix: object) -> list[list[float]]:
    return np.round(matrix.toarray(), 6).tolist()  # type: ignore[attr-defined]


def with_attributes(**columns: pa.Array) -> NodeFeatures:
    nodes = NODES
    for name, column in columns.items():
        nodes = nodes.append_column(name, column)
    return node_features(MET, nodes, QUERIES, CANDIDATES, END, list(columns))


@pytest.mark.parametrize(
    ("kind", "own", "shares"),
    [
        # Sorted: drink, food. NODES are bar, cafe, far, zoo; candidates bar, cafe, zoo.
        (
            pa.array(["drink", "food", "food", None]),
            [[1, 0], [0, 1], [0, 0]],
            [[0.5, 0.5], [1, 0], [0, 0]],
        ),
        (
            pa.array([["food", "drink", "food"], [], ["food"], ["drink"]]),
            [[1, 1], [0, 0], [1, 0]],
            [[0.5, 1], [1, 1], [0, 0]],
        ),
        (pa.array([True, False, None, True]), [[1], [0], [1]], [[0.5], [1], [0]]),
        (pa.array([1, 0, 0, 1], pa.int32()), [[1], [0], [1]], [[0.5], [1], [0]]),
    ],
    ids=["text", "list", "truth", "zero or one"],
)
def test_attributes_are_counted_among_all_that_a_query_met(
    kind: pa.Array, own: list[list[float]], shares: list[list[float]]
) -> None:
    """Half of what ann met is no candidate any more; it says what she likes all the same."""
    found = with_attributes(kind=kind)
    assert dense(found.attributes) == own
    assert dense(found.attribute_shares) == shares


def test_numbers_are_no_attributes_and_columns_stand_side_by_side() -> None:
    assert with_attributes(stars=pa.array([1, 2, 3, 4])).attributes.shape == (3, 0)
    assert with_attributes(price=pa.array([0.0, 1, 1, 0])).attributes.nnz == 0
    both = with_attributes(
        kind=pa.array(["food", "food", "food", None]), cheap=pa.array([True, None, True, False])
    )
    assert dense(both.attributes) == [[1, 1], [1, 0], [0, 0]]
    assert dense(both.attribute_shares) == [[1, 1], [1, 1], [0, 0]]


def test_who_wrote_to_me_counts_among_peers_alone() -> None:
    axis = pa.array(["ann", "bob", "eve"])
    wrote = pairs(("ann", "bob", 2, 4.0), ("eve", "ann", 3, 1.5), ("old", "ann", 1, 1.0))
    links = Links(True, NO_PAIRS, NO_PAIRS)
    found = node_features(wrote, NODES, axis, axis, END, links=links)
    assert dense(found.incoming_events) == [[0, 0, 3], [2, 0, 0], [0, 0, 0]]
    assert dense(found.incoming_days) == [[0, 0, 1.5], [4, 0, 0], [0, 0, 0]]
    alone = node_features(wrote, NODES, axis, axis, END)
    assert (alone.incoming_events.nnz, alone.neighbours.nnz) == (0, 0)


def test_neighbours_in_common_whoever_wrote_first() -> None:
    """ann - mia - eve, and bob knows nobody; mia is neither a query nor a candidate."""
    axis = pa.array(["ann", "bob", "eve"])
    wrote = pairs(("ann", "mia", 1, 4.0), ("eve", "mia", 1, 2.0), ("mia", "ann", 1, 2.0))
    found = node_features(wrote, NODES, axis, axis, END, links=Links(True, NO_PAIRS, NO_PAIRS))
    both = found.neighbours @ found.met_by_neighbour
    assert dense(both) == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


def test_friends_who_met_a_candidate() -> None:
    """ann is a friend of bob and of max of another region; friendship goes both ways."""
    friends = linked(("bob", "ann", 1, 50.0), ("ann", "max", 1, 60.0), ("ann", "ann", 1, 1.0))
    met = pairs(("bob", "bar", 5, 3.0), ("max", "bar", 1, 9.0), ("max", "zoo", 1, 9.0))
    links = Links(False, NO_PAIRS, friends)
    found = node_features(met, NODES, QUERIES, CANDIDATES, END, links=links)
    both = found.neighbours @ found.met_by_neighbour
    assert dense(both) == [[2, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert found.incoming_events.nnz == 0


def test_events_along_other_edges_add_up() -> None:
    looked = linked(("ann", "cafe", 2, 3.0), ("ann", "cafe", 5, 1.0), ("halo", "bar", 1, 1.0))
    links = Links(False, looked, NO_PAIRS)
    found = node_features(MET, NODES, QUERIES, CANDIDATES, END, links=links)
    assert dense(found.other_events) == [[0, 7, 0], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("name", ["others", "between_queries"])
def test_other_edges_of_the_instant_are_refused(name: str) -> None:
    links = Links(**{"is_among_peers": False, "others": NO_PAIRS, "between_queries": NO_PAIRS,
                     name: linked(("ann", "bar", 1, 0.0))})  # fmt: skip
    with pytest.raises(LeakageError, match="found: 1 of 1 pairs"):
        node_features(MET, NODES, QUERIES, CANDIDATES, END, links=links)
