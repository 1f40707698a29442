"""A filter of the graph's spectrum: what many candidates have in common counts, noise does not."""

import numpy as np
import scipy.sparse as sp

from graphrec_core.config.model import SpectralConfig
from graphrec_core.models.scorer import ScorerInputs, degree_scale
from graphrec_core.models.truncated_svd import truncated_svd


class Spectral:
    """Graph filters without training: GF-CF (Shen et al., CIKM 2021) and its ideal part alone.

    On the matrix X [Q, C] of who met what, with degrees D_q and D_c, the normalised
    A = D_q^-1/2 X D_c^-1/2, and its ``rank`` greatest singular values S with right vectors V:

        s = linear * x A^T A  +  ideal * x D_c^-1/2 V S^power V^T D_c^1/2

    ``linear: 1, ideal: .3, power: 0`` is GF-CF; ``linear: 0, ideal: 1`` keeps the low frequencies
    alone, each by its strength. With ``weighted`` or a half-life X holds what the pairs count.

    Args:
        config: Its settings.
    """

    def __init__(self, config: SpectralConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Decomposes the normalised matrix."""
        interactions = inputs.all_time(self.config)
        matrix, num_candidates = interactions.matrix, interactions.num_candidates
        of_candidates = matrix.sum(axis=0)
        scaled = degree_scale(matrix.sum(axis=1), 0.5) @ matrix
        normalised = sp.csr_array(scaled @ degree_scale(of_candidates, 0.5))
        values, right = truncated_svd(normalised.astype(np.float32), self.config.rank)
        inverse_roots = degree_scale(of_candidates, 0.5).diagonal()
        ideal = inverse_roots[:, None] * right.T * values**self.config.power * self.config.ideal
        roots = np.sqrt(of_candidates[:num_candidates])
        self._matrix = matrix
        self._into = ideal.astype(np.float32)
        self._out_of = (right[:, :num_candidates] * roots).astype(np.float32)
        self._back = sp.csr_array(normalised.T)
        self._linear = normalised[:, :num_candidates] * np.float32(self.config.linear)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the filtered signal, float32 [B, C]; -inf where it is not positive."""
        signal = self._matrix[query_rows]
        scores = np.asarray(signal @ self._into, dtype=np.float32) @ self._out_of
        if self.config.linear:
            scores += (signal @ self._back @ self._linear).toarray()
        scores[scores <= 0] = -np.inf
        return scores
