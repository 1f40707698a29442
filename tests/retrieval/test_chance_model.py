"""What a logistic model weighs, by hand."""

import math

import numpy as np
import pytest

from graphrec_core.retrieval.chance_model import LogisticModel, design, squeeze
from graphrec_core.types import Region

EAST, WEST, MOON = Region("east"), Region("west"), Region("moon")


def test_long_tails_are_squeezed_on_both_sides() -> None:
    values = np.array([0.0, math.e - 1, 1 - math.e, np.nan])
    np.testing.assert_allclose(squeeze(values), [0, 1, -1, np.nan])


def test_columns_by_hand() -> None:
    """Two features, two regions: values, whether each is unknown, regions, 1."""
    rows = np.array([[math.e - 1, np.nan, 1], [0, 0, np.nan]], dtype=np.float32)
    found = design(rows, np.array([0.5, 1.0]), np.array([0.5, 2.0]), 2)
    np.testing.assert_allclose(
        found, [[1, 0, 0, 1, 0, 1, 1], [-1, -0.5, 0, 0, 0, 0, 1]], atol=1e-6
    )


def test_chances_are_corrected_for_the_share_and_know_the_region() -> None:
    """Odds of e^(1 + .5) in the east, e^1 elsewhere; a quarter of the others was fitted to."""
    weights = (0.0, 0.0, 0.5, 0.0, 1.0)
    model = LogisticModel((EAST, WEST), 0.25, ("x", "region"), (0.0,), (1.0,), weights)
    rows = np.array([[7.0]], dtype=np.float32)
    for region, power in ((EAST, 1.5), (WEST, 1.0), (MOON, 1.0)):
        odds = math.exp(power) / 4
        assert model.chances(rows, region) == pytest.approx([odds / (1 + odds)])
        names, values, effects = model.effects(rows, region)
        assert (names, effects.tolist()) == (["x", "region"], [[0, power - 1]])
        assert values[0, 0] == 7
    assert model.chances(rows[:0], EAST).shape == (0,)
