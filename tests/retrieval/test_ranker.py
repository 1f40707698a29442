"""Reciprocal rank fusion by hand (1 / (60 + rank), summed over the lists)."""

from itertools import permutations

import numpy as np
import pytest

from graphrec_core.errors import LakeError
from graphrec_core.retrieval.ranker import Merged, ReciprocalRank, build_ranker


def merged(*lists: list[list[int]], k: int = 4, offset: int = 60) -> Merged:
    proposals = [(np.array(rows), np.zeros(np.shape(rows), dtype=np.float32)) for rows in lists]
    return ReciprocalRank(offset).merge(np.arange(len(lists[0])), proposals, k)


def test_what_both_lists_have_comes_first() -> None:
    found = merged([[7, 5]], [[5, 9]])
    assert found.rows.tolist() == [[5, 7, 9, -1]]
    scores = np.array([1 / 62 + 1 / 61, 1 / 61, 1 / 62, -np.inf], dtype=np.float32)
    assert found.scores.tolist() == [scores.tolist()]
    assert found.proposed_by.tolist() == [
        [[True, True], [True, False], [False, True], [False, False]]
    ]


def test_ties_rank_by_row() -> None:
    assert merged([[9, 2]], [[2, 9]]).rows.tolist() == [[2, 9, -1, -1]]
    assert merged([[8]], [[3]]).rows.tolist() == [[3, 8, -1, -1]]


def test_a_tie_of_three_lists_does_not_hang_on_the_order_of_addition() -> None:
    """Candidates 1, 2 and 3 have the ranks 1, 2 and 7, each in another list."""
    points = [1 / (60 + rank) for rank in (1, 2, 7)]
    assert len({sum(turned) for turned in permutations(points)}) > 1
    lists = [
        [[*first_two, *range(start, start + 4), last]]
        for first_two, last, start in (((1, 2), 3, 10), ((3, 1), 2, 20), ((2, 3), 1, 30))
    ]
    for turned in (lists, lists[1:] + lists[:1], lists[::-1]):
        assert merged(*turned, k=3).rows.tolist() == [[1, 2, 3]]


def test_lists_of_different_lengths_and_empty_ones() -> None:
    found = merged([[3, 1, 2], [-1, -1, -1]], [[2], [-1]], [[-1], [5]])
    assert found.rows.tolist() == [[2, 3, 1, -1], [5, -1, -1, -1]]
    assert found.proposed_by[1, 0].tolist() == [False, False, True]
    assert merged([[-1]], [[-1]], k=2).rows.tolist() == [[-1, -1]]


def test_only_the_best_are_kept_and_offset_weighs_the_first_ranks() -> None:
    lists = [[1, 2, 3]], [[4, 5, 3]]
    assert merged(*lists, k=2).rows.tolist() == [[3, 1]]
    assert merged(*lists, k=2, offset=0).rows.tolist() == [[1, 4]]  # 1, 1, then 2/3


def test_a_ranker_is_made_of_its_settings() -> None:
    settings = {"model": "reciprocal_rank", "offset": 3}
    assert build_ranker(settings) == ReciprocalRank(3)
    with pytest.raises(LakeError, match="lambdamart"):
        build_ranker({"model": "lambdamart"})
