"""Distinct (query, candidate) pairs by query row: what was seen, what is wanted."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from graphrec_core.axes.rows import own_pairs, rows_of


def distinct(keys: np.ndarray) -> np.ndarray:
    """Sorts keys that are not negative, int64 [N], and keeps each once.

    On so many of them ``numpy.unique``, which hashes them, takes ten times as long.
    """
    found = np.sort(keys, kind="stable")
    return found[np.diff(found, prepend=-1) != 0]


@dataclass(frozen=True)
class RowPairs:
    """RowPairs in compressed rows.

    Attributes:
        indptr: int64 [num_queries + 1]; the pairs of query row ``q`` stand at
            ``indptr[q]:indptr[q + 1]``.
        indices: int64 [num_pairs]; candidate rows, ascending within a query.
    """

    indptr: np.ndarray
    indices: np.ndarray

    @classmethod
    def of(cls, query_rows: np.ndarray, candidate_rows: np.ndarray, num_queries: int) -> Self:
        """Builds the pairs; a negative row on either side drops the pair, equal pairs merge."""
        known = (query_rows >= 0) & (candidate_rows >= 0)
        candidates = candidate_rows[known].astype(np.int64)
        width = int(candidates.max(initial=0)) + 1
        keys = distinct(query_rows[known].astype(np.int64) * width + candidates)
        counts = np.bincount(keys // width, minlength=num_queries)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(indptr, keys % width)

    @classmethod
    def none(cls, num_queries: int) -> Self:
        """Builds no pairs at all."""
        return cls(np.zeros(num_queries + 1, dtype=np.int64), np.zeros(0, dtype=np.int64))

    @property
    def counts(self) -> np.ndarray:
        """Number of pairs per query row, int64 [num_queries]."""
        return np.diff(self.indptr)

    def block(self, query_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the pairs of some queries.

        Returns:
            Positions within ``query_rows`` and candidate rows, both int64 [num_pairs_of_block].
        """
        starts = self.indptr[query_rows]
        lengths = self.indptr[query_rows + 1] - starts
        # No loop over queries: each pair's place is its query's start plus its number within it.
        in_block = np.repeat(np.arange(len(query_rows)), lengths)
        # Where the query's pairs begin in the block, so that counting starts anew with each query.
        first = np.repeat(np.cumsum(lengths) - lengths, lengths)
        positions = np.arange(len(in_block)) - first + np.repeat(starts, lengths)
        return in_block, self.indices[positions]


def never_shown(
    pairs: pa.Table, queries: pa.Array, candidates: pa.Array, *, peers: bool, seen: bool
) -> RowPairs:
    """Returns what no query is recommended: itself and, if the task says so, what it has seen.

    Args:
        pairs: src, dst: a view's pairs of the task's edge type.
        queries: Ids of the query nodes.
        candidates: Ids of the candidates.
        peers: Whether both are of one node type.
        seen: Whether what a query has seen is left out.
    """
    left, right = own_pairs(queries, candidates, peers=peers)
    if seen:
        left = np.concatenate([left, rows_of(pairs["src"], queries)])
        right = np.concatenate([right, rows_of(pairs["dst"], candidates)])
    return RowPairs.of(left, right, len(queries))
