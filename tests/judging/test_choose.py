"""choose-recommender: who is chosen, by what, and that it serves as it does alone."""

import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.jobs import build_shard, choose_recommender, fit_ranker, train_model
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.model import PopularityConfig
from graphrec_core.config.recommender import OWN
from graphrec_core.day import Day, evaluation_ref, recommender_id
from graphrec_core.errors import AbsentError, ConfigError, GateRefusedError
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.judging import fit_view
from graphrec_core.judging.contenders import ready
from graphrec_core.judging.evaluate import produce_evaluation
from graphrec_core.judging.fit_view import FitView
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, holdout_file
from graphrec_core.lake.records import ChoiceFigures, EvaluationFigures
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, list_releases
from graphrec_core.retrieval.chance_model import TreeModel
from graphrec_core.retrieval.from_shard import ranking_table, recommend_from_shard
from graphrec_core.retrieval.shard import open_shard
from graphrec_core.types import Region, View, format_instant
from tests.support.days import publish
from tests.support.recommit import replace_file
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot
from tests.support.steps import embed_all

EAST, WEST = Region("east"), Region("west")
NEXT = AS_OF + timedelta(days=1)
SOURCES: dict[str, Any] = {
    "recent": {"model": "popularity", "window_days": 28},
    "walks": {"model": "covisitation", "quota": 9},
}
TREES = {"model": "lightgbm", "num_rounds": 20, "min_leaf_pairs": 5, "num_windows": 2}
ALONE = {"walking": {"sources": ["walks"]}}
LEARNED = {"learned": {"ranker": TREES}}


def make_config(root: Path, challengers: dict[str, Any], **recommender: Any) -> PipelineConfig:
    section = {"sources": SOURCES, "challengers": challengers, **recommender}
    return tiny_config(
        root,
        recommender={name: one for name, one in section.items() if one},
        training={"num_epochs": 3, "refit": False},
        evaluation={"k": 5, "depth": 20},
        gate={"baselines": (), "memory_days": 0},
    )


def choose(config: PipelineConfig) -> ChoiceFigures:
    return choose_recommender.run(Day(config, AS_OF)).figures(ChoiceFigures)


def write_days(config: PipelineConfig) -> Artifact:
    """The day and the one before it, whose window a ranker may be fitted to."""
    write_tiny_snapshot(config, AS_OF - config.time.horizon, seed=1)
    return write_tiny_snapshot(config)


def test_the_best_one_of_the_fit_holdout_is_chosen(tmp_path: Path) -> None:
    """Places of a taste are met together, so that walks find what popularity cannot."""
    config = make_config(tmp_path, ALONE | {"popular_ones": {"sources": ["recent"]}})
    snapshot = write_tiny_snapshot(config)
    figures = choose(config)
    assert figures.chosen == {EAST: "walking", WEST: "walking"}
    assert figures.chosen_by == {EAST: "region", WEST: "region"}
    assert (figures.unjudged, figures.left_out) == ({}, {})
    for region, contest in figures.regions.items():
        holdout = read_holdout(snapshot, region, config.task, View.FIT)
        assert contest.num_queries == len(holdout.query_ids) > 30
        scores = {name: one.score for name, one in contest.contenders.items()}
        assert set(scores) == {OWN, "popular_ones", "walking"}
        assert max(scores, key=scores.__getitem__) == "walking"
        recall, mrr = _by_hand(Day(config, AS_OF), snapshot, region, "walks")
        found = contest.contenders["walking"].metrics
        assert found["recall"] == pytest.approx(recall)
        assert found["mrr"] == pytest.approx(mrr)
        assert scores["walking"] == pytest.approx((recall * mrr) ** 0.5)
    total = sum(one.num_queries for one in figures.regions.values())
    assert figures.pool.num_queries == total


def _by_hand(day: Day, snapshot: Artifact, region: Region, source: str) -> tuple[float, float]:
    """Recall@5 and MRR of a source alone, query by query, ties and filling up included."""
    view = FitView(day, snapshot)
    holdout = view.holdout(region)
    recalls, ranks = [], []
    proposer, popular = (view.proposer(region, one, holdout) for one in (source, "recent"))
    everyone = np.arange(len(holdout.query_ids))
    first = proposer.source.search(everyone, proposer.quota, holdout.seen)[0].tolist()
    rest = popular.source.search(everyone, 300, holdout.seen)[0].tolist()
    for row in everyone:
        targets = set(holdout.targets.block(np.array([row]))[1].tolist())
        found = [one for one in dict.fromkeys(first[row] + rest[row]) if one >= 0][:20]
        recalls.append(len(targets & set(found[:5])) / len(targets))
        hits = [place for place, one in enumerate(found, 1) if one in targets]
        ranks.append(1 / hits[0] if hits else 0.0)
    return float(np.mean(recalls)), float(np.mean(ranks))


def test_what_a_regions_contenders_share_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pairs as a matrix, of which each source and the popular list make their scores."""
    config = make_config(tmp_path, ALONE | {"popular_ones": {"sources": ["recent"]}})
    write_tiny_snapshot(config)
    made: list[datetime] = []
    whole = fit_view.scorer_inputs
    monkeypatch.setattr(
        fit_view, "scorer_inputs", lambda holdout, end: made.append(end) or whole(holdout, end)
    )
    assert len(choose(config).regions) == 2 == len(made)


@pytest.mark.parametrize("view", [View.TRAIN, View.SERVE])
def test_the_choice_has_seen_nothing_after_the_fit_holdout(tmp_path: Path, view: View) -> None:
    """Other pairs of the later views and of the holdout change not a figure."""
    wanted = _figures_after(tmp_path / "as_it_is", {})
    later = {
        edges_file(view, "visited", EAST): edges_file(View.FIT, "visited", EAST),
        holdout_file(EAST): holdout_file(EAST, View.FIT),
    }
    assert _figures_after(tmp_path / "changed", later) == wanted
    # Its twin: what it is chosen by counts.
    other = {holdout_file(EAST, View.FIT): holdout_file(EAST)}
    assert _figures_after(tmp_path / "other", other) != wanted


def _figures_after(root: Path, replaced: dict[str, str]) -> ChoiceFigures:
    config = make_config(root, ALONE | LEARNED)
    snapshot = write_days(config)
    for name, other in replaced.items():
        storage = Day(config, AS_OF).lake.storage
        assert snapshot.read(name) != snapshot.read(other)
        replace_file(storage, snapshot, name, snapshot.read(other))
    return choose(config)


def test_a_fitted_contender_has_not_seen_the_queries_that_it_is_judged_by(tmp_path: Path) -> None:
    config = make_config(tmp_path / "as_it_is", LEARNED)
    write_days(config)
    wanted = _trees(config)
    own, earlier = ((AS_OF, True), (AS_OF - config.time.horizon, False))
    for number, (as_of, is_equal) in enumerate((own, earlier)):
        config = make_config(tmp_path / str(number), LEARNED)
        snapshots = {AS_OF: write_days(config)}
        day = Day(config, AS_OF)
        before = Day(config, AS_OF - config.time.horizon)
        snapshots[before.as_of] = before.open(before.ref(StepName.SNAPSHOT))
        changed, file = snapshots[as_of], holdout_file(EAST, View.FIT)
        replace_file(day.lake.storage, changed, file, changed.read(holdout_file(EAST)))
        assert (_trees(config) == wanted) == is_equal


def _trees(config: PipelineConfig) -> str:
    contenders, _ = ready(Day(config, AS_OF), [EAST, WEST])
    model = contenders["learned"].model
    assert isinstance(model, TreeModel)
    return model.text


def test_without_an_earlier_window_a_fitted_one_does_not_compete(tmp_path: Path) -> None:
    config = make_config(tmp_path / "challenger", LEARNED)
    write_tiny_snapshot(config)
    figures = choose(config)
    assert set(figures.chosen.values()) == {OWN}
    assert list(figures.unjudged) == ["learned"]
    assert "0 queries with a click" in figures.unjudged["learned"]
    # What is configured stands, where it cannot be compared.
    config = make_config(tmp_path / "own", ALONE, ranker=TREES)
    write_tiny_snapshot(config)
    figures = choose(config)
    assert (list(figures.unjudged), set(figures.chosen_by.values())) == ([OWN], {"default"})
    assert set(figures.chosen.values()) == {OWN}


def test_a_region_with_too_few_queries_goes_with_all(tmp_path: Path) -> None:
    config = make_config(tmp_path, ALONE)
    config = _with(config, training={"min_queries": 70})
    write_tiny_snapshot(config)
    figures = choose(config)
    assert set(figures.chosen_by.values()) == {"pool"}
    assert set(figures.chosen.values()) == {"walking"}
    assert max(one.num_queries for one in figures.regions.values()) < 70


def test_without_a_past_the_configured_one_stays(tmp_path: Path) -> None:
    config = make_config(tmp_path, ALONE)
    write_tiny_snapshot(config, has_fit=False)
    figures = choose(config)
    assert set(figures.chosen.values()) == {OWN}
    assert set(figures.chosen_by.values()) == {"default"}


def test_a_region_without_a_model_is_not_judged_by_those_that_need_it(tmp_path: Path) -> None:
    sources = {**SOURCES, "taste": {"model": "lightgcn", "embedding_dim": 8}}
    config = make_config(tmp_path, ALONE, sources=sources)
    write_tiny_snapshot(config)
    with pytest.raises(AbsentError, match="needs a model of source taste"):
        choose(config)
    train_model.run(Day(config, AS_OF), EAST, list(sources))
    figures = choose(config)
    assert list(figures.left_out) == [WEST]
    assert figures.left_out[WEST] == {OWN: "no model of taste"}
    assert (figures.chosen[WEST], figures.chosen_by[WEST]) == (OWN, "default")
    assert set(figures.regions[EAST].contenders) == {OWN, "walking"}


@pytest.mark.parametrize(
    ("challengers", "alone"),
    [
        (ALONE, {"sources": {"walks": SOURCES["walks"]}}),
        (LEARNED, {"sources": SOURCES, "ranker": TREES}),
    ],
    ids=["one source", "a learned ranker"],
)
def test_what_is_chosen_is_judged_and_serves_as_it_does_alone(
    tmp_path: Path, challengers: dict[str, Any], alone: dict[str, Any]
) -> None:
    """Equal ids, bytes, candidates and scores, in a lake of its own."""
    config = make_config(tmp_path / "chosen", challengers)
    write_days(config)
    (name,) = challengers
    assert choose(config).chosen[EAST] == name
    single = _with(make_config(tmp_path / "alone", {}), recommender=alone)
    write_days(single)
    found = []
    for one in (config, single):
        day = Day(one, AS_OF)
        embed_all(day, EAST)
        if one.recommender.num_windows:
            fit_ranker.run(day)
        shard = build_shard.run(Day(one, AS_OF), EAST)
        evaluation = produce_evaluation(Day(one, AS_OF), EAST).manifest
        opened = open_shard(Day(one, AS_OF).open(Day(one, AS_OF).ref(StepName.SHARD, EAST)))
        ranking = next(recommend_from_shard(opened, "model", opened.home_rows(), 20))
        recommended = ranking_table(opened, ranking).to_pydict()
        files = [(made.id, made.files) for made in (shard, evaluation)]
        found.append((files, recommended, recommender_id(Day(one, AS_OF), EAST)))
    assert found[0] == found[1]
    names = {source for row in found[0][1]["sources"] for source in row} - {"popular"}
    assert names == set(alone["sources"])
    # It is no other recommender.
    own = Day(_with(config, recommender={"sources": SOURCES}), AS_OF)
    assert own.ref(StepName.SHARD, EAST).id != found[0][0][0][0]


def test_days_forwards_and_backwards_choose_alike(tmp_path: Path) -> None:
    stored = []
    for name in ("forwards", "backwards"):
        config = make_config(tmp_path / name, ALONE | LEARNED)
        days = [AS_OF, AS_OF - config.time.horizon, AS_OF - 2 * config.time.horizon]
        for number, as_of in enumerate(days):
            write_tiny_snapshot(config, as_of, seed=number)
        for as_of in reversed(days) if name == "forwards" else days:
            choose_recommender.run(Day(config, as_of))
        there = [Day(config, one).open(Day(config, one).ref(StepName.CHOICE)) for one in days]
        stored.append([(one.manifest.id, one.manifest.stats) for one in there])
    assert stored[0] == stored[1]


def test_a_scorer_that_proposes_otherwise_is_another_recommender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = Day(make_config(tmp_path, {}), AS_OF)
    before = recommender_id(day, EAST)
    assert recommender_id(day, EAST) == before
    monkeypatch.setattr(PopularityConfig, "version", 2)
    assert recommender_id(day, EAST) != before


def test_before_the_choice_nothing_is_judged(tmp_path: Path) -> None:
    config = make_config(tmp_path, ALONE)
    write_tiny_snapshot(config)
    embed_all(Day(config, AS_OF), EAST)
    for job in (produce_evaluation, build_shard.run):
        with pytest.raises(AbsentError, match="choices/"):
            job(Day(config, AS_OF), EAST)


@pytest.mark.parametrize("key", ["recommender", "recommender.challengers.other"])
def test_an_unknown_monotone_feature_of_a_contender_is_refused_at_once(
    tmp_path: Path, key: str
) -> None:
    """Its own sources tell what it knows: walks_score is nothing to who has none."""
    trees = {**TREES, "monotone": {"walks_score": 1}}
    own: dict[str, Any] = {
        "challengers": {"a": {}},
        "ranker": {**TREES, "monotone": {"warmth": 1}},
    }
    rival: dict[str, Any] = {"challengers": {"other": {"sources": ["recent"], "ranker": trees}}}
    config = make_config(tmp_path, **(own if key == "recommender" else rival))
    with pytest.raises(ConfigError, match=rf"{key}\.ranker\.monotone must name features"):
        choose(config)


def test_without_challengers_there_is_nothing_to_choose(tmp_path: Path) -> None:
    config = make_config(tmp_path, {})
    write_tiny_snapshot(config)
    with pytest.raises(ConfigError, match="needs a recommender with challengers"):
        choose(config)


def _with(config: PipelineConfig, **sections: Any) -> PipelineConfig:
    data = config.model_dump(mode="json")
    for name, one in sections.items():
        data[name] = one if name == "recommender" else {**data[name], **one}
    return PipelineConfig.model_validate(data)


def test_what_was_chosen_goes_live_and_is_the_next_days_champion(tmp_path: Path) -> None:
    config = _with(make_config(tmp_path, ALONE), gate={"min_queries": 20})
    release = _published(config, AS_OF)
    live = read_live(Day(config, AS_OF).lake).regions
    alone = Day(_with(config, recommender={"sources": {"walks": SOURCES["walks"]}}), AS_OF)
    for region in (EAST, WEST):
        assert live[region].shard_id == alone.ref(StepName.SHARD, region).id
        assert release.regions[region].recommender_id == recommender_id(alone, region)
    # The next day's is another one: what was chosen the day before is re-applied beside it.
    other = _with(config, recommender={"sources": SOURCES})
    _published(other, NEXT)
    day = Day(other, NEXT)
    evaluation = day.open(evaluation_ref(day, read_past(day.lake), EAST))
    assert evaluation.manifest.inputs["champion"] == live[EAST].shard_id
    figures = evaluation.manifest.figures(EvaluationFigures)
    assert figures.unmeasured == {}
    assert figures.metrics["champion"] == figures.metrics["source_walks"]
    # It is not held against itself.
    choose_recommender.run(Day(config, NEXT))
    assert "champion" not in evaluation_ref(Day(config, NEXT), read_past(day.lake), EAST).inputs


def _published(config: PipelineConfig, as_of: datetime) -> Release:
    write_tiny_snapshot(config, as_of)
    if config.recommender.challengers:
        choose_recommender.run(Day(config, as_of))
    for region in (EAST, WEST):
        embed_all(Day(config, as_of), region)
        build_shard.run(Day(config, as_of), region)
        produce_evaluation(Day(config, as_of), region)
    with contextlib.suppress(GateRefusedError):
        publish(Day(config, as_of))
    return next(
        one for one in list_releases(Day(config, as_of).lake) if one.as_of == format_instant(as_of)
    )
