"""Co-visitation: who met this also met that."""

import numpy as np
import scipy.sparse as sp

from graphrec_core.config.model import CovisitationConfig
from graphrec_core.models.scorer import ScorerInputs


class Covisitation:
    """A two-hop walk query -> candidate -> query -> candidate, cosine-normalised.

    Item-based collaborative filtering with the cosine (Sarwar et al., WWW 2001) on the binary
    matrix X [Q, C]:

        s(q, c) = sum over c' met by q of |Q_c ∩ Q_c'| / sqrt(|Q_c| |Q_c'|)
                = (x_q N) (X^T X N)_c,   N = diag(1 / sqrt(|Q_c|))

    With ``weighted`` or a half-life X holds what the pairs count, and |Q_c| becomes the squared
    length of its column: the cosine of Sarwar et al. on ratings.

    Exact; computed per block of queries, so that the co-occurrences are never kept whole.

    Args:
        config: Its settings.
    """

    def __init__(self, config: CovisitationConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Keeps the matrix and its normalised form."""
        interactions = inputs.all_time(self.config)
        matrix = interactions.matrix
        lengths = np.sqrt(np.asarray(matrix.power(2).sum(axis=0)).ravel())
        scale = 1 / np.where(lengths > 0, lengths, 1)
        self._normalised = (matrix @ sp.diags_array(scale)).tocsr().astype(np.float32)
        self._transposed = matrix.T.tocsr()
        self._normalised_candidates = self._normalised[:, : interactions.num_candidates].tocsr()

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the walk's weight, float32 [B, C]; -inf where it does not arrive."""
        peers = self._normalised[query_rows] @ self._transposed
        scores = (peers @ self._normalised_candidates).toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores
