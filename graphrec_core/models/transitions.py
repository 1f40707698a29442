"""Transitions: what is met after this within one session."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from graphrec_core.axes.cells import matrix_of
from graphrec_core.axes.least import least
from graphrec_core.axes.rows import rows_of
from graphrec_core.config.model import TransitionsConfig
from graphrec_core.models.scorer import ScorerInputs, extended, kept_of

HOUR_US = 3_600_000_000
MAX_AFTER = 50
"""What follows in a session that one candidate is counted with: bounds the cost of long ones."""


class Transitions:
    """Directed co-visitation within a session, and short walks over it.

    The video graph of Davidson et al. (RecSys 2010): c_ij counts the queries that met i and then
    j for the first time within ``session_hours``, each by its age; related are

        r(i, j) = c_ij / c_j ** alpha,   R_i = the ``per_seed`` greatest

    and T has them as rows that sum to 1. Candidates are what walks of one or two steps reach
    from the query's last ``num_seeds`` candidates, its seeds, which are the row w:

        s = w T + damping * w T T

    computed exactly, not sampled. A query without history starts from a node of its own, whose
    row in T is the share of each candidate among the first that queries met.
    ``docs/decisions`` says where this departs from the paper.

    Args:
        config: Its settings.
    """

    def __init__(self, config: TransitionsConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Counts the transitions, and finds the seeds of each query."""
        visits = _Visits.of(inputs, self.config.half_life_days)
        related = _greatest(self._related(visits), self.config.per_seed)
        rows = sp.vstack([related, sp.csr_array(visits.first()[None])])
        total = np.asarray(rows.sum(axis=1)).ravel()
        self._steps = sp.csr_array(sp.diags_array(1 / np.where(total > 0, total, 1)) @ rows)
        self._num_candidates = len(inputs.candidate_ids)
        self._seeds = self._seeds_of(visits, len(inputs.query_ids))

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the walks' weight, float32 [B, C]; -inf where none arrives."""
        reached = self._seeds[query_rows] @ self._steps
        found = reached[:, : self._num_candidates].toarray()
        if self.config.damping:
            onward = reached @ self._steps[:-1, : self._num_candidates]
            found += self.config.damping * onward.toarray()
        scores: np.ndarray = found.astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores

    def _related(self, visits: "_Visits") -> sp.csr_array:
        """Weighs the counts of transitions by the popularity of their targets."""
        size = visits.num_nodes
        counts = sp.csr_array((size, size))
        for before, after, share in visits.transitions(self.config.session_hours):
            counts += matrix_of(before, after, share, (size, size))
        popularity = np.bincount(visits.nodes, visits.shares, minlength=size)
        scale = np.where(popularity > 0, popularity, 1) ** -self.config.alpha
        return sp.csr_array(counts @ sp.diags_array(scale))

    def _seeds_of(self, visits: "_Visits", num_queries: int) -> sp.csr_array:
        asked = np.flatnonzero(visits.queries < num_queries)
        ages = visits.ages[asked]
        at, _ = least(visits.queries[asked], ages, [visits.nodes[asked]], self.config.num_seeds)
        rows, columns = visits.queries[asked][at], visits.nodes[asked][at]
        new = np.setdiff1d(np.arange(num_queries), rows)
        rows = np.concatenate([rows, new])
        columns = np.concatenate([columns, np.full(len(new), visits.num_nodes)])
        shape = (num_queries, visits.num_nodes + 1)
        return matrix_of(rows, columns, np.ones(len(rows)), shape)


@dataclass(frozen=True)
class _Visits:
    """The pairs of a view in the order of their first events, query by query.

    Queries and nodes are rows: first those that are asked for, then everybody and all else.
    """

    queries: np.ndarray
    nodes: np.ndarray
    num_nodes: int
    since: np.ndarray
    """Time of the first event, in whole microseconds."""
    ages: np.ndarray
    """Days since the last event."""
    shares: np.ndarray
    """What a pair counts by the age of its first event."""

    @classmethod
    def of(cls, inputs: ScorerInputs, half_life_days: float) -> Self:
        pairs = inputs.pairs
        axis = extended(inputs.candidate_ids, pc.unique(pairs["dst"]).sort())
        queries = rows_of(pairs["src"], extended(inputs.query_ids, pairs["src"]))
        nodes = rows_of(pairs["dst"], axis)
        since = pairs["first_event_time"].cast(pa.int64()).to_numpy()
        order = np.lexsort((nodes, since, queries))
        shares = kept_of(inputs.ages(pairs, "first_event_time"), half_life_days)
        own = queries[order], nodes[order]
        return cls(*own, len(axis), since[order], inputs.ages(pairs)[order], shares[order])

    def first(self) -> np.ndarray:
        """Counts how often each node is the first of a query, float64 [num_nodes]."""
        is_first = np.diff(self.queries, prepend=-1) != 0
        shares = self.shares[is_first]
        return np.bincount(self.nodes[is_first], shares, minlength=self.num_nodes)

    def transitions(self, hours: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yields what was met, what was met later in the session, and what that counts.

        Of two that were met at one time, each follows the other.
        """
        for lag in range(1, min(MAX_AFTER, len(self.nodes) - 1) + 1):
            between = self.since[lag:] - self.since[:-lag]
            is_same = self.queries[lag:] == self.queries[:-lag]
            is_session = is_same & (between <= hours * HOUR_US)
            if not is_session.any():
                return
            before, after = self.nodes[:-lag], self.nodes[lag:]
            yield before[is_session], after[is_session], self.shares[lag:][is_session]
            at_once = is_session & (between == 0)
            yield after[at_once], before[at_once], self.shares[lag:][at_once]


def _greatest(matrix: sp.csr_array, most: int) -> sp.csr_array:
    """Keeps the greatest values of each row, of equal ones those of the first columns."""
    found = matrix.tocoo()
    kept, _ = least(found.row, -found.data, [found.col], most)
    return matrix_of(found.row[kept], found.col[kept], found.data[kept], matrix.shape)
