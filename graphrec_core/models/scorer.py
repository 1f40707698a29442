"""What a scorer is: it scores every candidate for a query without giving nodes vectors."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from graphrec_core.axes.rows import id_array, rows_of


@dataclass(frozen=True)
class Interactions:
    """Who met what in one view.

    Attributes:
        matrix: CSR float32 [Q, X] of ones, or of weights; the first rows are the queries asked
            for, then everybody else; the first columns are the candidates, then everything else.
        num_candidates: How many columns are candidates.
    """

    matrix: sp.csr_array
    num_candidates: int


@dataclass(frozen=True)
class ScorerInputs:
    """What a scorer may learn from: the pairs of one view.

    Attributes:
        pairs: src, dst, last_event_time, weight, a row per pair.
        query_ids: The queries that will be asked for, distinct.
        candidate_ids: The candidates, distinct and in id order.
        instant: The view's instant.
    """

    pairs: pa.Table
    query_ids: pa.Array
    candidate_ids: pa.Array
    instant: datetime

    @cached_property
    def interactions(self) -> Interactions:
        """Those of all time."""
        return self._of(self.pairs)

    @cached_property
    def weighted(self) -> Interactions:
        """The same with the weights of the pairs; a pair of weight 0 is none."""
        return self._of(self.pairs, weighted=True)

    def all_time(self, *, weighted: bool) -> Interactions:
        """Those of all time, as a scorer's setting has it.

        Args:
            weighted: Whether a pair has its weight; else all count the same.
        """
        return self.weighted if weighted else self.interactions

    def recent(self, days: int, *, weighted: bool = False) -> Interactions:
        """Those of the last days, with the same rows and candidates first.

        Queries are counted exactly, though events are aggregated to pairs.

        Args:
            days: A pair is recent if its last event is at or after ``instant`` less these.
            weighted: Whether a pair has its weight, of all its events; else all count the same.
        """
        first = self.instant - timedelta(days=days)
        since = pa.scalar(first, pa.timestamp("us", tz="UTC"))
        recent = self.pairs.filter(pc.greater_equal(self.pairs["last_event_time"], since))
        return self._of(recent, weighted=weighted)

    def _of(self, pairs: pa.Table, *, weighted: bool = False) -> Interactions:
        weights = pairs["weight"] if weighted else None
        ends = pairs["src"], pairs["dst"]
        found = interactions_of(*ends, self.query_ids, self.candidate_ids, weights)
        if weighted:
            found.matrix.eliminate_zeros()
        return found


class Scorer(Protocol):
    """A recommender that scores candidates directly; it is made of its settings."""

    def fit(self, inputs: ScorerInputs) -> None:
        """Learns from the pairs of a view."""
        ...

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Scores all candidates for a block of queries.

        Args:
            query_rows: int64 [B], rows of the interactions' matrix.

        Returns:
            A new array, float32 [B, C]; -inf for candidates that it does not propose.
        """
        ...


@runtime_checkable
class QueryFreeScorer(Protocol):
    """A scorer whose ranking is the same for every query, also for one that nobody knows."""

    def fit(self, inputs: ScorerInputs) -> None:
        """Learns from the pairs of a view."""
        ...

    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """Ranks all candidates.

        Returns:
            Candidate rows int64 [C], best first; their scores float32 [C].
        """
        ...


def degree_scale(degrees: np.ndarray, exponent: float) -> sp.dia_array:
    """Returns ``D^-exponent`` as a diagonal matrix; a node without a neighbour has 1."""
    return sp.diags_array(np.where(degrees > 0, degrees, 1).astype(np.float64) ** -exponent)


def interactions_of(
    src: pa.ChunkedArray,
    dst: pa.ChunkedArray,
    query_ids: pa.Array,
    candidate_ids: pa.Array,
    weights: pa.ChunkedArray | None = None,
) -> Interactions:
    """Builds the matrix of distinct (src, dst) pairs.

    Args:
        src: Query ids of a view's pairs.
        dst: Candidate ids of the same pairs; ids that are no candidates still connect.
        query_ids: The queries that will be asked for, distinct.
        candidate_ids: The candidates, distinct.
        weights: Of the same pairs, not negative; None: the matrix is one of ones.
    """
    query_axis = _extended(query_ids, src)
    candidate_axis = _extended(candidate_ids, dst)
    rows, columns = rows_of(src, query_axis), rows_of(dst, candidate_axis)
    shape = (len(query_axis), len(candidate_axis))
    values = np.ones(len(rows)) if weights is None else weights.to_numpy()
    matrix = sp.csr_array((values.astype(np.float32), (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    if weights is None:
        matrix.data[:] = 1
    return Interactions(matrix, len(candidate_ids))


def _extended(first: pa.Array, others: pa.ChunkedArray) -> pa.Array:
    return pc.unique(pa.concat_arrays([id_array(first), id_array(others)]))
