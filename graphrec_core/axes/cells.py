"""Sparse matrices along two axes."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphrec_core.axes.rows import rows_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def matrix_of(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> "csr_array":
    """Makes a sparse matrix of its cells; those of one place add up."""
    from scipy.sparse import csr_array  # noqa: PLC0415  (whoever imports axes stays light)

    return csr_array((values, (rows, columns)), shape=shape)


def laid_along(
    pairs: pa.Table, ends: tuple[str, str], axes: tuple[pa.Array, pa.Array], values: np.ndarray
) -> "csr_array":
    """Lays pairs along two axes, [R, C]; values of equal ones add up.

    Args:
        pairs: Has the columns of both ends.
        ends: Which column counts along which axis.
        axes: Ids of the rows and of the columns; a pair of an unknown id is left out.
        values: float [P].
    """
    rows, columns = (rows_of(pairs[end], axis) for end, axis in zip(ends, axes, strict=True))
    known = (rows >= 0) & (columns >= 0)
    shape = len(axes[0]), len(axes[1])
    return matrix_of(rows[known], columns[known], values[known], shape)
