"""Where candidates come from: an index, a table per query, one list, or exact scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.index.ann import Index, exact_index, search_of
from graphrec_core.retrieval.proposals import Proposals, nothing
from graphrec_core.retrieval.topk import top_k


class CandidateSource(Protocol):
    """Proposes the best unseen candidates for a block of queries."""

    def search(self, query_rows: np.ndarray, k: int, seen: RowPairs) -> Proposals:
        """Proposes up to k candidates a query."""
        ...


@dataclass(frozen=True)
class Proposer:
    """A named part of the recommender.

    Attributes:
        name: As the configuration and the answers have it.
        source: Where its candidates come from.
        quota: The most unseen candidates it proposes per query.
    """

    name: str
    source: CandidateSource
    quota: int


@dataclass(frozen=True)
class DenseSource:
    """Candidates by dense scores, such as a scorer's.

    Attributes:
        scores: Query rows [B] -> scores [B, C], a new array; -inf: not proposed.
    """

    scores: Callable[[np.ndarray], np.ndarray]

    def search(self, query_rows: np.ndarray, k: int, seen: RowPairs) -> Proposals:
        """See ``CandidateSource``."""
        scores = self.scores(query_rows)
        scores[seen.block(query_rows)] = -np.inf
        return top_k(scores, k)


@dataclass(frozen=True)
class IndexSource:
    """Candidates by an index over their vectors.

    Attributes:
        index: The index, in row order of the candidates.
        queries: float32 [Q, d]; a zero vector means that the model knows nothing of the query.
    """

    index: Index
    queries: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Which queries it knows something of, bool [Q]."""
        return np.asarray(self.queries.any(axis=1))

    def search(self, query_rows: np.ndarray, k: int, seen: RowPairs) -> Proposals:
        """See ``CandidateSource``; searches deep enough to drop what was seen."""
        vectors, num_candidates = self.queries[query_rows], self.index.ntotal
        in_block, seen_rows = seen.block(query_rows)
        most_seen = int(np.bincount(in_block, minlength=1).max())
        found, scores = search_of(self.index)(vectors, min(num_candidates, k + most_seen))
        keys = np.arange(len(found))[:, None] * num_candidates + found
        is_seen = np.isin(keys, in_block * num_candidates + seen_rows)
        unusable = (found < 0) | is_seen | ~vectors.any(axis=1, keepdims=True)
        return _best(np.where(unusable, -1, found), np.where(unusable, -np.inf, scores), k)


def vector_source(queries: np.ndarray, candidates: np.ndarray) -> IndexSource:
    """Candidates by exact inner product, to the last bit as a shard's exact index has them.

    Args:
        queries: float32 [Q, d]; a zero vector means that the model knows nothing of the query.
        candidates: float32 [C, d], all finite.
    """
    return IndexSource(exact_index(candidates), queries)


@dataclass(frozen=True)
class TableSource:
    """Candidates by a table of the best of each query, such as a scorer's.

    What was seen is left out when the table is read. Where it is ``k`` plus a query's number of
    seen candidates deep, it gives what the scorer's own scores give.

    Attributes:
        indptr: int64 [Q + 1]; the candidates of query row ``q`` stand at
            ``indptr[q]:indptr[q + 1]``, best first.
        rows: int32 [num_entries]; candidate rows, each at most once per query.
        scores: float32 [num_entries].
    """

    indptr: np.ndarray
    rows: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(
        cls,
        query_rows: np.ndarray,
        candidate_rows: np.ndarray,
        scores: np.ndarray,
        num_queries: int,
    ) -> Self:
        """Builds a source of entries; a negative row on either side drops the entry.

        Args:
            query_rows: int [num_entries]; of one query's entries the best comes first.
            candidate_rows: int [num_entries].
            scores: float [num_entries].
            num_queries: Queries of the axis.
        """
        known = np.flatnonzero((query_rows >= 0) & (candidate_rows >= 0))
        known = known[np.argsort(query_rows[known], kind="stable")]
        counts = np.bincount(query_rows[known], minlength=num_queries)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(
            indptr, candidate_rows[known].astype(np.int32), scores[known].astype(np.float32)
        )

    @property
    def known(self) -> np.ndarray:
        """Which queries it knows something of, bool [Q]."""
        return np.diff(self.indptr) > 0

    def search(self, query_rows: np.ndarray, k: int, seen: RowPairs) -> Proposals:
        """See ``CandidateSource``; reads deep enough to drop what was seen."""
        in_block, seen_rows = seen.block(query_rows)
        num_seen = np.bincount(in_block, minlength=len(query_rows))
        starts, ends = self.indptr[query_rows], self.indptr[query_rows + 1]
        lengths = np.minimum(ends - starts, k + num_seen)
        query = np.repeat(np.arange(len(query_rows)), lengths)
        begins = np.cumsum(lengths) - lengths
        entries = np.arange(len(query)) + np.repeat(starts - begins, lengths)
        rows = self.rows[entries].astype(np.int64)
        width = int(max(rows.max(initial=0), seen_rows.max(initial=0))) + 1
        free = ~np.isin(query * width + rows, in_block * width + seen_rows)
        num_free = np.concatenate([[0], np.cumsum(free)])
        places = num_free[:-1] - np.repeat(num_free[begins], lengths)
        chosen = np.flatnonzero(free & (places < k))
        found = nothing(len(query_rows), k)
        found[0][query[chosen], places[chosen]] = rows[chosen]
        found[1][query[chosen], places[chosen]] = self.scores[entries[chosen]]
        return found


@dataclass(frozen=True)
class ListSource:
    """The same candidates for every query, known or not; also what fills up lists.

    Attributes:
        rows: int64 [C], each candidate row once, best first.
        scores: float32 [C].
    """

    rows: np.ndarray
    scores: np.ndarray

    def search(self, query_rows: np.ndarray, k: int, seen: RowPairs) -> Proposals:
        """See ``CandidateSource``; asks nothing about the queries but what they have seen."""
        return self.fill(nothing(len(query_rows), k), query_rows, seen)

    def fill(self, found: Proposals, query_rows: np.ndarray, seen: RowPairs) -> Proposals:
        """Fills the free places at the end with what was neither seen nor found.

        Args:
            found: What other sources proposed.
            query_rows: int64 [B], the queries of those rows.
            seen: Pairs to leave out.
        """
        lacking = np.flatnonzero((found[0] < 0).any(axis=1))
        if len(lacking) == 0:
            return found
        have, k = found[0][lacking], found[0].shape[1]
        in_block, seen_rows = seen.block(query_rows[lacking])
        most_seen = int(np.bincount(in_block, minlength=1).max())
        offered = self.rows[: k + most_seen]  # k of these are left for whoever has seen most
        base = np.arange(len(lacking))[:, None] * len(self.rows)
        taken = np.concatenate([in_block * len(self.rows) + seen_rows, (base + have)[have >= 0]])
        free = ~np.isin(base + offered, taken)
        places = (have >= 0).sum(axis=1)[:, None] + np.cumsum(free, axis=1) - 1
        query, offer = np.nonzero(free & (places < k))
        place = places[query, offer]
        rows, scores = found[0].copy(), found[1].copy()
        rows[lacking[query], place] = offered[offer]
        scores[lacking[query], place] = self.scores[offer]
        return rows, scores


def _best(rows: np.ndarray, scores: np.ndarray, k: int) -> Proposals:
    order = np.lexsort((rows, -scores), axis=-1)[:, :k]
    best_rows, best_scores = nothing(len(rows), k)
    best_rows[:, : order.shape[1]] = np.take_along_axis(rows, order, axis=1)
    best_scores[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    return best_rows, best_scores
