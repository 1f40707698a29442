import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.axes.rows import own_pairs, rows_of, vector_column, vectors_along


def test_unknown_rows_drop_and_equal_pairs_merge() -> None:
    pairs = RowPairs.of(np.array([1, 1, 1, -1, 0]), np.array([5, 2, 5, 1, -1]), 3)
    assert pairs.indptr.tolist() == [0, 0, 2, 2]
    assert pairs.indices.tolist() == [2, 5]
    assert pairs.counts.tolist() == [0, 2, 0]


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 6))), st.permutations(range(5)))
def test_a_block_holds_its_queries_pairs(pairs: set[tuple[int, int]], order: list[int]) -> None:
    flat = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    block = np.array(order[:3])
    query, candidate = RowPairs.of(flat[:, 0], flat[:, 1], 5).block(block)
    found = {(int(block[q]), int(c)) for q, c in zip(query, candidate, strict=True)}
    assert found == {pair for pair in pairs if pair[0] in order[:3]}


def test_rows_and_vectors_along_an_axis() -> None:
    axis = pa.array(["b", "a", "z"])
    table = pa.table({"node_id": ["a", "b"], "vector": vector_column(np.array([[1, 2], [3, 4]]))})
    assert rows_of(pa.array(["z", "q", "b"]), axis).tolist() == [2, -1, 0]
    assert vectors_along(table, axis).tolist() == [[3, 4], [1, 2], [0, 0]]


def test_equal_ids_of_two_node_types_are_two_things() -> None:
    queries, candidates = pa.array(["1", "2"]), pa.array(["2", "3"])
    peers = own_pairs(queries, candidates, peers=True)
    assert [rows.tolist() for rows in peers] == [[0, 1], [-1, 0]]
    assert [len(rows) for rows in own_pairs(queries, candidates, peers=False)] == [0, 0]
