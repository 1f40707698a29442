"""Sources that a shard holds: what they give is what the scores behind them give."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.recommend import recommend
from graphrec_core.retrieval.sources import (
    CandidateSource,
    DenseSource,
    ListSource,
    Proposer,
    TableSource,
)
from graphrec_core.retrieval.topk import top_k

NUM_QUERIES, NUM_CANDIDATES = 7, 9


def random_scores(rng: np.random.Generator) -> np.ndarray:
    """Scores with ties; some candidates are not proposed, one query gets nothing."""
    scores = rng.integers(-2, 4, (NUM_QUERIES, NUM_CANDIDATES)).astype(np.float32)
    scores[scores < 0] = -np.inf
    scores[rng.integers(NUM_QUERIES)] = -np.inf
    return scores


def random_pairs(rng: np.random.Generator) -> RowPairs:
    pairs = np.argwhere(rng.random((NUM_QUERIES, NUM_CANDIDATES)) < 0.3)
    return RowPairs.of(pairs[:, 0], pairs[:, 1], NUM_QUERIES)


def table_of(scores: np.ndarray, depths: np.ndarray, rng: np.random.Generator) -> TableSource:
    """The best ``depths[q]`` candidates of each query q; queries come in any order."""
    query, rank, candidate, score = [], [], [], []
    for row in rng.permutation(len(scores)):
        rows, best = top_k(scores[row : row + 1], int(depths[row]))
        for place in np.flatnonzero(rows[0] >= 0):
            query.append(row)
            rank.append(place)
            candidate.append(rows[0, place])
            score.append(best[0, place])
    columns = (np.array(query, dtype=np.int64), np.array(candidate, dtype=np.int64))
    return TableSource.of(*columns, np.array(score), len(scores))


def assert_same(one: CandidateSource, other: CandidateSource, seen: RowPairs, k: int) -> None:
    queries = np.random.default_rng(0).permutation(NUM_QUERIES)
    for found, expected in zip(
        one.search(queries, k, seen), other.search(queries, k, seen), strict=True
    ):
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()


@given(seed=st.integers(0, 10_000), n=st.integers(1, 8), is_seen_left_out=st.booleans())
def test_a_table_gives_what_the_scores_give(*, seed: int, n: int, is_seen_left_out: bool) -> None:
    """At every depth up to n, whether what was seen is left out (`include_seen`) or not."""
    rng = np.random.default_rng(seed)
    scores, seen = random_scores(rng), random_pairs(rng)
    table = table_of(scores, n + seen.counts, rng)
    assert table.known.tolist() == np.isfinite(scores).any(axis=1).tolist()
    left_out = seen if is_seen_left_out else RowPairs.none(NUM_QUERIES)
    dense = DenseSource(lambda rows: scores[rows])
    for k in range(1, n + 1):
        assert_same(table, dense, left_out, k)


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_a_table_that_is_not_deep_enough_gives_what_it_has(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    scores, seen = random_scores(rng), random_pairs(rng)
    table = table_of(scores, np.full(NUM_QUERIES, 3), rng)
    rows, found = table.search(np.arange(NUM_QUERIES), k, seen)
    for query in range(NUM_QUERIES):
        left_out = seen.indices[seen.indptr[query] : seen.indptr[query + 1]]
        best = [c for c in top_k(scores[query : query + 1], 3)[0][0] if c >= 0]
        expected = [c for c in best if c not in left_out][:k]
        assert rows[query].tolist() == expected + [-1] * (k - len(expected))
        assert np.isfinite(found[query]).sum() == len(expected)


def test_entries_of_unknown_queries_and_candidates_are_dropped() -> None:
    queries, candidates = np.array([1, -1, 1, 0, 1]), np.array([4, 2, -1, 3, 0])
    table = TableSource.of(queries, candidates, np.arange(5), 3)
    assert table.indptr.tolist() == [0, 1, 3, 3]
    assert (table.rows.tolist(), table.scores.tolist()) == ([3, 4, 0], [3, 0, 4])


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_a_list_gives_what_the_same_scores_for_all_give(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    counts, seen = rng.integers(0, 4, NUM_CANDIDATES).astype(np.float32), random_pairs(rng)
    rows = np.lexsort((np.arange(NUM_CANDIDATES), -counts))
    dense = DenseSource(lambda queries: np.tile(counts, (len(queries), 1)))
    assert_same(ListSource(rows, counts[rows]), dense, seen, k)


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 4))
def test_merged_lists_are_equal_too(seed: int, k: int, quota: int) -> None:
    """What evaluation merges from scores is what serving merges from tables and lists."""
    rng = np.random.default_rng(seed)
    scores, seen = random_scores(rng), random_pairs(rng)
    counts = np.arange(NUM_CANDIDATES, 0, -1, dtype=np.float32)
    popular = ListSource(np.arange(NUM_CANDIDATES), counts)
    dense = DenseSource(lambda queries: np.tile(counts, (len(queries), 1)))
    table = table_of(scores, quota + seen.counts, rng)
    evaluated = [Proposer("a", DenseSource(lambda rows: scores[rows]), quota)]
    evaluated.append(Proposer("b", dense, quota))
    served = [Proposer("a", table, quota), Proposer("b", popular, quota)]
    one, other = (
        next(recommend(each, ReciprocalRank(), popular, seen, np.arange(NUM_QUERIES), k))
        for each in (evaluated, served)
    )
    assert one.rows.tolist() == other.rows.tolist()
    assert one.scores.tolist() == other.scores.tolist()
    assert one.proposed_by.tolist() == other.proposed_by.tolist()
