"""Neighbourhoods: three steps over the graph, with a say for every degree on the way."""

import numpy as np
import scipy.sparse as sp

from graphrec_core.config.model import NeighboursConfig
from graphrec_core.models.scorer import ScorerInputs, degree_scale


class Neighbours:
    """Three steps query -> candidate -> query -> candidate, each node scaled by its degree.

    LinkProp (Fu et al., WWW 2022), on the matrix X [Q, C] of who met what, with D the degrees:

        S = X  D_c^-a  X^T  D_q^-b  X  D_c^-c,    degrees = [a, b, c]

    LinkProp's first factor, the degree of the query itself, orders no list and is left out.
    Neighbourhoods are cases: the cosine of candidates is [.5, 0, .5] (Sarwar et al., WWW 2001),
    the cosine of queries [0, .5, 0], RP3beta [alpha, alpha, beta] (Paudel et al., 2016).
    With ``weighted`` or a half-life X holds what the pairs count, and a degree is their sum.

    Exact; computed per block of queries, so that the product is never kept whole.

    Args:
        config: Its settings.
    """

    def __init__(self, config: NeighboursConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Scales the matrix for each of the three steps."""
        interactions = inputs.all_time(self.config)
        matrix = interactions.matrix
        met, peers, candidate = self.config.degrees
        of_queries, of_candidates = matrix.sum(axis=1), matrix.sum(axis=0)
        again = degree_scale(of_queries, peers) @ matrix @ degree_scale(of_candidates, candidate)
        self._there = sp.csr_array(matrix @ degree_scale(of_candidates, met))
        self._back = sp.csr_array(matrix.T)
        self._again = sp.csr_array(again)[:, : interactions.num_candidates]

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the steps' weight, float32 [B, C]; -inf where they do not arrive."""
        peers = self._there[query_rows] @ self._back
        scores = (peers @ self._again).toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores
