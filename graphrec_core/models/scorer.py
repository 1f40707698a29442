"""What a scorer is: it scores every candidate for a query without giving nodes vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from graphrec_core.axes.cells import matrix_of
from graphrec_core.axes.rows import id_array, rows_of
from graphrec_core.config.model import PairsConfig
from graphrec_core.types import DAY_US


@dataclass(frozen=True)
class Interactions:
    """Who met what in one view.

    Attributes:
        matrix: CSR float32 [Q, X] of what pairs count; the first rows are the queries asked
            for, then everybody else; the first columns are the candidates, then everything else.
        num_candidates: How many columns are candidates.
    """

    matrix: sp.csr_array
    num_candidates: int


class ViewTables(Protocol):
    """What a view holds beside the pairs of the task."""

    def nodes(self, columns: Sequence[str]) -> pa.Table:
        """Returns the nodes of the candidates' type.

        Args:
            columns: What is read beside ``node_id``.

        Raises:
            ConfigError: The nodes lack a column.
        """
        ...

    def edges(self, etype: str) -> pa.Table:
        """Returns the pairs of an edge type, ``TASK_PAIRS``."""
        ...

    def pairs_of_all_regions(self) -> pa.Table:
        """Returns the task's pairs of every region of the snapshot, each once, ``TASK_PAIRS``."""
        ...


@dataclass(frozen=True)
class ScorerInputs:
    """What a scorer may learn from: the pairs of one view.

    Attributes:
        pairs: ``TASK_PAIRS``, a row per pair; a scorer that asks for no more may have fewer.
        query_ids: The queries that will be asked for, distinct.
        candidate_ids: The candidates, distinct and in id order.
        instant: The view's instant.
        tables: What else the view holds; None where a scorer of pairs alone is fitted.
    """

    pairs: pa.Table
    query_ids: pa.Array
    candidate_ids: pa.Array
    instant: datetime
    tables: ViewTables | None = None

    @property
    def view(self) -> ViewTables:
        """What the view holds beside the pairs."""
        if self.tables is None:
            raise TypeError("this scorer needs the tables of the view")
        return self.tables

    @cached_property
    def interactions(self) -> Interactions:
        """The region's of all time, each pair a one."""
        return self._of(self.pairs, None)

    def all_time(self, counting: PairsConfig) -> Interactions:
        """Those of all time.

        Args:
            counting: Whose pairs (``scope``), and what a pair counts: 1 or its weight, times
                ``.5 ** (age / half life)`` where there is a half-life, by the age of its last
                event. A pair that counts nothing is none.
        """
        if counting.scope == "region" and not (counting.weighted or counting.half_life_days):
            return self.interactions
        pairs = self._pairs_of(counting)
        return self._of(pairs, self._counted(pairs, counting))

    def recent(self, days: int, counting: PairsConfig) -> Interactions:
        """Those of the last days, with the same rows and candidates first.

        Queries are counted exactly, though events are aggregated to pairs. A pair has the weight
        of all its events.

        Args:
            days: A pair is recent if its last event is at or after ``instant`` less these.
            counting: Whose pairs, and what a pair counts, see ``all_time``.
        """
        pairs = self._pairs_of(counting)
        first = self.instant - timedelta(days=days)
        since = pa.scalar(first, pa.timestamp("us", tz="UTC"))
        recent = pairs.filter(pc.greater_equal(pairs["last_event_time"], since))
        return self._of(recent, self._counted(recent, counting))

    def _pairs_of(self, counting: PairsConfig) -> pa.Table:
        return self.view.pairs_of_all_regions() if counting.scope == "global" else self.pairs

    def _of(self, pairs: pa.Table, values: np.ndarray | None) -> Interactions:
        ends = pairs["src"], pairs["dst"]
        return interactions_of(*ends, self.query_ids, self.candidate_ids, values)

    def _counted(self, pairs: pa.Table, counting: PairsConfig) -> np.ndarray | None:
        values = pairs["weight"].to_numpy() if counting.weighted else None
        if counting.half_life_days:
            kept = kept_of(self.ages(pairs), counting.half_life_days)
            values = kept if values is None else values * kept
        return values

    def ages(self, pairs: pa.Table, column: str = "last_event_time") -> np.ndarray:
        """Returns the days since each pair's last or first event, float64 [num_pairs]."""
        end = pa.scalar(self.instant, pa.timestamp("us", tz="UTC")).value
        return (end - pairs[column].cast(pa.int64()).to_numpy()) / DAY_US


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


def kept_of(ages: np.ndarray, half_life_days: float) -> np.ndarray:
    """Returns what pairs of these ages count: ``.5 ** (age / half life)``, 1 without a decay."""
    return 0.5 ** (ages / half_life_days) if half_life_days else np.ones(len(ages))


def degree_scale(degrees: np.ndarray, exponent: float) -> sp.dia_array:
    """Returns ``D^-exponent`` as a diagonal matrix; a node without a neighbour has 1."""
    return sp.diags_array(np.where(degrees > 0, degrees, 1).astype(np.float64) ** -exponent)


def interactions_of(
    src: pa.ChunkedArray,
    dst: pa.ChunkedArray,
    query_ids: pa.Array,
    candidate_ids: pa.Array,
    values: np.ndarray | None = None,
) -> Interactions:
    """Builds the matrix of distinct (src, dst) pairs.

    Args:
        src: Query ids of a view's pairs.
        dst: Candidate ids of the same pairs; ids that are no candidates still connect.
        query_ids: The queries that will be asked for, distinct.
        candidate_ids: The candidates, distinct.
        values: What the same pairs count, not negative; a pair of 0 is none. None: the matrix is
            one of ones.
    """
    query_axis = extended(query_ids, src)
    candidate_axis = extended(candidate_ids, dst)
    rows, columns = rows_of(src, query_axis), rows_of(dst, candidate_axis)
    shape = (len(query_axis), len(candidate_axis))
    given = np.ones(len(rows)) if values is None else values
    matrix = matrix_of(rows, columns, given.astype(np.float32), shape)
    matrix.sum_duplicates()
    if values is None:
        matrix.data[:] = 1
    else:
        matrix.eliminate_zeros()
    return Interactions(matrix, len(candidate_ids))


def extended(first: pa.Array, others: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Returns an axis of distinct ids: ``first``, then those of the others that are not there."""
    return pc.unique(pa.concat_arrays([id_array(first), id_array(others)]))
