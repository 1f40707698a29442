"""The randomised decomposition against the dense one."""

import numpy as np
import pytest
import scipy.sparse as sp

from graphrec_core.models import truncated_svd as module
from graphrec_core.models.truncated_svd import truncated_svd


def some_matrix(num_rows: int = 120, num_columns: int = 90) -> sp.csr_array:
    """Sparse, with a spectrum that decays slowly, as that of a graph does."""
    rng = np.random.default_rng(5)
    taste = rng.random((num_rows, 12)) @ rng.random((12, num_columns))
    kept = rng.random((num_rows, num_columns)) < 0.25
    return sp.csr_array((taste * kept).astype(np.float32))


@pytest.mark.parametrize("shape", [(120, 90), (90, 120)])
def test_it_finds_what_the_dense_one_finds(shape: tuple[int, int]) -> None:
    matrix = some_matrix(*shape)
    values, right = truncated_svd(matrix, 10)
    _, expected, vectors = np.linalg.svd(matrix.toarray().astype(np.float64))
    assert values == pytest.approx(expected[:10], rel=1e-4)
    assert right @ right.T == pytest.approx(np.eye(10), abs=1e-4)
    # Vectors may be turned round, and mixed where values are alike: what they filter is fixed.
    weighed = right.T * values @ right
    dense = vectors[:10].T * expected[:10] @ vectors[:10]
    assert weighed == pytest.approx(dense, abs=2e-3)


def test_equal_input_gives_equal_bytes() -> None:
    first, second = (truncated_svd(some_matrix(), 10) for _ in range(2))
    assert [one.tobytes() for one in first] == [one.tobytes() for one in second]


def test_without_iterations_it_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix is one that a mere sample does not decompose: the other tests can fail."""
    monkeypatch.setattr(module, "NUM_ITERATIONS", 0)
    monkeypatch.setattr(module, "OVERSAMPLED", 2)
    matrix = some_matrix()
    expected = np.linalg.svd(matrix.toarray().astype(np.float64))[1][:10]
    assert truncated_svd(matrix, 10)[0] != pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("rank", [40, 89, 90, 200])
def test_nearly_all_are_all(rank: int) -> None:
    matrix = some_matrix()
    values, right = truncated_svd(matrix, rank)
    assert len(values) == len(right) == min(rank, 90)
    expected = np.linalg.svd(matrix.toarray().astype(np.float64))[1]
    assert values == pytest.approx(expected[:rank], rel=1e-4)


def test_an_empty_matrix_has_no_strength() -> None:
    for shape in ((3, 4), (200, 300)):
        values, right = truncated_svd(sp.csr_array(shape, dtype=np.float32), 2)
        assert values.tolist() == [0, 0]
        assert np.isfinite(right).all()
