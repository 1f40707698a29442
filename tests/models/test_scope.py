"""With ``scope: global`` a scorer is fitted to all regions' pairs, and still asked by one."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.config.model import PairsConfig, PopularityConfig
from tests.models.test_decay import CANDIDATES, CLOSED_FORMS, inputs_of, scores_of
from tests.support.view_tables import GivenTables

HERE = [("u", "a", 20), ("v", "a", 20), ("u", "b", 10), ("v", "c", 5), ("w", "c", 15)]
ELSEWHERE = [("x", "b", 3), ("y", "b", 40), ("y", "a", 2), ("z", "b", 1), ("z", "far", 1)]
every = pytest.mark.parametrize("settings", CLOSED_FORMS, ids=lambda one: one.__name__)


def config_of(settings: type[PairsConfig], **changed: object) -> PairsConfig:
    return settings.model_validate({**CLOSED_FORMS[settings], **changed})


@every
@pytest.mark.parametrize("half_life_days", [0, 10])
def test_a_global_scorer_scores_as_one_that_was_given_all_pairs(
    settings: type[PairsConfig], half_life_days: float
) -> None:
    here, all_pairs = inputs_of(HERE, [1.0] * 5), inputs_of(HERE + ELSEWHERE, [1.0] * 10)
    tables = GivenTables(pa.table({}), of_all_regions=all_pairs.pairs)
    decay = {"half_life_days": half_life_days}
    found = scores_of(config_of(settings, scope="global", **decay), replace(here, tables=tables))
    expected = scores_of(config_of(settings, **decay), all_pairs)
    np.testing.assert_array_equal(found, expected)
    alone = scores_of(config_of(settings, **decay), here)
    assert found.shape == alone.shape
    assert not np.array_equal(found, alone)


def test_popularity_of_the_last_days_counts_all_regions_by_hand() -> None:
    everywhere = inputs_of(HERE + ELSEWHERE, [1.0] * 10).pairs
    tables = GivenTables(pa.table({}), of_all_regions=everywhere)
    inputs = replace(inputs_of(HERE, [1.0] * 5), tables=tables)
    found = scores_of(PopularityConfig(scope="global", window_days=10), inputs)
    assert dict(zip(CANDIDATES, found.tolist(), strict=True)) == {"a": 1, "b": 3, "c": 1}
