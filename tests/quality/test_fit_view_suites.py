"""The suites over a fit view: judged like the others, once enough of the last days have one."""

from pathlib import Path

import pytest

from tests.quality.test_snapshot_suites import (
    DAY,
    Stats,
    commit,
    figures,
    halve_fit,
    judged,
    lake_of,
)
from tests.support.snapshots import AS_OF

pytestmark = pytest.mark.pipeline


def without_fit(stats: Stats) -> Stats:
    """The figures of a day whose fit view lies before the source's first event."""
    empty = {key: {"user": 0, "place": 0} for key in stats["fit"] if key.startswith("num_")}
    empty |= {"num_edges": {"visited": 0}, "num_halo_edges": {"visited": 0}, "num_candidates": 0}
    return {**stats, "fit": empty, "fit_holdout": {"num_pairs": 0, "num_queries": 0}}


@pytest.mark.parametrize(("num_days", "broken"), [(2, []), (3, ["east"])])
def test_a_fit_view_is_judged_once_enough_days_have_one(
    tmp_path: Path, num_days: int, broken: list[str]
) -> None:
    """A source's first days have none, and then one that grows by the day."""
    config = lake_of(tmp_path, num_days=num_days)
    for number in range(num_days + 1, 6):
        old = without_fit(figures())
        commit(config, AS_OF - number * DAY, {"east": old, "west": old})
    east = figures()
    halve_fit(east)
    assert list(judged(config, east)["broken_regions"]) == broken


def test_a_fit_view_that_is_gone_breaks_its_region(tmp_path: Path) -> None:
    broken = judged(lake_of(tmp_path), without_fit(figures()))["broken_regions"]
    assert "fit num_edges visited: Every count" in broken["east"]


def test_days_without_a_fit_view_are_like_one_another(tmp_path: Path) -> None:
    past = without_fit(figures())
    assert judged(lake_of(tmp_path, past=past), past)["broken_regions"] == {}
