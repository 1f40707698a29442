"""Popularity: the same list for everybody."""

import numpy as np

from graphrec_core.models.scorer import Interactions, ScorerInputs


class Popularity:
    """Scores a candidate by its number of distinct queries: ``s(q, c) = |Q_c|``.

    Candidates stand in id order, so ties, broken by row, go by id.

    Args:
        weighted: Whether a query counts by the weight of its pair; else all count the same.
    """

    def __init__(self, *, weighted: bool = False) -> None:
        self._weighted = weighted

    def fit(self, inputs: ScorerInputs) -> None:
        """Counts the queries of each candidate."""
        self._counts = _counts(inputs.weighted if self._weighted else inputs.interactions)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the counts once per query, float32 [B, C]."""
        return np.tile(self._counts, (len(query_rows), 1))


class RecentPopularity:
    """Ranks candidates by the distinct queries of the last days, then by those of all time.

    What nobody met lately follows in the order of all time, so that the list is whole; ties
    there go by id. It is a reference of the gate and the list that fills up and falls back, the
    same in evaluation and in serving.
    """

    def fit(self, inputs: ScorerInputs) -> None:
        """Ranks the candidates."""
        self._recent = _counts(inputs.recent)
        every = _counts(inputs.interactions)
        self._order = np.lexsort((-every, -self._recent))  # stable: then by id

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


def _counts(interactions: Interactions) -> np.ndarray:
    counts = np.asarray(interactions.matrix.sum(axis=0)).ravel()
    return counts[: interactions.num_candidates].astype(np.float32)
