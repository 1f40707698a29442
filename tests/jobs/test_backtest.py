"""backtest: what served is held against what then happened, as a loop over queries does."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from graphrec.jobs import backtest, build_shard, evaluate_model
from graphrec_core.axes.pairs import RowPairs
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day, evaluation_ref
from graphrec_core.errors import AbsentError
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.judging.forward import Served
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.layout import edges_file, holdout_file
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release
from graphrec_core.publishing.publish import publish
from graphrec_core.retrieval.from_shard import ranking_table, recommend_from_shard
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.shard import Shard, open_shard
from graphrec_core.retrieval.sources import ListSource, Proposer
from graphrec_core.types import View, format_instant
from tests.support.days import BOTH, EAST, run_day
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot
from tests.support.steps import embed_all

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
    before = [str((AS_OF - WEEK + timedelta(days=n)).date()) for n in range(3)]
    assert f"left out for want of a release: {', '.join(before)}" in caplog.text
    assert str(AS_OF.date()) not in caplog.text.partition("release: ")[2].partition("\n")[0]
    page = Path(found["page"].removeprefix("file://")).read_text(encoding="utf-8")
    assert "less came than the holdout had promised (recall" in page
    assert set(found["regions"]) == set(BOTH)
    # Popularity is that of the later day's own evaluations: one set of queries, one view.
    run_day(config, AS_OF + WEEK)
    past, popularity = read_past(Lake(config)), list[float]()
    for region in BOTH:
        ref = evaluation_ref(Day(config, AS_OF + WEEK), past, region)
        queries = Day(config, AS_OF + WEEK).open(ref).read_table("queries.parquet")
        popularity += queries["popularity_recall"].to_pylist()
    assert found["means"]["popularity"]["recall"] == pytest.approx(np.mean(popularity), abs=1e-6)


@pytest.mark.pipeline
def test_sources_alone_and_the_champion_are_measured_beside(tmp_path: Path) -> None:
    sources = {"recent": {"model": "popularity"}, "walks": {"model": "covisitation"}}
    config = tiny_config(
        tmp_path,
        recommender={"sources": sources},
        training={"refit": False},
        evaluation={"k": 5, "depth": 20},
        gate={"baselines": (), "memory_days": 0, "undecided": "live", "min_queries": 10},
        publish={"mode": "force", "forced_by": "a test", "forced_why": "to compare"},
    )
    for as_of, seed in ((AS_OF - WEEK, 0), (AS_OF, 1)):
        write_tiny_snapshot(config, as_of, seed=seed)
        day = Day(config, as_of)
        for region in BOTH:
            embed_all(day, region)
            build_shard.run(day, region)
            evaluate_model.run(day, region)
        publish(day)
    write_tiny_snapshot(config, AS_OF + WEEK, seed=2)
    found = backtest.run(config, AS_OF, AS_OF)
    means = found["means"]
    assert {"model", "source_recent", "source_walks", "champion", "popularity"} <= set(means)
    assert len({tuple(sorted(one.items())) for one in means.values()}) > 4
    assert means["champion"]["num_queries"] == found["num_queries"]


@pytest.mark.pipeline
def test_a_list_in_place_of_a_refused_model_breaks_no_promise(tmp_path: Path) -> None:
    """The first release of a refused model serves the popular list: nobody promised its recall."""
    config = tiny_config(tmp_path, evaluation={"k": 5, "depth": 20})
    release = run_day(config, bad=("east", "west"))
    assert {entry.serves for entry in release.regions.values()} == {"popular"}
    write_tiny_snapshot(config, AS_OF + WEEK, seed=1)
    (day,) = backtest.run(config, AS_OF, AS_OF)["days"].values()
    assert (day["promised"], day["parted"]) == ({}, [])


def test_what_was_seen_since_is_left_out_and_strangers_get_what_strangers_get(
    tmp_path: Path,
) -> None:
    """A shard that is older than the view: its order stays, without what was met since."""
    config = make_config(tmp_path)
    snapshot = write_tiny_snapshot(config)
    holdout = read_holdout(snapshot, EAST, config.task)
    ids = holdout.candidate_ids
    order = np.arange(len(ids), dtype=np.int64)[::-1]
    popular = ListSource(order, np.arange(len(ids), dtype=np.float32))
    shard = SimpleNamespace(
        candidate_ids=ids,
        query_ids=holdout.query_ids.slice(1),  # the first query is unknown
        proposers=(Proposer("list", popular, 10),),
        ranker=ReciprocalRank(),
        popular=popular,
        exclude_seen=True,
        seen=RowPairs.none(len(holdout.query_ids) - 1),
    )
    served = Served(cast("Shard", shard), "model", holdout, 8)
    seen = RowPairs.of(np.array([0, 1]), order[[0, 1]], len(holdout.query_ids))
    rows, scores = served.search(np.array([1, 0]), 8, seen)
    assert rows[0].tolist() == [order[0], *order[2:8], -1]
    assert rows[1].tolist() == [*order[1:8], -1]
    assert np.isinf(scores[0]).tolist() == [False] * 7 + [True]


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
