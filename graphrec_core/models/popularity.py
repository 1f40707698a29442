"""Popularity: the same list for everybody."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.models.scorer import Interactions, interactions_of


class Popularity:
    """Scores a candidate by its number of distinct queries: ``s(q, c) = |Q_c|``.

    Candidates stand in id order, so ties, broken by row, go by id.
    """

    def fit(self, interactions: Interactions) -> None:
        """Counts the queries of each candidate."""
        self._counts = _counts(interactions)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the counts once per query, float32 [B, C]."""
        return np.tile(self._counts, (len(query_rows), 1))


class RecentPopularity:
    """Ranks candidates by the distinct queries of the last days, then by those of all time.

    What nobody met lately follows in the order of all time, so that the list is whole; ties
    there go by id. It is a reference of the gate and the list that fills up and falls back.
    """

    def fit(self, interactions: Interactions, recent: Interactions) -> None:
        """Ranks the candidates.

        Args:
            interactions: Those of all time.
            recent: Those of the last days, with the same candidates.
        """
        self._recent = _counts(recent)
        self._order = np.lexsort((-_counts(interactions), -self._recent))  # stable: then by id

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the places from the end of the list once per query, float32 [B, C]."""
        places = np.empty(len(self._order), dtype=np.float32)
        places[self._order] = np.arange(len(self._order), 0, -1)
        return np.tile(places, (len(query_rows), 1))

    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """Ranks all candidates.

        Returns:
            Candidate rows int64 [C], most popular first; their recent queries float32 [C].
        """
        return self._order.astype(np.int64), self._recent[self._order]


def fit_recent_popularity(
    pairs: pa.Table, query_ids: pa.Array, candidate_ids: pa.Array, instant: datetime, days: int
) -> RecentPopularity:
    """Fits the one recency-aware list, for evaluation and for serving alike.

    Args:
        pairs: A view's pairs: src, dst, last_event_time. A pair is recent if its last event is,
            so recent queries are counted exactly though events are aggregated.
        query_ids: The queries, distinct.
        candidate_ids: The candidates, distinct and in id order.
        instant: The view's instant.
        days: Events at or after ``instant - days`` are recent.
    """
    since = pa.scalar(instant - timedelta(days=days), pa.timestamp("us", tz="UTC"))
    recent = pairs.filter(pc.greater_equal(pairs["last_event_time"], since))
    popularity = RecentPopularity()
    popularity.fit(
        *(
            interactions_of(some["src"], some["dst"], query_ids, candidate_ids)
            for some in (pairs, recent)
        )
    )
    return popularity


def _counts(interactions: Interactions) -> np.ndarray:
    counts = np.asarray(interactions.matrix.sum(axis=0)).ravel()
    return counts[: interactions.num_candidates].astype(np.float32)
