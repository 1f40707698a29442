"""Exact top-k of a block of scores, ties by candidate row."""

import numpy as np


def top_k(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Finds the k best candidates per query.

    Equal scores rank by row, smaller first, so that the result does not depend on how a
    partition happens to break ties.

    Args:
        scores: float [B, C]; -inf is never chosen.
        k: How many, > 0.

    Returns:
        Candidate rows int64 [B, k], -1 where fewer were found; scores float32 [B, k], -inf there.
    """
    num_queries, num_candidates = scores.shape
    rows = np.full((num_queries, k), -1, dtype=np.int64)
    best = np.full((num_queries, k), -np.inf, dtype=np.float32)
    depth = min(k, num_candidates)
    if depth == 0 or num_queries == 0:
        return rows, best
    chosen = np.nonzero(_chosen(scores, depth))[1].reshape(num_queries, depth)
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    best[:, :depth] = np.take_along_axis(values, order, axis=1)
    rows[:, :depth] = np.take_along_axis(chosen, order, axis=1)
    rows[np.isneginf(best)] = -1
    return rows, best


def _chosen(scores: np.ndarray, depth: int) -> np.ndarray:
    """Marks exactly ``depth`` candidates per query, bool [B, C]."""
    place = scores.shape[1] - depth
    worst = np.partition(scores, place, axis=1)[:, place : place + 1]
    is_chosen = scores >= worst
    crowded = np.flatnonzero(is_chosen.sum(axis=1) > depth)
    if len(crowded):
        above = scores[crowded] > worst[crowded]
        tied = is_chosen[crowded] & ~above
        room = depth - above.sum(axis=1, keepdims=True)
        is_chosen[crowded] = above | (tied & (np.cumsum(tied, axis=1) <= room))
    return is_chosen
