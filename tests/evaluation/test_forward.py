"""What came of a release against what its holdout had promised, by hand."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.evaluation.forward import Scored, by_region, pooled
from graphrec_core.evaluation.metrics import METRICS
from graphrec_core.types import Region
from tests.support.snapshots import tiny_config

EAST, WEST = Region("east"), Region("west")
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
CAME = np.tile([0.0, 0.4], 50)
"""A mean of .2. A promise p may be off by 2 sqrt(2 p (1 - p) / 100): .133 at .33, .135 at .35."""


def scored(region: Region, came: np.ndarray, promised: float | None) -> Scored:
    columns = {metric.column_of("model"): came for metric in METRICS.values()}
    means = None if promised is None else dict.fromkeys(METRICS, promised)
    return Scored(AS_OF, region, pa.table(columns), means)


@pytest.mark.parametrize(
    ("promised", "parted"), [(0.1, []), (0.33, []), (0.35, ["recall", "mrr"]), (None, [])]
)
def test_less_came_than_promised_by_more_than_two_errors(
    promised: float | None, parted: list[str]
) -> None:
    (found,) = by_region([scored(EAST, CAME, promised)]).values()
    assert found["parted"] == parted
    assert found["means"]["model"]["recall"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("num_queries", "promised", "parted"),
    [
        (20, 0.2, []),  # one in 87 at .2 has no hit; 2 errors are .253
        (20, 0.3, ["recall", "mrr"]),  # one in 1,253; .290
        (9, 1.0, []),
        (10, 1.0, ["recall", "mrr"]),
    ],
)
def test_no_hit_among_few_queries_is_no_broken_promise(
    num_queries: int, promised: float, parted: list[str]
) -> None:
    (found,) = by_region([scored(EAST, np.zeros(num_queries), promised)]).values()
    assert found["parted"] == parted


def test_regions_weigh_by_their_queries_and_a_list_promises_nothing(tmp_path: Path) -> None:
    """East: 100 queries, promised .2; west: 50 queries and .5; a list serves the third."""
    several = [
        scored(EAST, CAME, 0.2),
        scored(WEST, np.full(50, 0.5), 0.5),
        scored(Region("south"), np.zeros(30), None),
    ]
    figures = pooled(several, tiny_config(tmp_path))
    (day,) = figures["days"].values()
    assert day["promised"]["recall"] == pytest.approx((100 * 0.2 + 50 * 0.5) / 150)
    assert day["means"]["model"]["recall"] == pytest.approx((100 * 0.2 + 50 * 0.5) / 180)
    assert day["parted"] == []  # the list's queries are no broken promise
    assert figures["num_queries"] == 180
    assert by_region(several)[WEST]["promised"]["mrr"] == pytest.approx(0.5)
