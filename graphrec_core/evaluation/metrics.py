"""Ranking metrics, one value per query; pure functions of hits in rank order.

Legend: Q queries, K ranks. ``hits`` is bool [Q, K], column 0 is rank 1; ``num_targets`` is
int [Q], at least 1 each.
"""

import numpy as np


def recall(hits: np.ndarray, num_targets: np.ndarray, k: int) -> np.ndarray:
    """Share of the targets among the first k: ``hits@k / num_targets``, float64 [Q] in [0, 1].

    Not capped: a query with more than k targets cannot reach 1.
    """
    return np.asarray(hits[:, :k].sum(axis=1) / num_targets)


def mrr(hits: np.ndarray) -> np.ndarray:
    """Reciprocal rank of the first hit, float64 [Q] in [0, 1]; 0 without one (Voorhees, 1999)."""
    first = hits.argmax(axis=1)
    return np.asarray(np.where(hits.any(axis=1), 1 / (first + 1), 0.0))


def ndcg(hits: np.ndarray, num_targets: np.ndarray, k: int) -> np.ndarray:
    """Binary NDCG@k (Järvelin and Kekäläinen, 2002), float64 [Q] in [0, 1].

    ``sum over hits at rank r <= k of 1 / log2(r + 1)``, divided by the same sum over the
    ideal list's ``min(k, num_targets)`` first ranks.
    """
    gains = 1 / np.log2(np.arange(2, k + 2))
    gained: np.ndarray = hits[:, :k] @ gains[: hits.shape[1]]
    ideal = np.cumsum(gains)[np.minimum(num_targets, k) - 1]
    return np.asarray(gained / ideal)


def hit_rate(hits: np.ndarray, k: int) -> np.ndarray:
    """Whether any of the first k is a target, float64 [Q], 0 or 1."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def mark_hits(
    rows: np.ndarray, targets: tuple[np.ndarray, np.ndarray], num_candidates: int
) -> np.ndarray:
    """Marks which ranked candidates are targets.

    Args:
        rows: int64 [Q, K]; candidate rows, -1 for none.
        targets: Query positions and candidate rows of the targets, int64 [T] each.
        num_candidates: Length of the candidate axis.

    Returns:
        bool [Q, K].
    """
    wanted = targets[0] * num_candidates + targets[1]
    keys = np.arange(len(rows))[:, None] * num_candidates + rows
    return np.isin(keys, wanted) & (rows >= 0)
