"""A scorer that a newcomer might write: the candidates in the order of their ids, turned round."""

from typing import Literal

import numpy as np

from graphrec_core.config.model import ScorerConfig
from graphrec_core.models.scorer import ScorerInputs


class ReverseConfig(ScorerConfig):
    """Settings of the newcomer's scorer."""

    model: Literal["reverse"] = "reverse"


class Reverse:
    """Scores a candidate by its place."""

    def __init__(self, config: ReverseConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        self.num_candidates = len(inputs.candidate_ids)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        places = np.arange(self.num_candidates, dtype=np.float32)
        return np.tile(places, (len(query_rows), 1))
