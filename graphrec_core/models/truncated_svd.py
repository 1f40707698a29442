"""The greatest singular values of a sparse matrix and their right vectors, by random sampling."""

import numpy as np
import scipy.linalg
import scipy.sparse as sp

OVERSAMPLED = 64
"""Directions beyond the rank, which make the last ones of it exact."""
NUM_ITERATIONS = 6
SEED = 0


def truncated_svd(matrix: sp.csr_array, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Decomposes by randomised subspace iteration (Halko, Martinsson and Tropp, SIAM 2011).

    Algorithms 4.4 and 5.1: a random sample of the range, ``rank`` + ``OVERSAMPLED`` wide, is taken
    through the matrix and back ``NUM_ITERATIONS`` times; the decomposition of the matrix within it
    is that of a small one. Between products the triangular factor of an LU decomposition keeps
    the columns apart, which costs a third of making them orthonormal. The seed is fixed: equal
    input gives equal bytes on one thread.

    Args:
        matrix: CSR float32 [N, M].
        rank: How many are wanted.

    Returns:
        Singular values, greatest first, float64 [R] with R at most ``rank`` and at most min(N, M);
        their right vectors, float32 [R, M].
    """
    if rank + OVERSAMPLED >= min(matrix.shape):
        _, values, right = np.linalg.svd(matrix.toarray().astype(np.float64), full_matrices=False)
        return values[:rank], right[:rank].astype(np.float32)
    back = sp.csr_array(matrix.T)
    random = np.random.default_rng(SEED)
    sample = random.standard_normal((matrix.shape[1], rank + OVERSAMPLED), dtype=np.float32)
    for _ in range(NUM_ITERATIONS):
        sample = _apart(back @ _apart(matrix @ sample))
    basis = scipy.linalg.qr(matrix @ sample, mode="economic", check_finite=False)[0]
    small = (back @ basis).T
    squares, rotation = np.linalg.eigh((small @ small.T).astype(np.float64))
    values = np.sqrt(np.maximum(squares[::-1][:rank], 0))
    scale = np.where(values > 0, values, 1)
    right = (rotation[:, ::-1][:, :rank] / scale).T.astype(np.float32) @ small
    return values, right


def _apart(columns: np.ndarray) -> np.ndarray:
    lower: np.ndarray = scipy.linalg.lu(
        columns, permute_l=True, overwrite_a=True, check_finite=False
    )[0]
    return lower
