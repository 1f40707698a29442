import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.config.index import IndexConfig
from graphrec_core.index.ann import build_index, from_bytes, to_bytes
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.recommend import Ranking, recommend
from graphrec_core.retrieval.sources import (
    CandidateSource,
    DenseSource,
    IndexSource,
    ListSource,
    Proposer,
    vector_source,
)

POPULAR = ListSource(np.array([2, 0, 1, 3]), np.array([9, 5, 4, 1], dtype=np.float32))
MERGE = ReciprocalRank()
NUM_QUERIES, NUM_CANDIDATES = 6, 8


def by_one(
    source: CandidateSource, popular: ListSource, seen: RowPairs, queries: np.ndarray, k: int
) -> Ranking:
    """The only block of an only source without a limit."""
    (ranking,) = recommend([Proposer("own", source, 1000)], MERGE, popular, seen, queries, k)
    return ranking


def test_the_only_source_first_then_popular_without_seen_or_repeated() -> None:
    scores = np.array([[-np.inf, 7.0, -np.inf, -np.inf], [1.0, 2.0, 3.0, 4.0]])
    seen = RowPairs.of(np.array([0, 1]), np.array([2, 3]), 2)
    ranking = by_one(DenseSource(lambda rows: scores[rows]), POPULAR, seen, np.arange(2), 3)
    assert ranking.rows.tolist() == [[1, 0, 3], [2, 1, 0]]
    assert ranking.scores.tolist() == [[7, 5, 1], [3, 2, 1]]
    assert ranking.proposed_by[:, :, 0].tolist() == [[True, False, False], [True, True, True]]
    assert ranking.is_popular.tolist() == [[False, True, True], [False, False, False]]


def test_candidates_can_run_out() -> None:
    seen = RowPairs.of(np.array([0, 0]), np.array([0, 2]), 1)
    (ranking,) = recommend([], MERGE, POPULAR, seen, np.array([0]), 4)
    assert ranking.rows.tolist() == [[1, 3, -1, -1]]
    assert ranking.is_popular.tolist() == [[True, True, False, False]]


def test_a_zero_vector_gets_the_popular_list() -> None:
    queries = np.array([[0.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    candidates = np.array([[3, 0], [2, 0], [1, 0], [0, 0]], dtype=np.float32)
    source = vector_source(queries, candidates)
    ranking = by_one(source, POPULAR, RowPairs.none(2), np.arange(2), 2)
    assert ranking.rows.tolist() == [[2, 0], [0, 1]]
    assert ranking.is_popular.tolist() == [[True, True], [False, False]]


def test_an_only_source_proposes_its_quota_and_keeps_its_scores() -> None:
    scores = np.array([[1.0, 2.0, 3.0, 4.0]])
    only = Proposer("own", DenseSource(lambda rows: scores[rows]), 2)
    (ranking,) = recommend([only], MERGE, POPULAR, RowPairs.none(1), np.array([0]), 4)
    assert ranking.rows.tolist() == [[3, 2, 0, 1]]
    assert ranking.scores.tolist() == [[4, 3, 5, 4]]
    assert ranking.is_popular.tolist() == [[False, False, True, True]]


def test_two_sources_are_merged_by_hand() -> None:
    """Query 0: first proposes 3, 2 (quota 2), second 2, 1; query 1: both know nothing."""
    first = np.array([[1.0, 2.0, 3.0, 4.0], [-np.inf] * 4])
    second = np.array([[-np.inf, 1.0, 5.0, -np.inf], [-np.inf] * 4])
    proposers = [
        Proposer("first", DenseSource(lambda rows: first[rows]), 2),
        Proposer("second", DenseSource(lambda rows: second[rows]), 300),
    ]
    (ranking,) = recommend(proposers, MERGE, POPULAR, RowPairs.none(2), np.arange(2), 4)
    assert ranking.names == ("first", "second")
    assert ranking.rows.tolist() == [[2, 3, 1, 0], [2, 0, 1, 3]]
    expected = np.array([1 / 61 + 1 / 62, 1 / 61, 1 / 62, 5], dtype=np.float32)
    assert ranking.scores[0].tolist() == expected.tolist()
    assert ranking.proposed_by[0].tolist() == [
        [True, True], [True, False], [False, True], [False, False],
    ]  # fmt: skip
    assert ranking.is_popular.tolist() == [[False, False, False, True], [True] * 4]


class World:
    """Random scores with ties and gaps, and random seen pairs."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.pairs = np.argwhere(self.rng.random((NUM_QUERIES, NUM_CANDIDATES)) < 0.3)
        self.seen = RowPairs.of(self.pairs[:, 0], self.pairs[:, 1], NUM_QUERIES)
        scores = np.arange(NUM_CANDIDATES, 0, -1, dtype=np.float32)
        self.popular = ListSource(self.rng.permutation(NUM_CANDIDATES), scores)
        self.query_rows = self.rng.permutation(NUM_QUERIES)

    def scores(self) -> np.ndarray:
        shape = (NUM_QUERIES, NUM_CANDIDATES)
        scores = self.rng.integers(-1, 4, size=shape).astype(np.float32)
        scores[scores < 0] = -np.inf
        return scores

    def proposals(self, scores: np.ndarray, query: int, quota: int) -> list[int]:
        """What a source proposes to a query: its best unseen candidates."""
        seen = {c for q, c in self.pairs if q == query}
        own = [c for c in range(NUM_CANDIDATES) if scores[query, c] != -np.inf and c not in seen]
        return sorted(own, key=lambda c: (-scores[query, c], c))[:quota]

    def filled(self, own: list[int], query: int, k: int) -> list[int]:
        seen = {c for q, c in self.pairs if q == query}
        rest = [c for c in self.popular.rows if c not in seen and c not in own]
        return (own + rest)[:k]


def dense(name: str, scores: np.ndarray, quota: int) -> Proposer:
    return Proposer(name, DenseSource(lambda rows: scores[rows]), quota)


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 5), st.integers(1, 9))
def test_one_source_equals_a_naive_reference(
    seed: int, k: int, block_size: int, quota: int
) -> None:
    world = World(seed)
    scores, rows = world.scores(), world.query_rows
    only = [dense("own", scores, quota)]
    blocks = list(recommend(only, MERGE, world.popular, world.seen, rows, k, block_size))
    found = np.concatenate([block.rows for block in blocks])
    for query, line in zip(rows, found, strict=True):
        own = world.proposals(scores, query, quota)
        assert [c for c in line if c >= 0] == world.filled(own, query, k)


@given(
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.integers(1, 5),
    st.lists(st.integers(1, 9), min_size=2, max_size=4),
)
def test_several_sources_equal_a_naive_reference(
    seed: int, k: int, block_size: int, quotas: list[int]
) -> None:
    world = World(seed)
    parts = [(world.scores(), quota) for quota in quotas]
    proposers = [dense(f"s{i}", *part) for i, part in enumerate(parts)]
    queries = iter(world.query_rows)
    for block in recommend(
        proposers, MERGE, world.popular, world.seen, world.query_rows, k, block_size
    ):
        for rows, scores, proposed_by in zip(
            block.rows, block.scores, block.proposed_by, strict=True
        ):
            query = next(queries)
            lists = [world.proposals(part, query, quota) for part, quota in parts]
            points = {
                c: sum(sorted(1 / (61 + one.index(c)) for one in lists if c in one))
                for c in set().union(*lists)
            }
            own = sorted(points, key=lambda c: (-points[c], c))
            expected = world.filled(own, query, k)
            assert [c for c in rows if c >= 0] == expected
            for place, candidate in enumerate(expected):
                assert proposed_by[place].tolist() == [candidate in one for one in lists]
                if candidate in points:
                    assert scores[place] == np.float32(points[candidate])
            assert not proposed_by[len(expected) :].any()


@given(st.integers(0, 10_000), st.integers(1, 11), st.integers(1, 3), st.integers(1, 9))
def test_the_first_of_a_longer_list_are_the_shorter_one(
    seed: int, k: int, num_sources: int, quota: int
) -> None:
    world = World(seed)
    proposers = [dense(f"s{i}", world.scores(), quota) for i in range(num_sources)]
    short, long = (
        next(recommend(proposers, MERGE, world.popular, world.seen, world.query_rows, depth))
        for depth in (k, 12)
    )
    assert long.rows[:, :k].tolist() == short.rows.tolist()
    assert long.scores[:, :k].tolist() == short.scores.tolist()
    assert long.proposed_by[:, :k].tolist() == short.proposed_by.tolist()


@pytest.mark.parametrize("factory", ["Flat", "HNSW32"])
def test_an_index_gives_what_exact_search_gives(factory: str) -> None:
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(30, 8)).astype(np.float32)
    queries[3] = 0
    candidates = rng.normal(size=(200, 8)).astype(np.float32)
    pairs = np.argwhere(rng.random((30, 200)) < 0.1)
    seen = RowPairs.of(pairs[:, 0], pairs[:, 1], 30)
    popular = ListSource(np.arange(200), np.zeros(200, dtype=np.float32))
    index = build_index(candidates, IndexConfig(factory=factory, ef_search=400))
    sources = (IndexSource(index, queries), vector_source(queries, candidates))
    approximate, exact = (by_one(one, popular, seen, np.arange(30), 10) for one in sources)
    assert (approximate.rows == exact.rows).all()
    assert (approximate.is_popular == exact.is_popular).all()
    assert exact.is_popular[3].all()


@pytest.mark.parametrize("dim", [8, 64, 300])
def test_scores_of_vectors_do_not_depend_on_the_block(dim: int) -> None:
    """Nor on who searches them: a shard's exact index has what was judged, to the last bit."""
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(600, dim)).astype(np.float32)
    candidates = rng.normal(size=(400, dim)).astype(np.float32)
    nothing_seen = RowPairs.none(600)
    judged = vector_source(queries, candidates).search(np.arange(600), 50, nothing_seen)
    stored = from_bytes(to_bytes(build_index(candidates, IndexConfig())))
    for row in range(0, 600, 20):
        rows, scores = IndexSource(stored, queries).search(np.array([row]), 50, nothing_seen)
        assert rows[0].tolist() == judged[0][row].tolist()
        assert scores[0].tolist() == judged[1][row].tolist()
