"""What one source proposes to a block of queries."""

import numpy as np

Proposals = tuple[np.ndarray, np.ndarray]
"""Candidate rows int64 [B, k], best first, -1 at the end where there are fewer; their scores
float32 [B, k], -inf there."""


def nothing(num_queries: int, k: int) -> Proposals:
    """Returns k free places per query."""
    rows = np.full((num_queries, k), -1, dtype=np.int64)
    return rows, np.full((num_queries, k), -np.inf, dtype=np.float32)
