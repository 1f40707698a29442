"""Where candidates come from: exact inner products, an index, a scorer's dense scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.retrieval.topk import top_k


class CandidateSource(Protocol):
    """Proposes the best unseen candidates for a block of queries."""

    def search(
        self, query_rows: np.ndarray, k: int, seen: RowPairs
    ) -> tuple[np.ndarray, np.ndarray]:
        """Proposes up to k candidates a query.

        Returns:
            Candidate rows int64 [B, k], best first, -1 at the end where there are fewer;
            scores float32 [B, k], -inf there.
        """
        ...


@dataclass(frozen=True)
class DenseSource:
    """Candidates by dense scores, such as a scorer's.

    Attributes:
        scores: Query rows [B] -> scores [B, C], a new array; -inf: not proposed.
    """

    scores: Callable[[np.ndarray], np.ndarray]

    def search(
        self, query_rows: np.ndarray, k: int, seen: RowPairs
    ) -> tuple[np.ndarray, np.ndarray]:
        """See ``CandidateSource``."""
        scores = self.scores(query_rows)
        scores[seen.block(query_rows)] = -np.inf
        return top_k(scores, k)


def vector_source(queries: np.ndarray, candidates: np.ndarray) -> DenseSource:
    """Candidates by exact inner product.

    Scores do not depend on the number of cores: blocks of queries have a fixed size, and BLAS
    runs on one thread (``OMP_NUM_THREADS`` and ``OPENBLAS_NUM_THREADS``, which the command line
    sets before numpy is loaded). More threads may change the last bits, and so the order of near
    ties.

    Args:
        queries: float32 [Q, d]; a zero vector means that the model knows nothing of the query.
        candidates: float32 [C, d].
    """

    def scores(query_rows: np.ndarray) -> np.ndarray:
        vectors = queries[query_rows]
        scores: np.ndarray = vectors @ candidates.T
        scores[~vectors.any(axis=1)] = -np.inf
        return scores

    return DenseSource(scores)


@dataclass(frozen=True)
class IndexSource:
    """Candidates by an index's search function.

    Attributes:
        index_search: (vectors [B, d], k) -> rows [B, k] (-1: none), scores [B, k].
        queries: float32 [Q, d]; a zero vector means that the model knows nothing of the query.
        num_candidates: Candidates in the index.
    """

    index_search: Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
    queries: np.ndarray
    num_candidates: int

    def search(
        self, query_rows: np.ndarray, k: int, seen: RowPairs
    ) -> tuple[np.ndarray, np.ndarray]:
        """See ``CandidateSource``; searches deep enough to drop what was seen."""
        vectors = self.queries[query_rows]
        in_block, seen_rows = seen.block(query_rows)
        most_seen = int(np.bincount(in_block, minlength=1).max())
        rows, scores = self.index_search(vectors, min(self.num_candidates, k + most_seen))
        keys = np.arange(len(rows))[:, None] * self.num_candidates + rows
        is_seen = np.isin(keys, in_block * self.num_candidates + seen_rows)
        unusable = (rows < 0) | is_seen | ~vectors.any(axis=1, keepdims=True)
        return _best(np.where(unusable, -1, rows), np.where(unusable, -np.inf, scores), k)


def _best(rows: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((rows, -scores), axis=-1)[:, :k]
    best_rows = np.full((len(rows), k), -1, dtype=np.int64)
    best_scores = np.full((len(rows), k), -np.inf, dtype=np.float32)
    best_rows[:, : order.shape[1]] = np.take_along_axis(rows, order, axis=1)
    best_scores[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    return best_rows, best_scores
