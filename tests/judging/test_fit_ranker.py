"""fit-ranker: what it is fitted to, what it leaves out, and what it must not have seen."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.jobs import build_shard, fit_ranker, train_model
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.embedding import inference
from graphrec_core.errors import AbsentError, ConfigError, DamagedError
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.evaluation.measure import measure
from graphrec_core.judging import ranker_window
from graphrec_core.judging.evaluate import produce_evaluation
from graphrec_core.judging.fitted import popular_list, scorer_inputs
from graphrec_core.judging.ranker_window import RankerWindow, WindowReader
from graphrec_core.judging.reference import reapply
from graphrec_core.lake.layout import edges_file, holdout_file
from graphrec_core.lake.records import RankerFigures, ShardFigures
from graphrec_core.ledger.past import read_past
from graphrec_core.report.found import find_day
from graphrec_core.retrieval.learned_ranker import TREES_FILE
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.recommit import replace_file
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot, write_verdict
from tests.support.steps import embed_all

EAST, WEST = Region("east"), Region("west")
SCORERS = {"recent": {"model": "popularity"}, "walks": {"model": "covisitation", "quota": 9}}
TASTE = {"taste": {"model": "lightgcn", "embedding_dim": 8}}
TREES = {"model": "lightgbm", "num_rounds": 20, "min_leaf_pairs": 5}


def make_config(root: Path, sources: dict[str, Any] = SCORERS, **trees: Any) -> PipelineConfig:
    return tiny_config(
        root,
        recommender={"sources": sources, "ranker": {**TREES, **trees}},
        training={"num_epochs": 3, "refit": False},
        evaluation={"k": 5, "depth": 20},
        gate={"baselines": (), "memory_days": 0},
    )


def fit(config: PipelineConfig) -> tuple[RankerFigures, bytes]:
    day = Day(config, AS_OF)
    figures = fit_ranker.run(day).figures(RankerFigures)
    found = day.open(day.ref(StepName.RANKER))
    return figures, found.read(TREES_FILE) if found.has(TREES_FILE) else b""


def test_it_is_fitted_to_what_was_met_after_the_fit_view(tmp_path: Path) -> None:
    config = make_config(tmp_path, negatives_frac=1.0)
    snapshot = write_tiny_snapshot(config)
    figures, trees = fit(config)
    num_clicks, num_pairs = 0, 0
    for region in (EAST, WEST):
        (window,) = WindowReader(Day(config, AS_OF), snapshot).read(region)
        holdout = read_holdout(snapshot, region, config.task, View.FIT)
        # All that a query has not seen is proposed by popularity: every target is among it.
        assert window.is_met.sum() == holdout.targets.counts.sum() > 40
        assert len(window.queries) == (40 - holdout.seen.counts).sum()
        num_clicks, num_pairs = num_clicks + window.is_met.sum(), num_pairs + len(window.queries)
    assert (figures.num_clicks, figures.num_pairs) == (num_clicks, num_pairs)
    assert figures.regions == (EAST, WEST)
    assert (figures.left_out, figures.why_none) == ({}, None)
    assert sum(figures.importance.values()) == pytest.approx(1, abs=0.01)
    # The places of a taste lie on one latitude, so this alone tells them from all others.
    assert max(figures.importance, key=figures.importance.__getitem__) == "nearness"
    assert b"walks_rank" in trees


def test_the_same_day_gives_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        config = make_config(tmp_path / name)
        write_tiny_snapshot(config)
        found.append(fit(config))
    assert found[0] == found[1]
    other = make_config(tmp_path / "one", seed=1)
    assert fit(other)[1] != found[0][1]


@pytest.mark.parametrize("view", [View.TRAIN, View.SERVE])
def test_it_has_seen_nothing_after_the_fit_holdout(tmp_path: Path, view: View) -> None:
    """Other pairs of the later views and of the holdout change not a byte."""
    config = make_config(tmp_path / "as_it_is")
    write_tiny_snapshot(config)
    wanted = fit(config)
    config = make_config(tmp_path / "changed")
    snapshot, storage = write_tiny_snapshot(config), Day(config, AS_OF).lake.storage
    for name, of in (
        (edges_file(view, "visited", EAST), edges_file(View.FIT, "visited", EAST)),
        (holdout_file(EAST), holdout_file(EAST, View.FIT)),
    ):
        assert snapshot.read(name) != snapshot.read(of)
        replace_file(storage, snapshot, name, snapshot.read(of))
    assert fit(config) == wanted
    # Its twin: of what it is fitted to, each file counts.
    file = holdout_file(EAST, View.FIT)
    config = make_config(tmp_path / "other")
    snapshot, storage = write_tiny_snapshot(config), Day(config, AS_OF).lake.storage
    replace_file(storage, snapshot, file, snapshot.read(holdout_file(EAST)))
    assert fit(config) != wanted


def test_a_region_without_a_model_is_left_out_and_named(tmp_path: Path) -> None:
    config = make_config(tmp_path, {**SCORERS, **TASTE})
    write_tiny_snapshot(config)
    with pytest.raises(AbsentError, match="needs a model of source taste"):
        fit_ranker.run(Day(config, AS_OF))
    train_model.run(Day(config, AS_OF), EAST, list(config.recommender.sources))
    one, _ = fit(config)
    assert (one.regions, list(one.left_out)) == ((EAST,), [WEST])
    first = Day(config, AS_OF).ref(StepName.RANKER).id
    train_model.run(Day(config, AS_OF), WEST, list(config.recommender.sources))
    assert Day(config, AS_OF).ref(StepName.RANKER).id != first
    both, _ = fit(config)
    assert (both.regions, both.left_out) == ((EAST, WEST), {})


def test_a_region_whose_encoder_was_not_fitted_to_the_fit_view_is_left_out(tmp_path: Path) -> None:
    """With too few judged queries an encoder has no weights of the fit view; scorers go on."""
    sage = {"sage": {"model": "graphsage", "embedding_dim": 8}}
    config = make_config(tmp_path, {**SCORERS, **sage})
    few = {"training": {"num_epochs": 2, "fixed_epochs": 2, "min_queries": 1000}}
    config = PipelineConfig.model_validate({**config.model_dump(mode="json"), **few})
    write_tiny_snapshot(config)
    for region in (EAST, WEST):
        train_model.run(Day(config, AS_OF), region, list(config.recommender.sources))
    figures, _ = fit(config)
    assert list(figures.left_out) == [EAST, WEST]
    assert "training.min_queries is 1000" in figures.left_out[EAST]
    assert figures.why_none == "0 queries with a click, training.min_queries is 1000"


def test_a_broken_region_is_left_out_and_named(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    write_tiny_snapshot(config)
    day = Day(config, AS_OF)
    shutil.rmtree(day.lake.storage.uri(day.ref(StepName.CHECK).folder).removeprefix("file://"))
    write_verdict(config, AS_OF, (EAST,), {WEST: "half its users are gone"})
    figures, _ = fit(config)
    assert figures.regions == (EAST,)
    assert figures.left_out == {WEST: "broken: half its users are gone"}


def test_damage_is_a_fault_and_leaves_no_region_out(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    snapshot = write_tiny_snapshot(config)
    file = f"{snapshot.base}/{holdout_file(WEST, View.FIT)}"
    day = Day(config, AS_OF)
    day.lake.storage.write(file, b"x")
    with pytest.raises(DamagedError):
        fit_ranker.run(day)
    assert day.find(day.ref(StepName.RANKER)) is None


def test_a_damaged_model_changes_no_id_and_stops_no_other(tmp_path: Path) -> None:
    config = make_config(tmp_path, {**SCORERS, **TASTE})
    write_tiny_snapshot(config)
    for region in (EAST, WEST):
        train_model.run(Day(config, AS_OF), region, list(config.recommender.sources))
    whole = Day(config, AS_OF)
    wanted = whole.ref(StepName.RANKER).id
    model = whole.open(whole.ref(StepName.TRAIN, WEST, source="taste"))
    whole.lake.storage.write(f"{model.base.rpartition('/')[0]}/manifest.json", b"{")
    assert Day(config, AS_OF).ref(StepName.RANKER).id == wanted
    found = find_day(config, AS_OF)  # what status and the report read
    assert list(found.damaged) == ["the model of west, taste"]


def test_trees_that_tell_nothing_are_no_ranker(tmp_path: Path) -> None:
    """All chances would be equal, and the order that of the candidates' ids."""
    config = make_config(tmp_path, min_leaf_pairs=1_000_000)
    write_tiny_snapshot(config)
    figures, trees = fit(config)
    assert figures.why_none == "no feature tells clicks from the rest"
    assert (figures.regions, trees) == ((), b"")
    assert figures.num_clicks > 40


def test_without_a_snapshot_the_snapshot_is_what_is_missing(tmp_path: Path) -> None:
    config = make_config(tmp_path, {**SCORERS, **TASTE})
    with pytest.raises(AbsentError, match="snapshots/"):
        fit_ranker.run(Day(config, AS_OF))


def test_how_many_queries_are_taken_at_a_time_changes_not_a_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path / "at_once")
    write_tiny_snapshot(config)
    wanted = fit(config)
    monkeypatch.setattr(ranker_window, "block_size", lambda _: 7)
    config = make_config(tmp_path / "in_parts")
    write_tiny_snapshot(config)
    assert fit(config) == wanted


def test_a_global_model_is_applied_once_for_all_regions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path, {"taste": {**TASTE["taste"], "scope": "global"}})
    snapshot = write_tiny_snapshot(config)
    train_model.run(Day(config, AS_OF), ALL_REGIONS, ["taste"])
    day, asked = Day(config, AS_OF), []
    alone = [next(WindowReader(day, snapshot).read(one)).features for one in (EAST, WEST)]
    embed = inference.embed_view
    monkeypatch.setattr(
        inference, "embed_view", lambda *at, **how: asked.append(at[2]) or embed(*at, **how)
    )
    reader = WindowReader(day, snapshot)
    together = [next(reader.read(one)).features for one in (EAST, WEST)]
    assert asked == [ALL_REGIONS]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_a_past_lists_are_merged_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = make_config(tmp_path)
    write_tiny_snapshot(config, has_fit=False)
    figures, trees = fit(config)
    assert figures.why_none == "0 queries with a click, training.min_queries is 30"
    assert trees == b""
    assert "no ranker is fitted" in caplog.text
    embed_all(Day(config, AS_OF), EAST)
    shard = build_shard.run(Day(config, AS_OF), EAST).figures(ShardFigures)
    assert shard.ranker == {"model": "reciprocal_rank", "offset": 60}
    judged = produce_evaluation(Day(config, AS_OF), EAST)
    merged = tiny_config(
        tmp_path,
        **{
            **config.model_dump(mode="json", exclude={"pipeline", "source"}),
            "recommender": {"sources": SCORERS},
        },
    )
    again = produce_evaluation(Day(merged, AS_OF), EAST)
    assert again.manifest.id != judged.manifest.id
    assert again.read_table("topk.parquet").equals(judged.read_table("topk.parquet"))


def test_a_ranker_that_needs_no_fitting_is_refused(tmp_path: Path) -> None:
    config = tiny_config(tmp_path, recommender={"sources": SCORERS})
    write_tiny_snapshot(config)
    with pytest.raises(ConfigError, match=r"recommender\.ranker\.model=lightgbm"):
        fit_ranker.run(Day(config, AS_OF))


@pytest.mark.pipeline
def test_an_earlier_learned_ranker_is_re_applied(tmp_path: Path) -> None:
    """On its own day it proposes what it proposed."""
    config = make_config(tmp_path, {**SCORERS, **TASTE})
    snapshot = write_tiny_snapshot(config)
    embed_all(Day(config, AS_OF), EAST)
    fit_ranker.run(Day(config, AS_OF))
    shard = build_shard.run(Day(config, AS_OF), EAST)
    evaluation = produce_evaluation(Day(config, AS_OF), EAST)
    holdout = read_holdout(snapshot, EAST, config.task)
    other = tiny_config(tmp_path, recommender={"model": "popularity"})
    found = reapply(read_past(Day(other, AS_OF).lake), snapshot, EAST, shard.id, holdout)
    assert found.system is not None, found.why_not
    inputs = scorer_inputs(holdout, config.time.end_of(AS_OF, View.TRAIN))
    popular = popular_list(inputs, config.evaluation.recent_days)
    measured = measure(holdout, {"again": found.system}, popular, config.evaluation)
    assert measured.topk["again"].equals(evaluation.read_table("topk.parquet"))


def test_the_sample_keeps_every_click_and_a_share_of_the_rest_that_no_feature_moves() -> None:
    """Hardest negatives kept whole would teach that what ranks high is not met."""
    random = np.random.default_rng(0)
    rank = np.tile(np.arange(100), 400)
    queries, is_met = np.repeat(np.arange(400), 100), random.random(40_000) < 0.02
    is_met[queries == 7] = False
    window = RankerWindow(EAST, rank[:, None].astype(np.float32), is_met, queries)
    kept = window.sampled(0.25, np.random.default_rng(1))
    assert kept.is_met.sum() == is_met.sum()
    assert 7 not in kept.queries
    negatives = ~is_met & np.isin(queries, queries[is_met])
    for first in range(0, 100, 10):
        of_ranks = (rank >= first) & (rank < first + 10)
        ranks = kept.features[:, 0]
        num = (~kept.is_met & (ranks >= first) & (ranks < first + 10)).sum()
        share = num / (of_ranks & negatives).sum()
        assert share == pytest.approx(0.25, abs=0.03)
