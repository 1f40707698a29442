from functools import partial

import numpy as np
import pytest

from graphrec_core.config.index import IndexConfig
from graphrec_core.errors import ConfigError, LakeError
from graphrec_core.index.ann import (
    build_index,
    choose_factory,
    from_bytes,
    recall_against_exact,
    search_of,
    to_bytes,
    use_threads,
)

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(300, 8)).astype(np.float32)
QUERIES = RNG.normal(size=(20, 8)).astype(np.float32)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    use_threads(1)


def test_auto_is_exact_up_to_fifty_thousand() -> None:
    assert choose_factory("auto", 50_000) == "Flat"
    assert choose_factory("auto", 50_001) == "HNSW32"
    assert choose_factory("IVF4,Flat", 10) == "IVF4,Flat"


@pytest.mark.parametrize("factory", ["auto", "HNSW32", "IVF4,Flat"])
def test_bytes_and_back_find_the_same(factory: str) -> None:
    config = IndexConfig(factory=factory, ef_search=77, nprobe=3)
    data = to_bytes(build_index(VECTORS, config))
    assert data == to_bytes(build_index(VECTORS, config))
    index = from_bytes(data)
    rows, scores = search_of(index)(QUERIES, 5)
    expected = search_of(build_index(VECTORS, config))(QUERIES, 5)
    assert (rows == expected[0]).all()
    assert np.allclose(scores, np.take_along_axis(QUERIES @ VECTORS.T, rows, axis=1), atol=1e-5)


def test_flat_search_equals_numpy() -> None:
    rows, _ = search_of(build_index(VECTORS, IndexConfig()))(QUERIES, 5)
    assert (rows == np.argsort(-(QUERIES @ VECTORS.T), axis=1)[:, :5]).all()


def _found(rows: list[int], _: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """A search that always finds the same rows."""
    return np.array([rows[:k]]), np.zeros((1, k))


def test_recall_of_hand_made_searches() -> None:
    candidates = np.eye(4, dtype=np.float32) * np.array([[4], [3], [2], [1]], dtype=np.float32)
    query = np.ones((1, 4), dtype=np.float32)
    found = {"exact": [0, 1], "half": [0, 3], "lost": [-1, -1]}

    def recall(rows: list[int]) -> float:
        search = partial(_found, rows)
        return recall_against_exact(search, query, candidates, 2)

    recalls = {name: recall(rows) for name, rows in found.items()}
    assert recalls == {"exact": 1.0, "half": 0.5, "lost": 0.0}


def test_a_tie_is_no_miss() -> None:
    candidates = np.ones((3, 2), dtype=np.float32)
    query = np.ones((1, 2), dtype=np.float32)
    search = partial(_found, [2])
    assert recall_against_exact(search, query, candidates, 1) == 1.0


def test_vectors_that_are_not_finite_are_refused() -> None:
    broken = VECTORS.copy()
    broken[7, 1] = np.nan
    with pytest.raises(LakeError, match="1 of 300"):
        build_index(broken, IndexConfig())


@pytest.mark.parametrize("factory", ["Nonsense", "IVF1024,Flat"])
def test_a_factory_that_cannot_be_built_is_a_configuration_error(factory: str) -> None:
    with pytest.raises(ConfigError, match=r"index\.factory"):
        build_index(VECTORS, IndexConfig(factory=factory))


def test_bytes_that_are_no_index_are_refused() -> None:
    with pytest.raises(LakeError, match="FAISS"):
        from_bytes(b"not an index")
