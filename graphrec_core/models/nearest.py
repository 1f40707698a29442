"""Nearest: what lies near the places that the query met last."""

import numpy as np

from graphrec_core.axes.cells import matrix_of
from graphrec_core.axes.least import least
from graphrec_core.axes.places import COORDINATES, coordinates, distances_km
from graphrec_core.axes.rows import rows_of
from graphrec_core.config.model import NearestConfig
from graphrec_core.models.popularity import popularity_of
from graphrec_core.models.scorer import ScorerInputs

AT_A_TIME = 512
"""Places whose distances to all candidates are held at once."""


class Nearest:
    """A kernel density of the query's last places, times a power of popularity.

    The density at a place predicts where somebody checks in next (Lichman and Smyth, KDD 2014);
    here with an exponential kernel over the haversine distance, of the last n places L_q:

        s(q, c) = (1 + p(c)) ** popularity * sum over l in L_q of exp(-km(l, c) / scale_km)

    with p(c) the number of queries that met c, each counted by the age of its last event. With
    ``popularity: 0`` nearness alone counts, with more the popular places nearby.

    Args:
        config: Its settings.
    """

    def __init__(self, config: NearestConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Finds the last places of each query, and where the candidates are."""
        nodes = inputs.view.nodes(COORDINATES)
        self._candidates = coordinates(nodes, inputs.candidate_ids)
        popularity = popularity_of(inputs, self.config.half_life_days)
        self._popularity = (1 + popularity) ** np.float32(self.config.popularity)
        where = coordinates(nodes, inputs.pairs["dst"])
        queries = rows_of(inputs.pairs["src"], inputs.query_ids)
        known = np.flatnonzero((queries >= 0) & ~np.isnan(where[:, 0]))
        ages, ties = inputs.ages(inputs.pairs)[known], tuple(where[known].T)
        at, _ = least(queries[known], ages, ties, self.config.num_places)
        self._places, place = np.unique(where[known][at], axis=0, return_inverse=True)
        shape = (len(inputs.query_ids), len(self._places))
        rows = queries[known][at]
        self._last = matrix_of(rows, place.ravel(), np.ones(len(at), np.float32), shape)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the density, float32 [B, C]; -inf for what is far away or nobody knows where."""
        last = self._last[query_rows]
        places = np.unique(last.indices)
        scores = np.zeros((len(query_rows), len(self._candidates)), dtype=np.float32)
        for start in range(0, len(places), AT_A_TIME):
            part = places[start : start + AT_A_TIME]
            nearness = distances_km(self._places[part], self._candidates)
            nearness /= -self.config.scale_km
            near = np.exp(nearness, out=nearness).astype(np.float32)
            scores += np.asarray(last[:, part] @ near)
        scores *= self._popularity
        scores[~(scores > 0)] = -np.inf
        return scores
