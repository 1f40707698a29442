"""Figures in manifests: written by their model only, also read as older versions wrote them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from graphrec_core.config import StepName
from graphrec_core.errors import DamagedError, LakeError
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.records import (
    Better,
    EmbeddingFigures,
    EvaluationFigures,
    Figures,
    GateDecision,
    ShardFigures,
    ShardSource,
    SnapshotFigures,
    ValidationFigures,
    VectorOrigin,
    figures_of,
    mistakes,
)
from graphrec_core.types import Region
from tests.support.figures import SHARD_FIGURES
from tests.support.identities import tiny_id
from tests.support.snapshots import AS_OF, tiny_config

EAST = Region("east")
DECISION: dict[str, Any] = {
    "rule": "baseline", "slice": "all", "metric": "recall", "reference": "popularity",
    "value": 0.1, "bound": -0.01, "difference": -0.1, "interval_low": -0.2,
    "interval_high": -0.05, "num_queries": 59, "num_own_queries": 59, "pooled": False,
    "outcome": "failed",
}  # fmt: skip
MEANS: dict[str, Any] = {"model": {"recall": 0.25, "mrr": None}}
EVALUATION: dict[str, Any] = {
    "metrics": MEANS, "slices": {"all": {"num_queries": 4, **MEANS}}, "num_queries": 4,
    "num_pairs": 5, "num_self": 0, "num_seen": 1, "num_missing_coverage": 2,
    "unmeasured": {"champion": "gone"}, "k": 20, "depth": 100, "rules": [DECISION],
    "verdict": "refused",
}  # fmt: skip


def commit(tmp_path: Path, figures: object) -> Artifact:
    config, name = tiny_config(tmp_path), tiny_id(StepName.SHARD, EAST)
    lake = Lake(config)
    with attempt(lake.storage, lake.layout.shard(EAST, name), name) as trial:
        return trial.commit(StepName.SHARD, config, AS_OF, EAST, {}, figures)  # type: ignore[arg-type]


def test_figures_are_stored_as_they_always_were() -> None:
    figures = EvaluationFigures.model_validate(EVALUATION)
    assert figures.to_json() == EVALUATION
    assert json.loads(json.dumps(figures.to_json())) == EVALUATION
    assert figures.slices["all"].num_queries == 4
    assert figures.slices["all"].metrics == figures.metrics == MEANS
    assert figures.left_out.to_json() == {
        "num_self": 0, "num_seen": 1, "num_missing_coverage": 2,
    }  # fmt: skip


def test_a_manifest_gives_the_figures_that_were_committed(tmp_path: Path) -> None:
    shard = commit(tmp_path, SHARD_FIGURES)
    assert shard.manifest.figures(ShardFigures) == SHARD_FIGURES
    assert shard.manifest.stats == SHARD_FIGURES.to_json()


@pytest.mark.parametrize("figures", [{}, SHARD_FIGURES.to_json()])
def test_a_step_with_a_model_commits_nothing_else(tmp_path: Path, figures: object) -> None:
    with pytest.raises(TypeError, match="build-shard commits figures of its own, not dict"):
        commit(tmp_path, figures)


def test_the_figures_of_another_step_are_not_given(tmp_path: Path) -> None:
    manifest = commit(tmp_path, SHARD_FIGURES).manifest
    with pytest.raises(LakeError, match=f"build-shard {tiny_id(StepName.SHARD, EAST)}"):
        manifest.figures(EvaluationFigures)


def test_figures_that_are_none_are_damage_and_name_the_key(tmp_path: Path) -> None:
    manifest = commit(tmp_path, SHARD_FIGURES).manifest
    manifest.stats["sources"][0]["ann_recall"] = "much"
    with pytest.raises(DamagedError) as caught:
        manifest.figures(ShardFigures)
    assert f"manifest.json of build-shard {manifest.id}" in caught.value.must
    assert caught.value.found == (
        "sources.0.ann_recall: Input should be a valid number, unable to parse string as a number"
    )


def test_of_many_mistakes_the_first_are_named() -> None:
    tables = {f"nodes/{name}": {"num_rows": 1} for name in "abc"}
    with pytest.raises(ValidationError) as caught:
        ValidationFigures.model_validate({"tables": tables})
    assert mistakes(caught.value) == (
        "tables.nodes/a.num_rejected: Field required; tables.nodes/a.reasons: Field required; "
        "tables.nodes/b.num_rejected: Field required; and 3 more"
    )


@pytest.mark.parametrize("key", ["num_self", "num_seen", "num_missing_coverage", "depth"])
def test_what_an_older_version_did_not_write_is_none(key: str) -> None:
    old = {name: value for name, value in EVALUATION.items() if name != key}
    assert getattr(EvaluationFigures.model_validate(old), key) is None


def test_older_evaluations_and_shards_are_read() -> None:
    """Before verdicts, rules passed or failed; before refits and references there were none."""
    rule = {key: DECISION[key] for key in DECISION if key not in ("outcome", "num_own_queries")}
    rule |= {"passed": False, "small": True}
    old = {key: EVALUATION[key] for key in ("metrics", "slices", "num_queries", "num_pairs", "k")}
    figures = EvaluationFigures.model_validate({**old, "rules": [rule], "passed": False})
    assert figures.rules == (GateDecision.model_validate(DECISION),)
    assert (figures.unmeasured, figures.verdict) == ({}, None)
    shard = {**SHARD_FIGURES.to_json(), "rules": [rule], "passed": True, "factory": "Flat"}
    del shard["sources"], shard["ranker"], shard["verdict"]
    (source,) = ShardFigures.model_validate(shard).sources
    assert source == ShardSource(name="model", kind="index", factory="Flat", ann_recall=1.0)


def test_figures_are_frozen() -> None:
    for kind in Figures.__subclasses__():
        assert kind.model_config["frozen"]
    with pytest.raises(ValueError, match="frozen"):
        SHARD_FIGURES.recall_k = 0  # type: ignore[misc]


def test_only_an_unusual_direction_is_stored() -> None:
    usual = GateDecision.model_validate(DECISION)
    assert usual.to_json() == DECISION
    less = usual.model_copy(update={"better": Better.SMALLER})
    assert less.to_json() == {**DECISION, "better": "smaller"}
    assert GateDecision.model_validate(less.to_json()) == less
    figures = SHARD_FIGURES.model_copy(update={"rules": (usual, less)})
    assert figures.to_json()["rules"] == [DECISION, {**DECISION, "better": "smaller"}]


def test_a_snapshot_stores_only_what_there_is() -> None:
    """Names of long regions, and what a digest does not count, are no keys where there is none."""
    areas, rows = {"digest": "a"}, {"digest": "b", "num_rows": 3, "columns": "src string"}
    told = {"regions": {}, "row_digests": {"region.areas": areas, "edges/visited": rows}}
    figures = SnapshotFigures.model_validate(told)
    assert figures.to_json()["row_digests"] == told["row_digests"]
    assert "long_regions" not in figures.to_json()
    long = figures.model_copy(update={"long_regions": ("a" * 300,)})
    assert long.to_json()["long_regions"] == ["a" * 300]


def test_an_embedding_that_does_not_say_its_origin_is_of_an_unknown_one() -> None:
    assert EmbeddingFigures.model_validate({"num_nodes": {}}).origin == VectorOrigin.of({})
    part = EmbeddingFigures.model_validate({"num_nodes": {}, "origin": {"view": "train"}})
    assert (part.origin.view, part.origin.trained_on) == ("train", "unknown")


def test_a_step_has_one_model_of_its_figures() -> None:
    assert figures_of("build-shard") is ShardFigures
    steps = [kind.step for kind in Figures.__subclasses__()]
    assert len(set(steps)) == len(steps)
    with pytest.raises(LookupError, match="no figures of write-report"):
        figures_of("write-report")
