"""Distances over the globe, one by one and all at once."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.axes.places import EARTH_KM, coordinates, distances_km, haversine_km

degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_distances_by_hand() -> None:
    """A quarter of the globe to the pole, half of it to the other side, a street of 111 m."""
    here = np.array([[0.0, 0.0]])
    there = np.array([[90.0, 0.0], [0.0, 180.0], [0.001, 0.0]])
    expected = [EARTH_KM * np.pi / 2, EARTH_KM * np.pi, EARTH_KM * np.radians(0.001)]
    assert distances_km(here, there)[0] == pytest.approx(expected, abs=1e-3)


@given(st.lists(degrees, min_size=1, max_size=5))
def test_all_at_once_equals_one_by_one(places: list[tuple[float, float]]) -> None:
    where = np.array(places)
    found = distances_km(where, where)
    for row, (latitude, longitude) in enumerate(places):
        for column, other in enumerate(places):
            ends = (np.array(one) for one in (latitude, longitude, *other))
            # Beside the antipode arcsin is steep, there to some metres.
            assert found[row, column] == pytest.approx(haversine_km(*ends), abs=1e-2)


def test_half_a_place_is_none() -> None:
    nodes = pa.table(
        {"node_id": ["a", "b", "c"], "latitude": [1.0, None, 3.0], "longitude": [4.0, 5.0, None]}
    )
    found = coordinates(nodes, pa.array(["c", "unknown", "a", "b"]))
    assert found[2].tolist() == [1, 4]
    assert np.isnan(found[[0, 1, 3]]).all()
