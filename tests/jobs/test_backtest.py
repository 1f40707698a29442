"""backtest: what served is held against what then happened, as a loop over queries does."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from graphrec.jobs import backtest
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.layout import edges_file, holdout_file
from graphrec_core.ledger.release import Release
from graphrec_core.retrieval.from_shard import ranking_table, recommend_from_shard
from graphrec_core.retrieval.shard import open_shard
from graphrec_core.types import View, format_instant
from tests.support.days import BOTH, run_day
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

WEEK = timedelta(days=7)


def make_config(root: Path) -> PipelineConfig:
    return tiny_config(
        root,
        evaluation={"k": 5, "depth": 20},
        gate={"baselines": (), "memory_days": 0, "min_ann_recall": 0.0, "undecided": "live"},
    )


def by_hand(config: PipelineConfig, release: Release, later: datetime) -> list[float]:
    """Asks each region's shard for every query that met something new later."""
    snapshot = Day(config, later).open(Day(config, later).ref(StepName.SNAPSHOT))
    lake, found = Lake(config), []
    for region in BOTH:
        shard_id = release.regions[region].shard_id
        assert shard_id is not None
        shard = open_shard(open_artifact(lake.storage, lake.layout.shard(region, shard_id)))
        seen = snapshot.read_table(edges_file(View.TRAIN, "visited", region)).to_pylist()
        known = {(row["src"], row["dst"]) for row in seen}
        wanted: dict[str, set[str]] = {}
        for row in snapshot.read_table(holdout_file(region)).to_pylist():
            wanted.setdefault(row["query_id"], set()).add(row["candidate_id"])
        rows = np.arange(len(shard.query_ids))
        shown: dict[str, list[str]] = {}
        for ranking in recommend_from_shard(shard, "model", rows, 20):
            for row in ranking_table(shard, ranking).to_pylist():
                if (row["query_id"], row["candidate_id"]) not in known:
                    shown.setdefault(row["query_id"], []).append(row["candidate_id"])
        found += [len(set(shown[q][:5]) & own) / len(own) for q, own in wanted.items()]
    return found


@pytest.mark.pipeline
def test_a_release_is_scored_by_what_its_queries_then_met(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = make_config(tmp_path)
    release = run_day(config)
    write_tiny_snapshot(config, AS_OF + WEEK, seed=1)
    found = backtest.run(config, AS_OF - WEEK, AS_OF)
    wanted = by_hand(config, release, AS_OF + WEEK)
    assert found["num_queries"] == len(wanted) > 50
    assert found["means"]["model"]["recall"] == pytest.approx(np.mean(wanted), abs=1e-6)
    day = found["days"][format_instant(AS_OF)]
    assert day["means"]["model"] == found["means"]["model"]
    # The other draw of visits has nothing to do with the planted tastes of this one's users.
    assert day["promised"]["recall"] > 0.8 > found["means"]["model"]["recall"]
    assert "recall" in day["parted"]
    assert "less came than the holdout promised" in caplog.text
    page = Path(found["page"].removeprefix("file://")).read_text(encoding="utf-8")
    assert "less came than the holdout had promised (recall" in page
    assert set(found["regions"]) == set(BOTH)
    # Popularity is that of the snapshot's own evaluation: one set of queries, one view.
    run_day(config, AS_OF + WEEK)
    again = backtest.run(config, AS_OF, AS_OF)
    assert again["means"] == found["means"]


@pytest.mark.pipeline
def test_a_day_whose_horizon_is_not_over_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = make_config(tmp_path)
    config = config.model_copy(
        update={"source": config.source.model_copy(update={"ready_marker": "_READY"})}
    )
    run_day(config)
    with pytest.raises(AbsentError, match="must have a whole horizon behind it"):
        backtest.run(config, AS_OF, AS_OF)
    assert "what followed is not known" in caplog.text


def test_without_a_release_there_is_nothing_to_score(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="A release between"):
        backtest.run(make_config(tmp_path), AS_OF - WEEK, AS_OF)
