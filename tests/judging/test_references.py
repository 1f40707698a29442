"""What a candidate is held to: the same day, the past, and who made the gate looser."""

import contextlib
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec.jobs import (
    build_shard,
    evaluate_model,
    status,
)
from graphrec_core.config import STEPS, PipelineConfig, StepName
from graphrec_core.config.looseness import gate_settings
from graphrec_core.config.publish import PublishConfig
from graphrec_core.day import Day, evaluation_ref, recommender_id
from graphrec_core.errors import ConfigError, GateRefusedError, RefusedError
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.judging.reference import reapply
from graphrec_core.lake import Lake, Manifest
from graphrec_core.ledger.live import Live, read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, list_releases
from graphrec_core.publishing.held import held_back
from graphrec_core.publishing.publish import publish
from graphrec_core.types import REQUIRED_VIEWS, View
from tests.support.days import EAST
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot
from tests.support.steps import embed, train

pytestmark = pytest.mark.pipeline

NEXT = AS_OF + timedelta(days=1)
NAMED = PublishConfig(forced_by="me", forced_why="a test")


def make_config(root: Path, num_epochs: int, **training: object) -> PipelineConfig:
    """No baseline and no slice: a candidate is judged by earlier releases alone."""
    return tiny_config(
        root,
        gate={"min_queries": 20, "baselines": ()},
        evaluation={"k": 5, "depth": 20, "cold_start_max_degree": 0, "low_degree_max": 0},
        training={"num_epochs": num_epochs, "learning_rate": 0.05, **training},
    )


@pytest.fixture
def good(tmp_path: Path) -> PipelineConfig:
    return make_config(tmp_path, 20)


@pytest.fixture
def bad(tmp_path: Path) -> PipelineConfig:
    return make_config(tmp_path, 0)


def run(config: PipelineConfig, as_of=AS_OF) -> tuple[Manifest, Release]:
    """Makes and publishes one region's day with a model that is really trained."""
    write_tiny_snapshot(config, as_of)
    train(Day(config, as_of), EAST)
    for view in REQUIRED_VIEWS:
        embed(Day(config, as_of), EAST, view)
    build_shard.run(Day(config, as_of), EAST)
    manifest = evaluate_model.run(Day(config, as_of), EAST)
    with contextlib.suppress(GateRefusedError):
        publish(Day(config, as_of), (EAST,))
    (release,) = (
        found
        for found in list_releases(Lake(config))
        if found.regions[EAST].evaluation_id == manifest.id
    )
    return manifest, release


def test_a_worse_model_of_the_same_day_is_refused(
    good: PipelineConfig, bad: PipelineConfig
) -> None:
    _, first = run(good)
    before = read_live(Lake(good))
    assert before.regions[EAST].shard_id == Day(good, AS_OF).ref(StepName.SHARD, EAST).id
    manifest, second = run(bad)
    assert manifest.inputs["same_day"] == first.regions[EAST].candidate_shard_id
    failed = {rule["rule"] for rule in manifest.stats["rules"] if rule["outcome"] == "failed"}
    assert failed == {"same_day"}
    entry = second.regions[EAST]
    assert (entry.passed, entry.shard_id) == (False, first.regions[EAST].shard_id)
    assert read_live(Lake(good)) == before


def test_the_worse_model_alone_would_pass(bad: PipelineConfig) -> None:
    """The failing twin: without an earlier release of the day nothing refuses it."""
    manifest, release = run(bad)
    assert "same_day" not in manifest.inputs
    assert release.regions[EAST].passed


def test_the_day_goes_on_from_its_newest_passed_release(
    good: PipelineConfig, bad: PipelineConfig, tmp_path: Path
) -> None:
    first_judged, first = run(bad)
    _, second = run(good)
    assert (first.number, second.number) == (1, 2)
    assert second.regions[EAST].references == {"same_day": first.regions[EAST].candidate_shard_id}
    better = read_live(Lake(good))
    assert better.regions[EAST].shard_id == second.regions[EAST].shard_id
    again, replayed = run(bad)
    assert (again, replayed) == (first_judged, first)
    assert read_live(Lake(good)) == better
    third, _ = run(make_config(tmp_path, 0, seed=1))
    assert third.inputs["same_day"] == second.regions[EAST].candidate_shard_id
    tomorrow, _ = run(good, NEXT)
    assert tomorrow.inputs["champion"] == second.regions[EAST].candidate_shard_id
    assert tomorrow.stats["verdict"] == "passed"


@pytest.mark.parametrize("how", ["never", "held"])
def test_what_was_judged_before_a_live_release_of_its_day_does_not_replace_it(
    good: PipelineConfig, bad: PipelineConfig, how: str
) -> None:
    """The worse model passed first, beside nothing: it was never held to the one that serves."""
    lake, never = Lake(bad), bad.model_copy(update={"publish": PublishConfig(mode="never")})
    _, early = run(never if how == "never" else bad)
    assert (early.regions[EAST].passed, early.regions[EAST].number) == (True, 1)
    if how == "held":
        lake.storage.remove(lake.layout.live)  # as if something had held it back that night
    run(good)
    before = read_live(lake)
    assert before.regions[EAST].shard_id == Day(good, AS_OF).ref(StepName.SHARD, EAST).id
    assert before.regions[EAST].number == 2
    again = publish(Day(bad, AS_OF), (EAST,))
    assert again.regions[EAST].passed
    assert again.regions[EAST].number == 1
    held = held_back(read_past(lake), again)
    assert held is not None
    assert "superseded on the same day" in held.why
    assert read_live(lake) == before
    force = NAMED.model_copy(update={"mode": "force"})
    publish(Day(bad.model_copy(update={"publish": force}), AS_OF), (EAST,))
    assert read_live(lake).regions[EAST].shard_id == Day(bad, AS_OF).ref(StepName.SHARD, EAST).id


def test_what_was_judged_before_but_not_decided_is_judged_again(
    good: PipelineConfig, bad: PipelineConfig
) -> None:
    write_tiny_snapshot(bad)
    train(Day(bad, AS_OF), EAST)
    for view in REQUIRED_VIEWS:
        embed(Day(bad, AS_OF), EAST, view)
    build_shard.run(Day(bad, AS_OF), EAST)
    alone = evaluate_model.run(Day(bad, AS_OF), EAST)
    run(good)
    before = read_live(Lake(good))
    with pytest.raises(RefusedError, match="must have its evaluation"):
        publish(Day(bad, AS_OF), (EAST,))
    beside, release = run(bad)
    assert (beside.id != alone.id, release.regions[EAST].passed) == (True, False)
    assert read_live(Lake(good)) == before


def test_a_model_is_not_compared_with_itself(good: PipelineConfig) -> None:
    _, first = run(good)
    gate = good.gate.model_copy(update={"min_recall": 0.01})
    manifest, second = run(good.model_copy(update={"gate": gate}))
    assert (second.number, second.regions[EAST].references) == (2, {})
    assert second.regions[EAST].recommender_id == first.regions[EAST].recommender_id is not None
    assert "same_day" not in manifest.inputs


def test_a_model_of_two_names_is_measured_once(good: PipelineConfig) -> None:
    run(good)
    manifest, _ = run(good, NEXT)
    assert manifest.inputs["champion"] == manifest.inputs["elder"]
    metrics = manifest.stats["metrics"]
    assert metrics["champion"] == metrics["elder"]
    rankings = {name for name in manifest.files if name.startswith("topk_")}
    assert len(rankings & {"topk_champion.parquet", "topk_elder.parquet"}) == 1
    gate = good.gate.model_copy(update={"memory_days": 0})
    day = Day(good.model_copy(update={"gate": gate}), NEXT)
    assert "elder" not in evaluation_ref(day, read_past(Lake(good)), EAST).inputs


def test_an_upgrade_leaves_the_rules_undecided_and_says_why(
    good: PipelineConfig, bad: PipelineConfig, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    _, first = run(good)
    monkeypatch.setitem(STEPS, StepName.EMBED, replace(STEPS[StepName.EMBED], version=99))
    with caplog.at_level(logging.WARNING):
        manifest, release = run(bad, NEXT)
    assert "for generate-embeddings version" in manifest.stats["unmeasured"]["champion"]
    assert "rules against champion are undecided" in caplog.text
    rules = [rule for rule in manifest.stats["rules"] if rule["rule"] in ("champion", "elder")]
    assert {(rule["value"], rule["outcome"]) for rule in rules} == {(None, "undecided")}
    assert release.regions[EAST].verdict == "undecided"
    live = read_live(Lake(good)).regions[EAST]
    assert live.shard_id == first.regions[EAST].shard_id
    # A person decides once; what came before is forgotten, and the day after is judged again.
    force = NAMED.model_copy(update={"mode": "force"})
    forced = publish(Day(bad.model_copy(update={"publish": force}), NEXT), (EAST,))
    after, last = run(good, NEXT + timedelta(days=1))
    shard = forced.regions[EAST].candidate_shard_id
    assert (after.inputs["champion"], after.inputs["elder"]) == (shard, shard)
    assert last.regions[EAST].verdict == "passed"


def test_a_model_that_learnt_from_the_holdout_is_no_reference(good: PipelineConfig) -> None:
    short = good.model_copy(update={"time": good.time.model_copy(update={"horizon_days": 1})})
    write_tiny_snapshot(short, AS_OF)
    train(Day(short, AS_OF), EAST)
    embed(Day(short, AS_OF), EAST, View.SERVE)
    made = build_shard.run(Day(short, AS_OF), EAST)
    late, honest = write_tiny_snapshot(good, NEXT), write_tiny_snapshot(short, NEXT)
    for snapshot, word in ((late, "so from this holdout"), (honest, "")):
        holdout = read_holdout(snapshot, EAST, good.task)
        assert word in reapply(read_past(Lake(good)), snapshot, EAST, made.id, holdout).why_not
    assert reapply(read_past(Lake(good)), honest, EAST, made.id, holdout).system is not None


def test_a_looser_gate_needs_a_name_and_is_kept(good: PipelineConfig, bad: PipelineConfig) -> None:
    _, first = run(good)
    yaml_gate = gate_settings(bad)
    gate = bad.gate.model_copy(update={"tolerance_frac": 1e9})
    loose = bad.model_copy(update={"gate": gate}).with_yaml_gate(yaml_gate)
    with pytest.raises(ConfigError, match=r"tolerance_frac is 1000000000\.0, the YAML says 0\.05"):
        run(loose)
    assert len(list_releases(Lake(good))) == 1
    _, second = run(loose.model_copy(update={"publish": NAMED}))
    assert second.regions[EAST].passed
    assert (second.gate["gate.tolerance_frac"], second.yaml_gate) == (1e9, yaml_gate)
    (note,) = status.run(good, None)["notes"].values()
    assert note.startswith("The gate was looser than the YAML's, by me: a test (gate.tolerance")
    # It serves, but nobody is measured by it.
    references = read_past(Lake(good)).references(
        EAST, NEXT, 28, recommender_id(Day(good, NEXT), EAST)
    )
    assert references["champion"] == first.regions[EAST].candidate_shard_id


def test_with_mode_never_a_looser_gate_may_be_tried(good: PipelineConfig) -> None:
    gate = good.gate.model_copy(update={"tolerance_frac": 1e9})
    never = {"gate": gate, "publish": PublishConfig(mode="never")}
    run(good.model_copy(update=never).with_yaml_gate(gate_settings(good)))
    assert read_live(Lake(good)) == Live()
