"""Groups of queries that are measured and judged on their own."""

import numpy as np

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.lake.records import ALL

COLD_START = "cold_start"
LOW_DEGREE = "low_degree"


def slice_masks(degrees: np.ndarray, config: EvaluationConfig) -> dict[str, np.ndarray]:
    """Marks the queries of each slice.

    Args:
        degrees: int [Q]; candidates that a query has seen in the train view.
        config: Holds the limits, both inclusive.

    Returns:
        bool [Q] per slice; cold_start is part of low_degree where its limit is the lower one.
    """
    return {
        ALL: np.ones(len(degrees), dtype=bool),
        COLD_START: degrees <= config.cold_start_max_degree,
        LOW_DEGREE: degrees <= config.low_degree_max,
    }
