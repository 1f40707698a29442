"""The one function that recommends, for evaluation and for serving alike."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.retrieval.sources import CandidateSource


@dataclass(frozen=True)
class PopularList:
    """All candidates, most popular first.

    Attributes:
        rows: int64 [C], each candidate row once.
        scores: float32 [C].
    """

    rows: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Ranking:
    """Ranked candidates of a block of queries; column 0 is rank 1.

    Attributes:
        query_rows: int64 [B].
        rows: int64 [B, k]; candidate rows, -1 at the end where candidates ran out.
        scores: float32 [B, k]; comparable within one source only.
        is_popular: bool [B, k]; filled up from the popular list.
    """

    query_rows: np.ndarray
    rows: np.ndarray
    scores: np.ndarray
    is_popular: np.ndarray


def recommend(
    source: CandidateSource | None,
    popular: PopularList,
    seen: RowPairs,
    query_rows: np.ndarray,
    k: int,
    block_size: int = 512,
) -> Iterator[Ranking]:
    """Ranks candidates for queries, block by block; scores are never kept whole.

    What the source does not fill, because it knows nothing of a query or proposes fewer
    than k, the popular list does.

    Args:
        source: Proposes candidates; None: the popular list alone.
        popular: Fills up.
        seen: RowPairs to leave out.
        query_rows: int64 [Q].
        k: Candidates per query, > 0.
        block_size: Queries ranked at a time.

    Yields:
        One ranking per block, in the order of ``query_rows``.
    """
    for start in range(0, len(query_rows), block_size):
        block = query_rows[start : start + block_size]
        if source is None:
            rows = np.full((len(block), k), -1, dtype=np.int64)
            scores = np.full((len(block), k), -np.inf, dtype=np.float32)
        else:
            rows, scores = source.search(block, k, seen)
        yield _fill(Ranking(block, rows, scores, rows < 0), popular, seen)


def _fill(ranking: Ranking, popular: PopularList, seen: RowPairs) -> Ranking:
    lacking = np.flatnonzero((ranking.rows < 0).any(axis=1))
    if len(lacking) == 0:
        return ranking
    have, num_candidates = ranking.rows[lacking], len(popular.rows)
    num_have = (have >= 0).sum(axis=1)
    in_block, seen_rows = seen.block(ranking.query_rows[lacking])
    most_seen = int(np.bincount(in_block, minlength=1).max())
    offered = popular.rows[: have.shape[1] + most_seen]
    # A candidate that fills a gap was neither seen nor chosen; k + most_seen offers suffice.
    base = np.arange(len(lacking))[:, None] * num_candidates
    taken = np.concatenate([in_block * num_candidates + seen_rows, (base + have)[have >= 0]])
    free = ~np.isin(base + offered, taken)
    places = num_have[:, None] + np.cumsum(free, axis=1) - 1
    query, offer = np.nonzero(free & (places < have.shape[1]))
    place = places[query, offer]
    rows, scores = ranking.rows.copy(), ranking.scores.copy()
    rows[lacking[query], place] = offered[offer]
    scores[lacking[query], place] = popular.scores[offer]
    return Ranking(ranking.query_rows, rows, scores, ranking.is_popular & (rows >= 0))
