import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.retrieval.topk import top_k


def test_hand_values_with_ties_and_a_gap() -> None:
    scores = np.array([[1.0, 3.0, 3.0, 2.0], [-np.inf, 5.0, -np.inf, -np.inf]])
    rows, best = top_k(scores, 3)
    assert rows.tolist() == [[1, 2, 3], [1, -1, -1]]
    assert best.tolist() == [[3, 3, 2], [5, -np.inf, -np.inf]]


def test_more_wanted_than_there_are() -> None:
    rows, best = top_k(np.array([[1.0, 2.0]]), 4)
    assert rows.tolist() == [[1, 0, -1, -1]]
    assert best.tolist() == [[2, 1, -np.inf, -np.inf]]


@given(
    st.lists(st.lists(st.integers(-1, 3), min_size=7, max_size=7), min_size=1, max_size=5),
    st.integers(1, 9),
)
def test_equals_a_full_sort(values: list[list[int]], k: int) -> None:
    scores = np.where(np.array(values) < 0, -np.inf, np.array(values, dtype=np.float64))
    rows, _ = top_k(scores, k)
    for line, found in zip(scores, rows, strict=True):
        expected = sorted((-s, i) for i, s in enumerate(line) if s != -np.inf)[:k]
        assert [i for i in found if i >= 0] == [i for _, i in expected]
