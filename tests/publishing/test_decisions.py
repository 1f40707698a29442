"""Champions, replays, rollbacks and pools: what decides a region, and what must not."""

import logging
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec.jobs import (
    build_shard,
    evaluate_model,
    rollback_release,
)
from graphrec_core.config import PipelineConfig
from graphrec_core.config.publish import PublishConfig
from graphrec_core.day import Day, evaluation_ref
from graphrec_core.errors import GateRefusedError, NotLiveError
from graphrec_core.lake import Lake
from graphrec_core.lake.layout import nodes_file
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, list_releases
from graphrec_core.publishing.publish import publish
from graphrec_core.report.collect import collect
from graphrec_core.types import View
from tests.support.days import BOTH, EAST, WEST, lake_bytes, prepare_day, run_day
from tests.support.recommit import replace_file
from tests.support.snapshots import AS_OF, SOURCE, tiny_config, write_tiny_snapshot
from tests.support.steps import train
from tests.support.vectors import write_vectors

pytestmark = pytest.mark.pipeline

NEXT = AS_OF + timedelta(days=1)


def test_a_champion_whose_model_is_gone_leaves_its_rule_undecided(
    config: PipelineConfig, caplog: pytest.LogCaptureFixture
) -> None:
    run_day(config)
    prepare_day(config, NEXT)
    with caplog.at_level(logging.WARNING):
        manifest = evaluate_model.run(Day(config, NEXT), EAST)
    assert "could not be measured" in caplog.text
    assert "no model" in caplog.text
    rules = [rule for rule in manifest.stats["rules"] if rule["rule"] == "champion"]
    assert [(rule["value"], rule["outcome"]) for rule in rules] == [(None, "undecided")] * 2
    assert manifest.stats["verdict"] == "undecided"
    assert "champion" not in manifest.stats["metrics"]
    build_shard.run(Day(config, NEXT), EAST)
    before = read_live(Lake(config))
    why = "east: undecided: champion: recall of all against champion, which could not be measured"
    caplog.clear()
    with pytest.raises(GateRefusedError, match=why):
        publish(Day(config, NEXT), (EAST,))
    assert "could not be measured" not in caplog.text  # the error says it, once
    assert read_live(Lake(config)) == before
    gate = config.gate.model_copy(update={"undecided": "live"})
    with caplog.at_level(logging.WARNING):
        release = publish(Day(config.model_copy(update={"gate": gate}), NEXT), (EAST,))
    assert "east: goes live undecided" in caplog.text
    entry = release.regions[EAST]
    assert (entry.verdict, entry.follows, entry.passed) == ("undecided", "live", True)
    assert read_live(Lake(config)).regions[EAST].shard_id == entry.candidate_shard_id


@pytest.mark.parametrize("name", ["graphsage", "lightgcn"])
def test_a_feature_that_is_gone_blocks_nobody(config: PipelineConfig, name: str) -> None:
    config = tiny_config(
        Path(config.lake.root),
        gate={"min_queries": 20},
        evaluation={"k": 5, "depth": 20},
        training={"num_epochs": 0},
        recommender={"sources": {SOURCE: {"model": name, "embedding_dim": 8, "num_layers": 2}}},
    )
    run_day(config)
    train(Day(config, AS_OF), EAST)
    snapshot = write_tiny_snapshot(config, NEXT)
    write_vectors(config, NEXT, snapshot, "east")
    for file in (nodes_file(View.TRAIN, ntype, EAST) for ntype in ("user", "place")):
        table = snapshot.read_table(file).drop_columns(["kind"])
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        replace_file(Lake(config).storage, snapshot, file, sink.getvalue().to_pybytes())
    stats = evaluate_model.run(Day(config, NEXT), EAST).stats
    assert ("champion" in stats["metrics"]) == (name == "lightgcn")
    assert {rule["rule"] for rule in stats["rules"]} >= {"champion"}


def test_a_decision_is_replayed_after_an_earlier_day_was_backfilled(
    config: PipelineConfig,
) -> None:
    later = run_day(config, NEXT, bad=("west",))
    run_day(config, AS_OF)  # now there is a champion, whose model is not even in the lake
    before = lake_bytes(config)
    assert run_day(config, NEXT, bad=("west",)) == later
    assert lake_bytes(config) == before
    day = collect(config, NEXT)
    assert day.release == later
    assert [region.gate for region in day.regions] == ["passed", "refused"]
    stricter = config.model_copy(
        update={"gate": config.gate.model_copy(update={"min_recall": 0.1})}
    )
    again = evaluation_ref(Day(stricter, NEXT), read_past(Lake(config)), EAST)
    assert "champion" in again.inputs


def test_a_champion_of_the_same_model_leaves_the_evaluations_id(
    config: PipelineConfig, champions: Release
) -> None:
    prepare_day(config, NEXT)
    first = evaluate_model.run(Day(config, NEXT), EAST)
    publish(Day(config, AS_OF), (EAST,))  # another release of the same shards
    assert len(list_releases(Lake(config))) == 2
    assert evaluate_model.run(Day(config, NEXT), EAST).id == first.id


@pytest.mark.parametrize("how", ["part", "gate"])
def test_a_rollback_is_not_undone_without_force(
    config: PipelineConfig, champions: Release, how: str
) -> None:
    second = run_day(config, NEXT)
    rollback_release.run(config)
    before = read_live(Lake(config))
    if how == "gate":
        gate = config.gate.model_copy(update={"min_recall": 0.01})
        config = config.model_copy(update={"gate": gate})
        for region in BOTH:
            evaluate_model.run(Day(config, NEXT), region)
    with pytest.raises(NotLiveError, match=r"east.* were rolled back") as caught:
        publish(Day(config, NEXT), (EAST,) if how == "part" else ())
    assert "publish.mode=force" in caught.value.fix
    release = max(list_releases(Lake(config)), key=lambda one: (one.as_of, one.id != second.id))
    assert release.id != second.id
    assert release.regions[EAST].passed
    assert read_live(Lake(config)) == before
    by = PublishConfig(mode="force", forced_by="me", forced_why="a test")
    publish(Day(config.model_copy(update={"publish": by}), NEXT))
    assert read_live(Lake(config)).regions[EAST].shard_id == second.regions[EAST].shard_id


def test_a_part_of_the_regions_is_judged_on_the_pool_of_all(config: PipelineConfig) -> None:
    gate = config.gate.model_copy(update={"min_queries": 100, "tolerance_frac": 0.02})
    config = config.model_copy(update={"gate": gate})
    prepare_day(config)
    build_shard.run(Day(config, AS_OF), EAST)
    evaluate_model.run(Day(config, AS_OF), EAST)
    with pytest.raises(GateRefusedError, match="east: undecided: baseline"):
        publish(Day(config, AS_OF), (EAST,))
    (alone,) = list_releases(Lake(config))
    west = evaluate_model.run(Day(config, AS_OF), WEST)
    both = publish(Day(config, AS_OF), (EAST,))
    assert alone.id != both.id
    assert both.pooled == {**alone.pooled, WEST: west.id}
    for release, found in ((alone, (59, False, "undecided")), (both, (118, True, "passed"))):
        rules = [
            (rule.num_queries, rule.pooled, rule.outcome)
            for rule in release.regions[EAST].rules
            if (rule.reference, rule.metric) == ("covisitation", "recall")
        ]
        assert rules == [found]
