"""The collected day: what is there is read, what is missing is None."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.model import EaseConfig
from graphrec_core.day import Day
from graphrec_core.judging.of_source import produce_embedding
from graphrec_core.lake import Lake
from graphrec_core.lake.identity import digest
from graphrec_core.lake.records import ModelFigures, SnapshotFigures, ViewFigures
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import go_live
from graphrec_core.report.collect import collect
from graphrec_core.report.day import DayReport
from graphrec_core.report.wording import silent_sources, summary
from graphrec_core.types import ALL_REGIONS, REQUIRED_VIEWS, ArtifactId, Region, View
from tests.support import example_day
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


def _store(config: PipelineConfig, release: Release, **changes: object) -> Release:
    changed = release.model_copy(update={**changes, "id": digest([release.id, str(changes)])})
    return store_release(Lake(config), changed)


def test_an_empty_lake_is_a_day_of_missing_steps(config: PipelineConfig) -> None:
    day = collect(config, AS_OF)
    assert day.snapshot is None
    assert day.regions == ()
    assert day.release is None
    assert [step.step for step in day.missing_steps] == [
        "validate-source",
        "build-snapshot",
        "train-model",
        "generate-embeddings",
        "evaluate-model",
        "build-shard",
        "publish-release",
    ]


def test_a_whole_day_is_collected(config: PipelineConfig) -> None:
    example_day.write_validation(config)
    release = example_day.write_example_day(config)
    day = collect(config, AS_OF)
    east, west = day.regions
    assert (east.region, west.region) == ("east", "west")
    assert day.release == release
    assert day.missing_steps == ()
    assert (east.gate, east.is_live) == ("passed", True)
    assert (west.gate, west.is_live) == ("refused", False)
    assert [rule.reference for rule in west.refusals] == ["popularity"]
    assert west.live is not None
    assert west.live.serves == "popular"
    assert east.serve.num_nodes == {"user": 60, "place": 41}
    assert east.serve.num_halo_edges == {"visited": 1}
    assert east.evaluation is not None
    assert east.evaluation.metrics["model"]["recall"] == example_day.MODEL_RECALL["east"]
    assert east.shard is not None
    assert east.shard.ann_recall == 0.99
    assert [model.best_epoch for model in day.models] == [4, 4]
    assert [len(model.history) for model in day.models] == [6, 6]
    assert day.validations[0].num_quarantined == {"edges/visited.parquet": 2}
    assert day.k == 20


def test_of_two_validations_the_last_is_the_step_and_both_are_shown(
    config: PipelineConfig,
) -> None:
    """The rows of a source may be corrected; what other settings refused is not told."""
    first = example_day.write_validation(config)
    last = example_day.write_validation(config, num_bad=3, rows="5:1")
    strict = config.source.model_copy(update={"max_bad_rows_frac": 0.5})
    example_day.write_validation(config.model_copy(update={"source": strict}), num_bad=400)
    day = collect(config, AS_OF)
    assert {check.id for check in day.validations} == {first.manifest.id, last.manifest.id}
    (step,) = (step for step in day.steps if step.step == "validate-source")
    assert step.id == last.manifest.id
    assert step.seconds == last.run_info()["seconds"]


def test_every_done_step_has_its_cost(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    steps = {(step.step, step.region): step for step in collect(config, AS_OF).steps}
    for region in example_day.REGIONS:
        for name in ("train-model", "generate-embeddings-train", "evaluate-model", "build-shard"):
            step = steps[name, Region(region)]
            assert step.is_done
            assert step.seconds is not None
            assert step.seconds >= 0
            assert step.peak_memory_mb is not None
            assert step.peak_memory_mb > 1


def test_a_global_model_runs_once(tmp_path: Path) -> None:
    config = tiny_config(tmp_path, recommender={"model": "lightgcn", "scope": "global"})
    write_tiny_snapshot(config)
    example_day.write_model(config, AS_OF, Region("east"))
    day = collect(config, AS_OF)
    assert [model.region for model in day.models] == ["_all"]
    runs = [(step.step, step.region, step.is_done) for step in day.steps]
    assert runs.count(("train-model", ALL_REGIONS, True)) == 1
    assert runs.count(("generate-embeddings-serve", ALL_REGIONS, False)) == 1


def test_a_day_of_scorers_alone_has_nothing_to_train(tmp_path: Path) -> None:
    config = tiny_config(tmp_path, recommender={"model": "popularity"})
    before = [step.step for step in collect(config, AS_OF).missing_steps]
    assert "generate-embeddings" in before
    assert "train-model" not in before
    write_tiny_snapshot(config)
    day = collect(config, AS_OF)
    assert [region.region for region in day.regions] == ["east", "west"]
    steps = [step.step for step in day.missing_steps]
    assert steps.count("generate-embeddings-serve") == len(day.regions)
    assert "train-model" not in steps


def test_a_day_that_stopped_half_way(config: PipelineConfig) -> None:
    write_tiny_snapshot(config)
    example_day.write_model(config, AS_OF, Region("east"))
    example_day.write_embedding(config, AS_OF, Region("east"), View.TRAIN)
    example_day.write_evaluation(config, AS_OF, Region("east"), 0.3)
    example_day.write_evaluation(config, AS_OF, Region("west"), 0.01)
    day = collect(config, AS_OF)
    east, west = day.regions
    assert east.gate == "missing"  # no shard yet, and nothing refused so far
    assert west.gate == "refused"
    assert east.shard is None
    assert len(day.models) == 1
    done = {(step.step, step.region) for step in day.steps if step.is_done}
    assert ("train-model", "east") in done
    assert ("train-model", "west") not in done


def test_other_settings_are_another_day(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    other = config.model_copy(update={"training": config.training.model_copy(update={"seed": 1})})
    day = collect(other, AS_OF)
    assert day.snapshot is not None
    assert day.models == ()
    assert day.release is None
    assert all(region.evaluation is None for region in day.regions)


def test_the_release_of_another_evaluation_is_not_this_days(config: PipelineConfig) -> None:
    release = example_day.write_example_day(config)
    east = Region("east")
    for key in ("evaluation_id", "candidate_shard_id"):
        entry = release.regions[east].model_copy(update={key: ArtifactId("f" * 16)})
        _store(config, release, regions={**release.regions, east: entry})
    _store(config, release, as_of="20260102T000000Z")
    _store(config, release, snapshot_id=ArtifactId("f" * 16))
    assert collect(config, AS_OF).release == release


def test_only_foreign_releases_are_no_release(config: PipelineConfig) -> None:
    write_tiny_snapshot(config)
    for name in example_day.REGIONS:
        example_day.write_evaluation(config, AS_OF, Region(name), 0.3)
        example_day.write_shard(config, AS_OF, Region(name))
    release = example_day.make_release(config, AS_OF, example_day.REGIONS)
    east = Region("east")
    entry = release.regions[east].model_copy(update={"evaluation_id": ArtifactId("f" * 16)})
    _store(config, release, regions={east: entry})
    assert collect(config, AS_OF).release is None


def test_of_several_releases_the_configured_mode_and_the_whole_one_win(
    config: PipelineConfig,
) -> None:
    release = example_day.write_example_day(config)
    _store(config, release, mode="force")
    east = Region("east")
    _store(config, release, regions={east: release.regions[east]})
    assert collect(config, AS_OF).release == release


def test_the_releases_pooled_decision_counts(config: PipelineConfig) -> None:
    """A region that its own few queries refuse may pass on all regions pooled."""
    release = example_day.write_example_day(config)
    west = Region("west")
    rules = release.regions[west].rules
    changes = {"pooled": True, "outcome": "passed"}
    pooled = tuple(rule.model_copy(update=changes) for rule in rules)
    update = {"rules": pooled, "passed": True, "verdict": "passed"}
    entry = release.regions[west].model_copy(update=update)
    regions = {**release.regions, west: entry}
    Lake(config).storage.write(
        Lake(config).layout.release(release.id),
        release.model_copy(update={"regions": regions}).to_bytes(),
    )
    day = collect(config, AS_OF)
    assert day.regions[1].gate == "passed"
    assert all(rule.pooled for rule in day.regions[1].rules)


def test_the_next_day_sees_what_is_live_but_not_its_figures(config: PipelineConfig) -> None:
    release = example_day.write_example_day(config)
    go_live(Lake(config), release)
    tomorrow = AS_OF + timedelta(days=1)
    write_tiny_snapshot(config, tomorrow)
    day = collect(config, tomorrow)
    assert day.release is None
    assert day.regions[0].live is not None
    assert day.regions[0].live.as_of == "20260101T000000Z"
    assert not day.regions[0].is_live


def test_a_day_is_json(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    data = json.loads(json.dumps(collect(config, AS_OF).to_dict()))
    figures = {"has_snapshot", "snapshot_stats"}
    assert set(data) == {*DayReport.__dataclass_fields__, *figures} - {"snapshot"}
    assert data["has_snapshot"]
    assert data["snapshot_stats"].keys() == {*SnapshotFigures.model_fields} - {
        "regions", "empty_regions", "long_regions", "edge_features"
    }  # fmt: skip
    sizes = {*ViewFigures.model_fields} - {"degree_histogram"}
    assert all(row[view].keys() == sizes for row in data["regions"] for view in REQUIRED_VIEWS)
    assert [(row["region"], row["gate"]) for row in data["regions"]] == [
        ("east", "passed"),
        ("west", "refused"),
    ]
    assert data["models"][0]["stats"].keys() == ModelFigures.model_fields.keys()
    assert data["snapshot_id"] == Day(config, AS_OF).ref(StepName.SNAPSHOT).id


def test_a_source_that_proposes_nothing_is_named_with_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EaseConfig, "max_nodes", 3)
    sources = {"explained": {"model": "ease"}, "near": {"model": "nearest"}}
    config = tiny_config(tmp_path, recommender={"sources": sources})
    write_tiny_snapshot(config)
    assert not collect(config, AS_OF).silent, "what was not made proposes nothing yet"
    for region in ("east", "west"):
        for source in sources:
            produce_embedding(Day(config, AS_OF), Region(region), View.SERVE, source)
    day = collect(config, AS_OF)
    assert {name: one.regions for name, one in day.silent.items()} == {
        "explained": ("east", "west")
    }
    (said,) = silent_sources(day)
    assert said.startswith("explained proposes nothing in east and west: it needs queries that")
    assert said in summary(day)
