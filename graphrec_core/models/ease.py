"""EASE: the linear model of candidates that explain each other."""

import numpy as np
import scipy.linalg

from graphrec_core.config.model import EaseConfig
from graphrec_core.errors import ConfigError
from graphrec_core.models.scorer import ScorerInputs

MAX_CANDIDATES = 20_000
"""Its matrix has this number squared, 8 bytes each, and its inverse takes the cube in time."""


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
        """Solves for the weights between all candidates.

        Raises:
            ConfigError: There are too many of them for a dense matrix.
        """
        interactions = inputs.all_time(self.config)
        matrix = interactions.matrix
        num_columns = matrix.shape[1]
        if num_columns > MAX_CANDIDATES:
            raise ConfigError(
                must=f"`model: ease` needs at most {MAX_CANDIDATES:,} candidates in a region.",
                found=f"{num_columns:,}",
                fix="Choose `model: neighbours` or `model: spectral`, which are sparse.",
            )
        gram = (matrix.T @ matrix).toarray().astype(np.float64)
        gram[np.diag_indices(num_columns)] += self.config.l2
        # Symmetric and positive, since l2 is: half the work of a general inverse.
        inverse = scipy.linalg.inv(gram, assume_a="pos", overwrite_a=True)
        weights = inverse[:, : interactions.num_candidates]
        weights = weights / -np.diag(inverse)[: interactions.num_candidates]
        np.fill_diagonal(weights, 0)
        self._matrix, self._weights = matrix, weights.astype(np.float32)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the sums of weights, float32 [B, C]; -inf where nothing speaks for one."""
        scores = np.asarray(self._matrix[query_rows] @ self._weights, dtype=np.float32)
        scores[scores <= 0] = -np.inf
        return scores
