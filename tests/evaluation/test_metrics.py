import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.evaluation.metrics import hit_rate, mark_hits, mrr, ndcg, recall

HITS = np.array([[0, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
NUM_TARGETS = np.array([3, 1, 2])


def test_hand_values() -> None:
    assert recall(HITS, NUM_TARGETS, 3) == pytest.approx([1 / 3, 0, 0])
    assert mrr(HITS) == pytest.approx([1 / 2, 1 / 4, 0])
    assert hit_rate(HITS, 3) == pytest.approx([1, 0, 0])
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert ndcg(HITS, NUM_TARGETS, 3) == pytest.approx([1 / math.log2(3) / ideal, 0, 0])


def test_more_targets_than_ranks_lower_recall_but_not_the_ideal_gain() -> None:
    hits, num_targets = np.ones((1, 2), dtype=bool), np.array([5])
    assert recall(hits, num_targets, 2) == pytest.approx([2 / 5])
    assert ndcg(hits, num_targets, 2) == pytest.approx([1])


def test_marks_only_targets_of_the_same_query() -> None:
    rows = np.array([[0, 1, -1], [1, 0, 2]])
    hits = mark_hits(rows, (np.array([0, 1, 1]), np.array([1, 0, 2])), 3)
    assert hits.tolist() == [[False, True, False], [False, True, True]]


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(0, 3), st.integers(1, 10))
def test_equals_a_naive_reference(hits: list[bool], missed: int, k: int) -> None:
    num_targets = max(1, sum(hits) + missed)
    line, wanted = np.array([hits]), np.array([num_targets])
    ranks = [rank for rank, hit in enumerate(hits, 1) if hit]
    inside = [rank for rank in ranks if rank <= k]
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, num_targets) + 1))
    assert recall(line, wanted, k)[0] == pytest.approx(len(inside) / num_targets)
    assert mrr(line)[0] == pytest.approx(1 / ranks[0] if ranks else 0)
    assert ndcg(line, wanted, k)[0] == pytest.approx(
        sum(1 / math.log2(rank + 1) for rank in inside) / ideal
    )
    assert hit_rate(line, k)[0] == bool(inside)
