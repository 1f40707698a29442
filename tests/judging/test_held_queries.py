"""A share of the queries is held out, the same ones of every window."""

import numpy as np
import pyarrow as pa

from graphrec_core.judging.held_queries import held_out, mixed, query_numbers

IDS = pa.array([f"user {number}" for number in range(20_000)])


def test_numbers_are_mixed_as_splitmix64_does() -> None:
    """Its first output from state 0, which the published code prints."""
    assert int(mixed(np.zeros(1, np.int64), 0)[0]) == 0xE220A8397B1DCDAF


def test_an_id_has_one_number_wherever_it_stands() -> None:
    numbers = query_numbers(IDS)
    assert len(np.unique(numbers)) == len(IDS)
    np.testing.assert_array_equal(query_numbers(IDS.take([7, 3])), numbers[[7, 3]])
    assert query_numbers(pa.array([], pa.string())).shape == (0,)


def test_the_share_is_that_asked_for_and_seeds_draw_apart() -> None:
    numbers = query_numbers(IDS)
    one, two = held_out(numbers, 0.2, 0), held_out(numbers, 0.2, 1)
    assert abs(one.mean() - 0.2) < 0.01
    assert abs((one & two).mean() - 0.04) < 0.01
    assert not (one & ~held_out(numbers, 0.3, 0)).any()
    assert not held_out(numbers, 0.0, 0).any()
