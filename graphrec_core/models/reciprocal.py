"""Reciprocal: who came to the query, and was not answered yet."""

import numpy as np

from graphrec_core.axes.cells import laid_along
from graphrec_core.config.model import ReciprocalConfig
from graphrec_core.models.scorer import ScorerInputs, kept_of


class Reciprocal:
    """Whoever met the query may be met in return, the sooner the likelier.

    Ties between people tend to become mutual (reciprocity: Wasserman and Faust, Social Network
    Analysis, 1994, 13.3). On the pairs of the task, from people to people:

        s(q, c) = .5 ** (days since c last met q / half_life_days)

    Whom the query has met itself is left out like anything seen (``task.exclude_seen``).

    Args:
        config: Its settings.
    """

    def __init__(self, config: ReciprocalConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Turns the pairs round."""
        pairs = inputs.pairs
        kept = kept_of(inputs.ages(pairs), self.config.half_life_days)
        axes = inputs.query_ids, inputs.candidate_ids
        self._incoming = laid_along(pairs, ("dst", "src"), axes, kept)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns how recently each came, float32 [B, C] in [0, 1]; -inf for who did not."""
        scores = self._incoming[query_rows].toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores
