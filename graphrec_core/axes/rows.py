"""An axis of ids: where an id stands on it, and the vectors along it."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ENDS: Final = ["src", "dst"]
"""Columns that name a pair."""
TASK_PAIRS = ["src", "dst", "first_event_time", "last_event_time", "weight"]
"""What is read of a view's edges: who met whom, when first and last, and how much."""


def id_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Returns a column of ids as one contiguous string array."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.cast(pa.string())


def rows_of(ids: pa.Array | pa.ChunkedArray, axis: pa.Array) -> np.ndarray:
    """Returns the position of each id on ``axis``.

    Returns:
        int64 [num_ids]; -1 where the axis lacks the id.
    """
    found = pc.index_in(id_array(ids), value_set=axis)
    return np.asarray(pc.fill_null(found, -1)).astype(np.int64)


def task_pairs(edges: pa.Table, *, peers: bool) -> pa.Table:
    """Keeps the edges that say what somebody likes: not those to oneself.

    Args:
        edges: A view's edges of the task, ``TASK_PAIRS``.
        peers: Whether queries and candidates are of one node type, so that a node may meet itself.
    """
    return edges.filter(pc.not_equal(edges["src"], edges["dst"])) if peers else edges


def vector_column(vectors: np.ndarray) -> pa.FixedSizeListArray:
    """Packs float vectors [N, d] as ``fixed_size_list<float32>[d]``."""
    flat = np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), vectors.shape[1])


def vector_matrix(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Unpacks a column of ``fixed_size_list<float32>[d]`` to float32 [N, d]."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    flat = np.asarray(column.flatten(), dtype=np.float32)
    return flat.reshape(len(column), column.type.list_size)


def vectors_along(table: pa.Table, axis: pa.Array) -> np.ndarray:
    """Lays the vectors of an embedding table along an axis.

    Args:
        table: Columns ``node_id`` and ``vector``.
        axis: The ids wanted.

    Returns:
        float32 [num_ids, d]; zero where the table lacks the id.
    """
    vectors = vector_matrix(table["vector"])
    rows = rows_of(axis, id_array(table["node_id"]))
    along = np.zeros((len(axis), vectors.shape[1]), dtype=np.float32)
    along[rows >= 0] = vectors[rows[rows >= 0]]
    return along


def own_pairs(
    query_ids: pa.Array, candidate_ids: pa.Array, *, peers: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs each query node with itself on the axis of candidates.

    Args:
        query_ids: Ids of the queries.
        candidate_ids: Ids of the candidates.
        peers: Whether both are of one node type; equal ids of two types mean nothing.

    Returns:
        Query rows and candidate rows (-1: not a candidate), both int64 [Q]; empty for two types.
    """
    if not peers:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.arange(len(query_ids)), rows_of(query_ids, candidate_ids)
