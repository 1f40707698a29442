"""Several sources of a region: listed, judged together and alone, stored, and served alike."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphrec.jobs import build_shard, fit_ranker, generate_embeddings, train_model
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.model import CovisitationConfig, PopularityConfig
from graphrec_core.day import Day, evaluation_ref
from graphrec_core.errors import LeakageError
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.evaluation.measure import measure
from graphrec_core.judging import blocks, scorer_lists
from graphrec_core.judging.embedded import embedded_lists
from graphrec_core.judging.evaluate import produce_evaluation
from graphrec_core.judging.fitted import fitted_source, popular_list, scorer_inputs
from graphrec_core.judging.reference import reapply
from graphrec_core.judging.scorer_lists import read_scored_view
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import list_file, topn_file
from graphrec_core.lake.records import RankerFigures, ShardFigures
from graphrec_core.ledger.past import read_past
from graphrec_core.models.covisitation import Covisitation
from graphrec_core.report.systems import recommender_title, system_colours
from graphrec_core.retrieval.from_shard import ranking_table, recommend_from_shard
from graphrec_core.retrieval.learned_ranker import LearnedRanker
from graphrec_core.retrieval.shard import open_shard
from graphrec_core.retrieval.sources import DenseSource, TableSource
from graphrec_core.training.region_model import produce_model
from graphrec_core.types import Region, View
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot
from tests.support.steps import embed_all

pytestmark = pytest.mark.pipeline

EAST = Region("east")
TASTE = {"model": "lightgcn", "embedding_dim": 8, "num_layers": 2}
WALKS = {"model": "covisitation"}
RECENT = {"model": "popularity", "window_days": 40}


def make_config(root: Path, **sources: dict[str, Any]) -> PipelineConfig:
    return tiny_config(
        root,
        recommender={"sources": sources},
        training={"num_epochs": 3, "refit": False},
        evaluation={"k": 5, "depth": 30, "recent_days": 40},  # before either instant alike
        gate={"baselines": (), "memory_days": 0},
    )


def listed(table: pa.Table) -> dict[str, list[tuple[str, float]]]:
    """Query -> its candidates and scores, in order."""
    found: dict[str, list[tuple[str, float]]] = {}
    for row in table.to_pylist():
        found.setdefault(row["query_id"], []).append((row["candidate_id"], row["score"]))
    return found


@pytest.mark.parametrize(
    "sources",
    [
        {"taste": TASTE},
        {"walks": WALKS},
        {"recent": RECENT},
        {"taste": TASTE, "walks": WALKS},
        {"taste": {**TASTE, "quota": 3}, "walks": {**WALKS, "quota": 2}, "recent": RECENT},
    ],
    ids=lambda sources: "-".join(sources),
)
def test_what_serves_is_what_was_judged(tmp_path: Path, sources: dict[str, Any]) -> None:
    """On one and the same view, the shard and the evaluation give equal lists."""
    config = make_config(tmp_path, **sources)
    day = Day(config, AS_OF)
    write_tiny_snapshot(config, same_views=True)
    embed_all(day, EAST)
    build_shard.run(day, EAST)
    evaluation = produce_evaluation(day, EAST)

    shard = open_shard(day.open(day.ref(StepName.SHARD, EAST)))
    judged = listed(evaluation.read_table("topk.parquet"))
    ranking = next(recommend_from_shard(shard, "model", shard.home_rows(), 30))
    table = ranking_table(shard, ranking)
    served = listed(table)
    assert len(judged) > 50
    for query, found in judged.items():
        assert [name for name, _ in served[query]] == [name for name, _ in found]
        scores = [score for _, score in found]
        assert [score for _, score in served[query]] == pytest.approx(scores, rel=1e-5, abs=1e-6)
    named = {name for names in table["sources"].to_pylist() for name in names}
    assert named - {"popular"} == set(sources)


def test_a_learned_ranker_serves_as_it_was_judged(tmp_path: Path) -> None:
    """A day's horizon keeps every event out of either instant's windows of days."""
    sources = {"taste": TASTE, "walks": {**WALKS, "quota": 9}, "recent": RECENT}
    config = make_config(tmp_path, **sources)
    recommender = {"sources": sources, "ranker": {"model": "lightgbm", "min_leaf_pairs": 5}}
    config = PipelineConfig.model_validate(
        {
            **config.model_dump(mode="json"),
            "recommender": recommender,
            "time": {"horizon_days": 1},
        }
    )
    write_tiny_snapshot(config, same_views=True)
    embed_all(Day(config, AS_OF), EAST)
    day = Day(config, AS_OF)
    fitted = fit_ranker.run(day).figures(RankerFigures)
    build_shard.run(day, EAST)
    evaluation = produce_evaluation(day, EAST)
    shard = open_shard(day.open(day.ref(StepName.SHARD, EAST)))
    assert isinstance(shard.ranker, LearnedRanker)
    ranking = next(recommend_from_shard(shard, "model", shard.home_rows(), 30))
    judged, served = evaluation.read_table("topk.parquet"), ranking_table(shard, ranking)
    kept = served.filter(pc.is_in(served["query_id"], judged["query_id"].combine_chunks()))
    columns = ["query_id", "rank", "candidate_id"]
    assert judged.num_rows > 1000
    assert kept.select(columns).equals(judged.select(columns))
    np.testing.assert_allclose(kept["score"], judged["score"], rtol=1e-6)
    # It is no other order: neither that of reciprocal ranks nor that of a source.
    merged = PipelineConfig.model_validate(
        {**config.model_dump(mode="json"), "recommender": {"sources": sources}}
    )
    other = produce_evaluation(Day(merged, AS_OF), EAST).read_table("topk.parquet")
    assert not other.select(columns).equals(judged.select(columns))
    assert fitted.regions == (EAST,)
    assert fitted.left_out[Region("west")]


def test_each_of_several_sources_is_measured_alone_too(tmp_path: Path) -> None:
    """Alone it is measured as a pipeline that has no other source measures it."""
    both = make_config(tmp_path / "both", taste=TASTE, walks=WALKS)
    metrics = _judged(both).manifest.stats["metrics"]
    assert {"model", "source_taste", "source_walks"} <= set(metrics)
    for name, settings in {"taste": TASTE, "walks": WALKS}.items():
        alone = _judged(make_config(tmp_path / name, **{name: settings})).manifest.stats["metrics"]
        assert metrics[f"source_{name}"] == alone["model"] != metrics["model"]
        assert not [system for system in alone if system.startswith("source_")]


def test_an_only_source_is_measured_alone_where_a_learned_ranker_orders_it(tmp_path: Path) -> None:
    recommender = {
        "sources": {"walks": WALKS},
        "ranker": {"model": "lightgbm", "min_leaf_pairs": 5},
    }
    config = make_config(tmp_path / "ranked", walks=WALKS)
    config = PipelineConfig.model_validate(
        {**config.model_dump(mode="json"), "recommender": recommender}
    )
    write_tiny_snapshot(config)
    fit_ranker.run(Day(config, AS_OF))
    metrics = _judged(config).manifest.stats["metrics"]
    alone = _judged(make_config(tmp_path / "alone", walks=WALKS)).manifest.stats["metrics"]
    assert metrics["source_walks"] == alone["model"] != metrics["model"]
    assert "source_walks" in system_colours(config.recommender)
    assert recommender_title(config.recommender).endswith("ordered by a learned ranker")


def _judged(config: PipelineConfig) -> Artifact:
    day = Day(config, AS_OF)
    write_tiny_snapshot(config)
    embed_all(day, EAST, [View.TRAIN])
    return produce_evaluation(day, EAST)


@pytest.mark.parametrize("quota", [2, 300])
@pytest.mark.parametrize("seen", [True, False])
def test_a_table_gives_what_the_scores_behind_it_give(
    tmp_path: Path, quota: int, *, seen: bool
) -> None:
    """Also where what was seen is left in, and for guests from across the border."""
    config = make_config(tmp_path, walks={**WALKS, "quota": quota})
    config = config.model_copy(
        update={"task": config.task.model_copy(update={"exclude_seen": seen})}
    )
    day, snapshot = Day(config, AS_OF), write_tiny_snapshot(config, num_places=400)
    embed_all(day, EAST, [View.TRAIN])
    read = read_scored_view(snapshot, View.TRAIN, EAST, config.task, AS_OF)
    embedding = day.open(day.ref(StepName.EMBED, EAST, View.TRAIN, "walks"))
    stored = embedded_lists(embedding, View.TRAIN, EAST, read.query_ids, read.candidate_ids)
    scorer = Covisitation(CovisitationConfig())
    scorer.fit(read.inputs)
    rows = np.arange(len(read.query_ids))
    left_out = read.seen if seen else read.seen.none(len(rows))
    found, expected = (
        source.search(rows, quota, left_out) for source in (stored, DenseSource(scorer.scores))
    )
    assert isinstance(stored, TableSource)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_blocks_change_nothing_and_their_size_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    files = []
    for name, cells in (("whole", 2**24), ("cut", 200)):
        monkeypatch.setattr(blocks, "MAX_CELLS", cells)
        monkeypatch.setattr(scorer_lists, "TELL_EVERY", 2)
        config = make_config(tmp_path / name, walks=WALKS)
        write_tiny_snapshot(config)
        with caplog.at_level(logging.INFO):
            made = generate_embeddings.run(Day(config, AS_OF), EAST, View.SERVE, ["walks"])
        files.append(made["walks"].files)
    assert files[0] == files[1]
    assert "scored 10 of 60 queries" in caplog.text  # 5 queries at a time, of 40 candidates


def test_a_scorer_that_asks_nothing_is_one_list(tmp_path: Path) -> None:
    config = make_config(tmp_path, recent=RECENT)
    day, snapshot = Day(config, AS_OF), write_tiny_snapshot(config)
    embed_all(day, EAST, [View.TRAIN])
    embedding = day.open(day.ref(StepName.EMBED, EAST, View.TRAIN, "recent"))
    assert set(embedding.manifest.files) == {list_file(View.TRAIN, EAST)}
    holdout = read_holdout(snapshot, EAST, config.task)
    inputs = scorer_inputs(holdout, config.time.end_of(AS_OF, View.TRAIN))
    expected = popular_list(inputs, 40)
    found = embedded_lists(embedding, View.TRAIN, EAST, holdout.query_ids, holdout.candidate_ids)
    np.testing.assert_array_equal(found.rows, expected.rows)
    assert fitted_source(PopularityConfig(), inputs).rows.shape == expected.rows.shape


@pytest.mark.parametrize("settings", [WALKS, RECENT], ids=["table", "list"])
def test_lists_that_have_seen_the_holdout_are_refused(
    tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failing twin of honest lists: those of the serve view, made and named as the others."""
    config = make_config(tmp_path, own=settings)
    day, snapshot = Day(config, AS_OF), write_tiny_snapshot(config)
    honest = scorer_lists.read_scored_view

    def of_the_serve_view(*_: object) -> scorer_lists.ScoredView:
        return honest(snapshot, View.SERVE, EAST, config.task, AS_OF)

    monkeypatch.setattr("graphrec_core.judging.scorer_lists.read_scored_view", of_the_serve_view)
    embed_all(day, EAST, [View.TRAIN])
    with pytest.raises(LeakageError, match="trained on the serve view"):
        produce_evaluation(day, EAST)


def test_files_of_the_serve_view_are_refused_whatever_the_manifest_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path, walks=WALKS)
    day = Day(config, AS_OF)
    write_tiny_snapshot(config)
    monkeypatch.setattr(scorer_lists, "topn_file", lambda _, region: topn_file(View.SERVE, region))
    embed_all(day, EAST, [View.TRAIN])
    with pytest.raises(LeakageError, match="file view=serve/"):
        produce_evaluation(day, EAST)


def test_an_earlier_recommender_is_re_applied_whole(tmp_path: Path) -> None:
    """On its own day it proposes what it proposed: by its weights, its settings and its ranker."""
    config = make_config(tmp_path, taste={**TASTE, "quota": 4}, walks=WALKS, recent=RECENT)
    config = PipelineConfig.model_validate(
        {
            **config.model_dump(mode="json"),
            "recommender": {
                **config.recommender.model_dump(mode="json"),
                "ranker": {"offset": 3},
            },
        }
    )
    day, snapshot = Day(config, AS_OF), write_tiny_snapshot(config)
    embed_all(day, EAST)
    shard = build_shard.run(day, EAST)
    evaluation = produce_evaluation(day, EAST)
    holdout = read_holdout(snapshot, EAST, config.task)
    # Another configuration re-applies it: nothing of today's recommender is part of it.
    other = make_config(tmp_path, walks=WALKS)
    found = reapply(read_past(Day(other, AS_OF).lake), snapshot, EAST, shard.id, holdout)
    assert found.system is not None
    inputs = scorer_inputs(holdout, config.time.end_of(AS_OF, View.TRAIN))
    popular = popular_list(inputs, config.evaluation.recent_days)
    measured = measure(holdout, {"again": found.system}, popular, config.evaluation)
    assert listed(measured.topk["again"]) == listed(evaluation.read_table("topk.parquet"))
    figures = shard.figures(ShardFigures)
    assert [one.kind for one in figures.sources] == ["list", "index", "table"]


def test_another_quota_is_another_recommender(tmp_path: Path) -> None:
    """It has the same models, so nothing is trained again, but it is compared with what serves."""
    config = make_config(tmp_path, taste=TASTE, walks=WALKS)
    fewer = make_config(tmp_path, taste={**TASTE, "quota": 9}, walks=WALKS)
    write_tiny_snapshot(config)
    embed_all(Day(config, AS_OF), EAST)
    embed_all(Day(fewer, AS_OF), EAST)
    made = Day(config, AS_OF).lake.storage.files("tiny/models")
    assert len([name for name in made if name.endswith("manifest.json")]) == 1
    first, second = Day(config, AS_OF), Day(fewer, AS_OF)
    past = read_past(first.lake)
    assert evaluation_ref(first, past, EAST).id != evaluation_ref(second, past, EAST).id


def test_a_scorer_is_not_trained(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = make_config(tmp_path, walks=WALKS)
    with caplog.at_level(logging.INFO):
        assert train_model.run(Day(config, AS_OF), EAST, ["walks"]) == {}
    assert "walks is a scorer" in caplog.text
    with pytest.raises(Exception, match="whose model is an encoder"):
        produce_model(Day(config, AS_OF), EAST, "walks")
