"""Co-visitation: who met this also met that."""

import numpy as np
import scipy.sparse as sp

from graphrec_core.models.scorer import ScorerInputs


class Covisitation:
    """A two-hop walk query -> candidate -> query -> candidate, cosine-normalised.

    Item-based collaborative filtering with the cosine (Sarwar et al., WWW 2001) on the binary
    matrix X [Q, C]:

        s(q, c) = sum over c' met by q of |Q_c ∩ Q_c'| / sqrt(|Q_c| |Q_c'|)
                = (x_q N) (X^T X N)_c,   N = diag(1 / sqrt(|Q_c|))

    Exact; computed per block of queries, so that the co-occurrences are never kept whole.
    """

    def fit(self, inputs: ScorerInputs) -> None:
        """Keeps the matrix and its normalised form."""
        interactions = inputs.interactions
        matrix = interactions.matrix
        degrees = np.asarray(matrix.sum(axis=0)).ravel()
        scale = 1 / np.sqrt(np.maximum(degrees, 1))
        self._normalised = (matrix @ sp.diags_array(scale)).tocsr().astype(np.float32)
        self._transposed = matrix.T.tocsr()
        self._normalised_candidates = self._normalised[:, : interactions.num_candidates].tocsr()

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the walk's weight, float32 [B, C]; -inf where it does not arrive."""
        peers = self._normalised[query_rows] @ self._transposed
        scores = (peers @ self._normalised_candidates).toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores
