"""Popularity: the same list for everybody."""

import numpy as np

from graphrec_core.models.scorer import Interactions


class Popularity:
    """Scores a candidate by its number of distinct queries: ``s(q, c) = |Q_c|``.

    Candidates stand in id order, so ties, broken by row, go by id.
    """

    def fit(self, interactions: Interactions) -> None:
        """Counts the queries of each candidate."""
        counts = np.asarray(interactions.matrix.sum(axis=0)).ravel()
        self._counts = counts[: interactions.num_candidates].astype(np.float32)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the counts once per query, float32 [B, C]."""
        return np.tile(self._counts, (len(query_rows), 1))

    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """Ranks all candidates.

        Returns:
            Candidate rows int64 [C], most popular first; their counts float32 [C].
        """
        order = np.argsort(-self._counts, kind="stable")
        return order.astype(np.int64), self._counts[order]
