import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.config.index import IndexConfig
from graphrec_core.index.ann import build_index, search_of
from graphrec_core.retrieval.recommend import PopularList, recommend
from graphrec_core.retrieval.sources import DenseSource, IndexSource, vector_source

POPULAR = PopularList(np.array([2, 0, 1, 3]), np.array([9, 5, 4, 1], dtype=np.float32))


def test_model_first_then_popular_without_seen_or_repeated() -> None:
    scores = np.array([[-np.inf, 7.0, -np.inf, -np.inf], [1.0, 2.0, 3.0, 4.0]])
    seen = RowPairs.of(np.array([0, 1]), np.array([2, 3]), 2)
    source = DenseSource(lambda rows: scores[rows])
    (ranking,) = recommend(source, POPULAR, seen, np.array([0, 1]), 3)
    assert ranking.rows.tolist() == [[1, 0, 3], [2, 1, 0]]
    assert ranking.scores.tolist() == [[7, 5, 1], [3, 2, 1]]
    assert ranking.is_popular.tolist() == [[False, True, True], [False, False, False]]


def test_candidates_can_run_out() -> None:
    seen = RowPairs.of(np.array([0, 0]), np.array([0, 2]), 1)
    (ranking,) = recommend(None, POPULAR, seen, np.array([0]), 4)
    assert ranking.rows.tolist() == [[1, 3, -1, -1]]
    assert ranking.is_popular.tolist() == [[True, True, False, False]]


def test_a_zero_vector_gets_the_popular_list() -> None:
    queries = np.array([[0.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    candidates = np.array([[3, 0], [2, 0], [1, 0], [0, 0]], dtype=np.float32)
    source = vector_source(queries, candidates)
    (ranking,) = recommend(source, POPULAR, RowPairs.none(2), np.array([0, 1]), 2)
    assert ranking.rows.tolist() == [[2, 0], [0, 1]]
    assert ranking.is_popular.tolist() == [[True, True], [False, False]]


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 5))
def test_equals_a_naive_reference(seed: int, k: int, block_size: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-1, 4, size=(6, 8)).astype(np.float32)
    scores[scores < 0] = -np.inf
    pairs = np.argwhere(rng.random((6, 8)) < 0.3)
    seen = RowPairs.of(pairs[:, 0], pairs[:, 1], 6)
    popular = PopularList(rng.permutation(8), np.arange(8, 0, -1, dtype=np.float32))
    query_rows = rng.permutation(6)
    source = DenseSource(lambda rows: scores[rows])
    blocks = list(recommend(source, popular, seen, query_rows, k, block_size))
    found = np.concatenate([block.rows for block in blocks])
    for query, line in zip(query_rows, found, strict=True):
        left_out = {c for q, c in pairs if q == query}
        own = [c for c in range(8) if scores[query, c] != -np.inf and c not in left_out]
        own = sorted(own, key=lambda c: (-scores[query, c], c))
        rest = [c for c in popular.rows if c not in left_out and c not in own]
        assert [c for c in line if c >= 0] == (own + rest)[:k]


@pytest.mark.parametrize("factory", ["Flat", "HNSW32"])
def test_an_index_gives_what_exact_search_gives(factory: str) -> None:
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(30, 8)).astype(np.float32)
    queries[3] = 0
    candidates = rng.normal(size=(200, 8)).astype(np.float32)
    pairs = np.argwhere(rng.random((30, 200)) < 0.1)
    seen = RowPairs.of(pairs[:, 0], pairs[:, 1], 30)
    popular = PopularList(np.arange(200), np.zeros(200, dtype=np.float32))
    index = build_index(candidates, IndexConfig(factory=factory, ef_search=400))
    sources = (IndexSource(search_of(index), queries, 200), vector_source(queries, candidates))
    approximate, exact = (
        next(recommend(source, popular, seen, np.arange(30), 10)) for source in sources
    )
    assert (approximate.rows == exact.rows).all()
    assert (approximate.is_popular == exact.is_popular).all()
    assert exact.is_popular[3].all()
