"""Snapshots and models of the ranker's earlier windows are made by the steps that make today's."""

from pathlib import Path

import pytest

from graphrec.jobs import build_snapshot, fit_ranker, train_model
from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake.records import RankerFigures, WindowFigures
from graphrec_core.types import Region
from tests.pinned.tiny_day import AS_OF, tiny_town

EAST, WEST = Region("ash"), Region("birch")
TREES = "recommender.ranker={model: lightgbm, num_windows: 5, min_leaf_pairs: 5}"


@pytest.mark.pipeline
def test_a_first_day_makes_what_its_earlier_windows_need(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The town is 40 days old: what is older has no window."""
    day = Day(tiny_town(tmp_path, TREES, "time.horizon_days=9", "training.num_epochs=2"), AS_OF)
    build_snapshot.run(day)
    assert [one.has_snapshot for one in day.earlier_window_days] == [True, True, True, False]
    assert "the ranker has no window of 2025-11-26" in caplog.text
    for region in (EAST, WEST):
        train_model.run(day, region, ["taste", "walks"])
    ranker = fit_ranker.run(Day(day.config, AS_OF)).figures(RankerFigures)
    found = [ranker.windows[end].num_clicks > 0 for end in sorted(ranker.windows)]
    assert found == [False, True, True, True]  # the oldest begins with the town
    for earlier in Day(day.config, AS_OF).reached_window_days[:2]:
        window = earlier.open(earlier.ref(StepName.WINDOW)).manifest.figures(WindowFigures)
        assert (list(window.regions), window.left_out) == ([EAST, WEST], {})
    # The run of an earlier day finds all of it.
    before = day.earlier_window_days[0]
    stored = before.open(before.ref(StepName.TRAIN, EAST, source="taste")).manifest.id
    build_snapshot.run(before)
    assert train_model.run(before, EAST, ["taste"])["taste"].id == stored
