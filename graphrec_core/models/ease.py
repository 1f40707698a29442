"""EASE: the linear model of candidates that explain each other."""

import numpy as np
import scipy.linalg

from graphrec_core.config.model import EaseConfig
from graphrec_core.models.scorer import ScorerInputs


class Ease:
    """A linear autoencoder without hidden layer, in closed form (Steck, WWW 2019).

    On the matrix X [Q, C] of who met what:

        P = (X^T X + l2 I)^-1,   B = I - P diag(1 / diag P),   s(q, c) = (x_q B)_c

    ``B`` has a zero diagonal: no candidate speaks for itself. With ``weighted`` or a half-life X
    holds what the pairs count.

    Args:
        config: Its settings.
    """

    def __init__(self, config: EaseConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Solves for the weights between all candidates, unless they are too many."""
        interactions = inputs.all_time(self.config)
        matrix = interactions.matrix
        num_columns = matrix.shape[1]
        self._matrix, self._num_candidates = matrix, interactions.num_candidates
        self._weights: np.ndarray | None = None
        if num_columns > self.config.max_nodes:
            return
        gram = (matrix.T @ matrix).toarray().astype(np.float64)
        gram[np.diag_indices(num_columns)] += self.config.l2
        # Symmetric and positive, since l2 is: half the work of a general inverse.
        inverse = scipy.linalg.inv(gram, assume_a="pos", overwrite_a=True)
        weights = inverse[:, : self._num_candidates]
        weights /= -np.diag(inverse)[: self._num_candidates].copy()  # in its place: it is large
        np.fill_diagonal(weights, 0)
        self._weights = weights.astype(np.float32)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the sums of weights, float32 [B, C]; -inf where nothing speaks for one."""
        if self._weights is None:
            return np.full((len(query_rows), self._num_candidates), -np.inf, dtype=np.float32)
        scores = np.asarray(self._matrix[query_rows] @ self._weights, dtype=np.float32)
        scores[scores <= 0] = -np.inf
        return scores
