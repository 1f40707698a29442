"""What joins queries and candidates beside the task's pairs: attributes, neighbours, other edges.

Each is a list per row of an axis, so that a shard stores it as columns; to compute with they are
sparse matrices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.cells import laid_along, matrix_of
from graphrec_core.axes.rows import ENDS, id_array, rows_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_LINKS = {
    "src": pa.string(),
    "dst": pa.string(),
    "num_events": pa.int64(),
    "last_event_time": pa.timestamp("us", tz="UTC"),
}
NO_PAIRS: Final = pa.Table.from_batches([], pa.schema(_LINKS))
LINK_PAIRS: Final = list(_LINKS)
"""What is read of a view's edges that are not the task's."""


@dataclass(frozen=True)
class Links:
    """What else joins the nodes of a view.

    Attributes:
        is_among_peers: Whether queries are candidates, too, so that the task's pairs go both ways.
        others: Pairs of a query (src) and a candidate along other edges, ``LINK_PAIRS``.
        between_queries: Pairs of two nodes of the queries' type along other edges, the same.
    """

    is_among_peers: bool
    others: pa.Table
    between_queries: pa.Table

    @classmethod
    def none(cls) -> "Links":
        """Returns those of a graph whose only edges are the task's, between two node types."""
        return cls(False, NO_PAIRS, NO_PAIRS)


def attribute_lists(
    nodes: pa.Table,
    names: Sequence[str],
    met: tuple[np.ndarray, pa.ChunkedArray],
    axes: tuple[pa.Array, pa.Array],
) -> tuple["csr_array", "csr_array"]:
    """Numbers the attributes of candidates, and counts them among what the queries met.

    An attribute is a value of a text column or an item of a list; of a column of truths or of
    zeros and ones it is the one.

    Args:
        nodes: node_id and the named columns of the candidates' type.
        names: Feature columns.
        met: Query rows int64 [P], and the ids of what they met [P].
        axes: Ids of the queries and of the candidates.

    Returns:
        Which share of what a query met has an attribute [Q, A]; the candidates' own, 1 each
        [C, A].
    """
    node_ids = id_array(nodes["node_id"])
    held = _attributes(nodes, names)
    rows = rows_of(met[1], node_ids)
    queries, rows = met[0][rows >= 0], rows[rows >= 0]
    weights = 1 / np.bincount(queries, minlength=len(axes[0]))[queries]
    of_query = matrix_of(queries, rows, weights, (len(axes[0]), held.shape[0]))
    return (of_query @ held).tocsr(), held[rows_of(axes[1], node_ids)]


def _attributes(nodes: pa.Table, names: Sequence[str]) -> "csr_array":
    """Which node has which attribute, 1 each [N + 1, A]; the last row is of an unknown node."""
    rows, numbers, num = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for name in names:
        of_column, values = _values(nodes[name].combine_chunks())
        known = pc.unique(values.drop_null()).sort()
        codes = rows_of(values, known)
        rows.append(of_column[codes >= 0])
        numbers.append(codes[codes >= 0] + num)
        num += len(known)
    cells = np.concatenate(rows), np.concatenate(numbers)
    return _marks(*cells, (nodes.num_rows + 1, num))


def _values(column: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Returns a column's attributes as text, and the row of each."""
    rows, values = np.arange(len(column)), column
    if pa.types.is_list(column.type):
        rows, values = np.asarray(pc.list_parent_indices(column)), pc.list_flatten(column)
    elif pa.types.is_boolean(column.type) or _is_flags(column):
        values = pc.if_else(pc.equal(column.cast(pa.int64()), 1), "yes", None)
    is_text = pa.types.is_string(values.type)
    return rows, values if is_text else pa.nulls(len(values), pa.string())


def _is_flags(column: pa.Array) -> bool:
    if not pa.types.is_integer(column.type):
        return False
    return not set(pc.unique(column.drop_null()).to_pylist()) - {0, 1}


def _marks(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> "csr_array":
    """Makes a sparse matrix of ones, however often a cell is named."""
    matrix = matrix_of(rows, columns, np.ones(len(rows)), shape)
    matrix.data[:] = 1
    return matrix


def neighbour_lists(
    links: Links, pairs: pa.Table, axes: tuple[pa.Array, pa.Array]
) -> tuple["csr_array", "csr_array"]:
    """Numbers the queries' neighbours: who has which, and whom of them a candidate was met by.

    Args:
        links: What else joins the nodes; pairs between queries count both ways.
        pairs: The task's pairs, src and dst; among peers they make neighbours, too.
        axes: Ids of the queries and of the candidates.

    Returns:
        1 for each neighbour of a query [Q, N]; 1 for each that met a candidate [C, N].
    """
    between = [links.between_queries, *([pairs] if links.is_among_peers else [])]
    both = _both_ways(pa.concat_tables([one.select(ENDS) for one in between]))
    met = _both_ways(pairs) if links.is_among_peers else pairs
    own = both.filter(pc.is_in(both["src"], value_set=axes[0]))
    names = id_array(pc.unique(own["dst"])).sort()
    of_query = laid_along(own, ("src", "dst"), (axes[0], names), np.ones(own.num_rows))
    by_whom = laid_along(met, ("dst", "src"), (axes[1], names), np.ones(met.num_rows))
    for matrix in (of_query, by_whom):
        matrix.data[:] = 1
    return of_query, by_whom


def turned(pairs: pa.Table) -> pa.Table:
    """Exchanges src and dst."""
    ends = {"src": "dst", "dst": "src"}
    names = [ends.get(name, name) for name in pairs.column_names]
    return pairs.rename_columns(names).select(pairs.column_names)


def _both_ways(pairs: pa.Table) -> pa.Table:
    both = pa.concat_tables([pairs.select(ENDS), turned(pairs.select(ENDS))])
    return both.filter(pc.not_equal(both["src"], both["dst"]))


def as_columns(name: str, matrix: "csr_array", values: str | None = None) -> dict[str, pa.Array]:
    """Writes rows of a matrix as lists: the numbers of its cells, and their values if named."""
    matrix.sort_indices()
    offsets = pa.array(matrix.indptr.astype(np.int32))
    numbers = pa.array(matrix.indices.astype(np.int32))
    columns = {name: pa.ListArray.from_arrays(offsets, numbers)}
    if values is not None:
        cells = pa.array(matrix.data.astype(np.float32))
        columns[values] = pa.ListArray.from_arrays(offsets, cells)
    return columns


def as_matrix(table: pa.Table, name: str, values: str | None, width: int) -> "csr_array":
    """Reads what ``as_columns`` wrote, float32 [rows, width].

    Args:
        table: The columns.
        name: That of the numbers.
        values: That of the cells' values; None: 1 each.
        width: Columns of the matrix.
    """
    numbers = table[name].combine_chunks()
    rows, columns = np.asarray(pc.list_parent_indices(numbers)), np.asarray(numbers.flatten())
    cells = np.ones(len(columns), dtype=np.float32)
    if values is not None:
        cells = np.asarray(table[values].combine_chunks().flatten())
    return matrix_of(rows, columns, cells, (table.num_rows, width))


def width_of(*columns: pa.ChunkedArray) -> int:
    """Returns how many numbers the lists of some columns are of: one more than the greatest."""
    greatest = [pc.max(pc.list_flatten(one)).as_py() for one in columns]
    return max((one + 1 for one in greatest if one is not None), default=0)


def cells_at(matrix: "csr_array", rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Looks cells up, float32 [P]; 0 where there is none."""
    if matrix.nnz == 0 or len(rows) == 0:
        return np.zeros(len(rows), dtype=np.float32)
    return np.asarray(matrix[rows, columns]).reshape(-1)


def products(
    left: "csr_array", right: "csr_array", rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Multiplies some rows of ``left`` [Q, N] with columns of ``right`` [N, C], float32 [P]."""
    if left.nnz == 0 or len(rows) == 0:
        return np.zeros(len(rows), dtype=np.float32)
    block, inverse = np.unique(rows, return_inverse=True)
    return cells_at(left[block] @ right, inverse, columns)


def dots(
    left: "csr_array", right: "csr_array", left_rows: np.ndarray, right_rows: np.ndarray
) -> np.ndarray:
    """Multiplies rows of ``left`` [Q, A] with rows of ``right`` [C, A], each pair once, [P]."""
    if right.nnz == 0 or len(left_rows) == 0:
        return np.zeros(len(left_rows), dtype=np.float32)
    return np.asarray(left[left_rows].multiply(right[right_rows]).sum(axis=1)).reshape(-1)
