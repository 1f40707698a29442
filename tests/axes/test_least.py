import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.axes.least import least


def test_least_by_hand() -> None:
    rows, ages = np.array([1, 0, 1, 1, 0]), np.array([5, 9, 1, 5, 2])
    at, place = least(rows, ages, [np.array([7, 0, 0, 3, 0])], 2)
    assert at.tolist() == [4, 1, 2, 3]
    assert place.tolist() == [0, 1, 0, 1]


entries = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 2)), max_size=20)


@given(entries, st.integers(1, 4))
def test_it_is_sorting_each_row(found: list[tuple[int, int, int]], most: int) -> None:
    columns = np.array(found, dtype=int).reshape(-1, 3).T
    at, place = least(columns[0], columns[1], [columns[2]], most)
    expected = []
    for row in range(4):
        own = sorted(entry for entry in found if entry[0] == row)
        expected += [(entry, number) for number, entry in enumerate(own[:most])]
    assert [(found[one], number) for one, number in zip(at, place, strict=True)] == expected
