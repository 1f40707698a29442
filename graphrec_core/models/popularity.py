"""Popularity: the same list for everybody."""

import numpy as np

from graphrec_core.config.model import PopularityConfig
from graphrec_core.models.scorer import Interactions, ScorerInputs


class Popularity:
    """Ranks a candidate by its number of distinct queries: ``s(c) = |Q_c|``.

    With ``window_days`` by those of the last days, and then by those of all time: what nobody met
    lately follows in the order of all time, so that the list is whole. With ``weighted`` a query
    counts by the weight of its pair, and with a half-life by ``.5 ** (age / half life)`` of its
    last event, which is a trend: forward decay (Cormode et al., ICDE 2009) with an exponential.
    Candidates stand in id order, so ties go by id.

    Args:
        config: Its settings.
    """

    def __init__(self, config: PopularityConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Counts the queries of each candidate, and ranks the candidates."""
        days, every = self.config.window_days, _counts(inputs.all_time(self.config))
        self._counts = _counts(inputs.recent(days, self.config)) if days else every
        self._order = np.lexsort((-every, -self._counts))  # stable: then by id

    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """See ``QueryFreeScorer``; the scores are the counts."""
        return self._order.astype(np.int64), self._counts[self._order]


def _counts(interactions: Interactions) -> np.ndarray:
    counts = np.asarray(interactions.matrix.sum(axis=0)).ravel()
    return counts[: interactions.num_candidates].astype(np.float32)


def popularity_of(inputs: ScorerInputs, half_life_days: float) -> np.ndarray:
    """Counts the queries of each candidate by the age of their last event, float32 [C].

    Args:
        inputs: The pairs of a view.
        half_life_days: A pair of this age counts half; 0: no decay.
    """
    return _counts(inputs.all_time(PopularityConfig(half_life_days=half_life_days)))
