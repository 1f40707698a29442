"""The one function that recommends, for evaluation and for serving alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.retrieval.proposals import nothing
from graphrec_core.retrieval.ranker import Merged, Ranker, ReciprocalRank, own_order
from graphrec_core.retrieval.sources import ListSource, Proposer

POPULAR = "popular"
"""What is said to have proposed a candidate where the popular list filled up."""


@dataclass(frozen=True)
class Ranking:
    """Ranked candidates of a block of queries; column 0 is rank 1.

    Attributes:
        query_rows: int64 [B].
        rows: int64 [B, k]; candidate rows, -1 at the end where candidates ran out.
        scores: float32 [B, k]; comparable among the candidates that sources proposed, and among
            those that filled up.
        names: The S proposers.
        proposed_by: bool [B, k, S]; which proposers proposed each candidate; none of them where
            the popular list filled up.
    """

    query_rows: np.ndarray
    rows: np.ndarray
    scores: np.ndarray
    names: tuple[str, ...]
    proposed_by: np.ndarray

    @property
    def is_popular(self) -> np.ndarray:
        """Which places the popular list filled, bool [B, k]."""
        filled: np.ndarray = (self.rows >= 0) & ~self.proposed_by.any(axis=2)
        return filled


def recommend(
    proposers: Sequence[Proposer],
    ranker: Ranker,
    popular: ListSource,
    seen: RowPairs,
    query_rows: np.ndarray,
    k: int,
    block_size: int = 512,
) -> Iterator[Ranking]:
    """Ranks candidates for queries, block by block; scores are never kept whole.

    An only proposer's own order and scores stay, unless the ranker is a learned one. Several are
    each searched to their quota, whatever k is, so that the first of a longer list are the shorter
    one, and merged. What they do not fill, because they know nothing of a query or propose fewer
    than k, the popular list does.

    Args:
        proposers: Propose candidates; none: the popular list alone.
        ranker: Merges what several propose.
        popular: All candidates, most popular first; fills up.
        seen: Pairs to leave out.
        query_rows: int64 [Q].
        k: Candidates per query, > 0.
        block_size: Queries ranked at a time.

    Yields:
        One ranking per block, in the order of ``query_rows``.
    """
    names = tuple(one.name for one in proposers)
    for start in range(0, len(query_rows), block_size):
        block = query_rows[start : start + block_size]
        merged = _merged(proposers, ranker, seen, block, k)
        rows, scores = popular.fill((merged.rows, merged.scores), block, seen)
        yield Ranking(block, rows, scores, names, merged.proposed_by)


def _merged(
    proposers: Sequence[Proposer], ranker: Ranker, seen: RowPairs, block: np.ndarray, k: int
) -> Merged:
    if not proposers:
        return Merged(*nothing(len(block), k), np.zeros((len(block), k, 0), dtype=bool))
    if len(proposers) == 1 and isinstance(ranker, ReciprocalRank):
        (only,) = proposers
        return own_order(only.source.search(block, min(k, only.quota), seen), k)
    proposals = [one.source.search(block, one.quota, seen) for one in proposers]
    return ranker.merge(block, proposals, k)
