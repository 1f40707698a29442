"""Encoded features that changed between the views: by hand, and a whole train-model refused."""

import math

import pyarrow as pa
import pytest

from graphrec_core.errors import ExpectationError
from graphrec_core.graph import FeatureEncoder
from graphrec_core.quality.drift import stability_index
from graphrec_core.quality.feature_drift import feature_drift, refuse_drift
from tests.graph.test_features import graph_of

NAMES = {"film": ["year", "studio"]}


def drift_of(min_count: int = 1, **later: object) -> dict[str, float]:
    train = graph_of(year=[1.0, 2.0, 3.0])
    serve = graph_of(**{"year": [1.0, 2.0, 3.0], **later})
    return feature_drift(FeatureEncoder.fit(train, NAMES), train, serve, min_count)


def test_equal_views_have_no_drift():
    assert set(drift_of()) == {
        "film.year", "film.studio", "film.num_events", "film.last_event_time",
    }  # fmt: skip
    assert set(drift_of().values()) == {0}


def test_a_text_is_counted_by_value_and_without_one():
    """x, nobody, y in the train view; x, x, y in the serve view."""
    found = drift_of(studio=["x", "x", "y"])
    assert found["film.studio"] == pytest.approx(stability_index([2, 1, 0], [[1, 1, 1]]))
    assert found["film.studio"] == pytest.approx(
        (2.5 - 1.5) / 4.5 * math.log(2.5 / 1.5) + (0.5 - 1.5) / 4.5 * math.log(0.5 / 1.5)
    )


def test_another_unit_and_values_that_do_not_arrive_are_noticed():
    cents = drift_of(year=[100.0, 200.0, 300.0])["film.year"]
    empty = drift_of(year=pa.array([None] * 3, pa.float64()))["film.year"]
    assert min(cents, empty) > 0.4  # three nodes; of more it would be more


def test_few_nodes_are_not_judged():
    assert drift_of(min_count=4, year=[100.0, 200.0, 300.0]) == {}


def test_the_limit_and_the_columns_are_named():
    refuse_drift({"film.year": 0.5}, 0.5)
    drift = {f"film.c{number}": 1.0 + number for number in range(7)}
    with pytest.raises(ExpectationError, match=r"at most 0\.5 \(quality\.max_feature") as error:
        refuse_drift({**drift, "film.fine": 0.1}, 0.5)
    assert error.value.found.startswith("film.c6 7.00, film.c5 6.00")
    assert error.value.found.endswith(" and 2 more")
