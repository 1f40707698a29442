"""Gathers one day's run from the manifests; what is missing is None, never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.lake import Artifact, Chain, Lake, find_artifact
from graphrec_core.lake.release import Live, Release, list_releases, read_live
from graphrec_core.report.day import (
    Day,
    EvaluationResult,
    ModelRun,
    RegionDay,
    ShardResult,
    StepRun,
    Validation,
    ViewSize,
)
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View, format_instant


def collect(config: PipelineConfig, as_of: datetime) -> Day:
    """Gathers the day's run.

    Args:
        config: The pipeline, with the settings of that run: they make the artefacts' ids.
        as_of: The run's instant.

    Raises:
        LakeError: A committed artefact is damaged.
    """
    found = find_day(config, as_of)
    lake = found.lake
    stats = found.snapshot.manifest.stats if found.snapshot else {}
    live, release = read_live(lake), find_release(found)
    validations = _validations(lake, as_of)
    general = {key: value for key, value in stats.items() if key not in ("regions", "empty_regions")}
    return Day(
        pipeline=config.pipeline,
        as_of=as_of,
        snapshot_id=found.chain.snapshot_id(),
        has_snapshot=found.snapshot is not None,
        snapshot_stats=general,
        regions=tuple(_region_day(found, name, release, live) for name in found.regions),
        empty_regions=stats.get("empty_regions", {}),
        models=tuple(_model_run(name, model) for name, model in found.models.items() if model),
        steps=_steps(found, validations, release),
        validations=tuple(_validation(artifact) for artifact in validations),
        release=release,
        live=live,
    )


@dataclass(frozen=True)
class FoundDay:
    """The committed artefacts of one day; None where one is missing.

    Attributes:
        lake: Where they are.
        chain: Their ids.
        snapshot: The snapshot.
        models: By scope: the regions, or ``_all`` for a global model.
        embeddings: By view and scope.
        evaluations: By region.
        shards: By region.
        evaluation_ids: The ids that the evaluations have or would have, by region.
    """

    lake: Lake
    chain: Chain
    snapshot: Artifact | None
    models: dict[Region, Artifact | None] = field(default_factory=dict)
    embeddings: dict[tuple[View, Region], Artifact | None] = field(default_factory=dict)
    evaluations: dict[Region, Artifact | None] = field(default_factory=dict)
    shards: dict[Region, Artifact | None] = field(default_factory=dict)
    evaluation_ids: dict[Region, ArtifactId] = field(default_factory=dict)

    @property
    def regions(self) -> list[Region]:
        """Regions of the snapshot, sorted; none before it exists."""
        return sorted(self.snapshot.manifest.stats["regions"]) if self.snapshot else []

    def region_stats(self, region: Region) -> Mapping[str, Any]:
        """The snapshot's figures of one region."""
        stats = self.snapshot.manifest.stats["regions"] if self.snapshot else {}
        figures: Mapping[str, Any] = stats[region]
        return figures


def find_day(config: PipelineConfig, as_of: datetime) -> FoundDay:
    """Looks up every artefact that the configuration asks for on this day."""
    lake, chain = Lake(config), Chain(config, as_of)
    layout, storage = lake.layout, lake.storage
    snapshot_id = chain.snapshot_id()
    found = FoundDay(lake, chain, find_artifact(storage, layout.snapshot(as_of, snapshot_id)))
    for region in found.regions:
        scope, evaluation_id = config.model_region(region), chain.evaluation_id(lake, region)
        if scope not in found.models:
            folder = layout.model(scope, chain.model_id(region))
            found.models[scope] = find_artifact(storage, folder)
            for view in View:
                folder = layout.embedding(chain.embedding_id(region, view))
                found.embeddings[view, scope] = find_artifact(storage, folder)
        found.evaluation_ids[region] = evaluation_id
        folder = layout.evaluation(region, evaluation_id)
        found.evaluations[region] = find_artifact(storage, folder)
        folder = layout.shard(region, chain.shard_id(region))
        found.shards[region] = find_artifact(storage, folder)
    return found


def find_release(found: FoundDay) -> Release | None:
    """Finds the day's release: the one made of exactly the day's evaluations and shards.

    Where several are (published once with the gate and once by force, or for some regions only),
    the one of the configured mode and then of the most regions is taken.
    """
    as_of, snapshot_id = format_instant(found.chain.as_of), found.chain.snapshot_id()
    mode = found.chain.config.publish.mode
    ranked = [
        (release.mode == mode, num_own, release)
        for release in list_releases(found.lake)
        if release.as_of == as_of and release.snapshot_id == snapshot_id
        if (num_own := _num_own_regions(found, release)) > 0
    ]
    return max(ranked, key=lambda row: row[:2])[-1] if ranked else None


def _num_own_regions(found: FoundDay, release: Release) -> int:
    """Counts the regions that the release judged itself; 0 where one has another id."""
    num_own = 0
    for region, entry in release.regions.items():
        own = {entry.evaluation_id, entry.candidate_shard_id} - {None}
        if not own:
            continue
        if region not in found.evaluation_ids:
            return 0
        if not own <= {found.evaluation_ids[region], found.chain.shard_id(region)}:
            return 0
        num_own += 1
    return num_own


def _region_day(found: FoundDay, region: Region, release: Release | None, live: Live) -> RegionDay:
    stats = found.region_stats(region)
    evaluation, shard = found.evaluations[region], found.shards[region]
    return RegionDay(
        region=region,
        train=_view_size(stats["train"]),
        serve=_view_size(stats["serve"]),
        num_holdout_queries=stats["holdout"]["num_queries"],
        num_holdout_pairs=stats["holdout"]["num_pairs"],
        num_missing_coverage=stats["holdout"]["num_missing_coverage"],
        evaluation=evaluation_result(evaluation) if evaluation else None,
        shard=shard_result(shard) if shard else None,
        released=release.regions.get(region) if release else None,
        live=live.regions.get(region),
    )


def _view_size(stats: Mapping[str, Any]) -> ViewSize:
    return ViewSize(**{part.name: stats[part.name] for part in fields(ViewSize)})


def evaluation_result(artifact: Artifact) -> EvaluationResult:
    """Reads an evaluation's manifest."""
    stats = artifact.manifest.stats
    return EvaluationResult(
        id=artifact.manifest.id,
        k=stats["k"],
        metrics=stats["metrics"],
        slices=stats["slices"],
        rules=tuple(stats["rules"]),
        passed=stats["passed"],
        num_queries=stats["num_queries"],
    )


def shard_result(artifact: Artifact) -> ShardResult:
    """Reads a shard's manifest."""
    stats = artifact.manifest.stats
    return ShardResult(
        id=artifact.manifest.id,
        factory=stats["factory"],
        ann_recall=stats["ann_recall"],
        recall_k=stats["recall_k"],
        num_candidates=stats["num_candidates"],
        rules=tuple(stats["rules"]),
        passed=stats["passed"],
    )


def _model_run(scope: Region, artifact: Artifact) -> ModelRun:
    metrics = artifact.read_json("metrics.json")
    return ModelRun(
        id=artifact.manifest.id,
        region=scope,
        stats=artifact.manifest.stats,
        history=tuple(metrics["history"]),
        best_epoch=metrics.get("best_epoch"),
    )


def _validations(lake: Lake, as_of: datetime) -> list[Artifact]:
    parent = lake.layout.validation(as_of, ArtifactId("")).rstrip("/")
    folders = [f"{parent}/{name}" for name in lake.storage.folders(parent)]
    return [found for folder in folders if (found := find_artifact(lake.storage, folder))]


def _validation(artifact: Artifact) -> Validation:
    files: Mapping[str, Any] = artifact.manifest.files
    rejected = {name: entry.num_rows for name, entry in files.items() if entry.num_rows is not None}
    return Validation(artifact.manifest.id, artifact.manifest.stats, rejected)


def _steps(
    found: FoundDay, validations: list[Artifact], release: Release | None
) -> tuple[StepRun, ...]:
    chain, steps = found.chain, []
    for artifact in validations or [None]:
        name = artifact.manifest.id if artifact else ""
        steps.append(_step(StepName.VALIDATE, ALL_REGIONS, name, artifact))
    steps.append(_step(StepName.SNAPSHOT, ALL_REGIONS, chain.snapshot_id(), found.snapshot))
    if found.snapshot is None:
        later = (StepName.TRAIN, StepName.EMBED, StepName.EVALUATE, StepName.SHARD)
        steps += [_step(step, ALL_REGIONS, "", None) for step in later]
    for scope, model in found.models.items():
        steps.append(_step(StepName.TRAIN, scope, chain.model_id(scope), model))
    steps += _embed_steps(found, View.TRAIN)
    for region, evaluation in found.evaluations.items():
        step = _step(StepName.EVALUATE, region, found.evaluation_ids[region], evaluation)
        steps.append(step)
    steps += _embed_steps(found, View.SERVE)
    for region, shard in found.shards.items():
        steps.append(_step(StepName.SHARD, region, chain.shard_id(region), shard))
    name = release.id if release else ""
    steps.append(StepRun(StepName.PUBLISH, ALL_REGIONS, name, release is not None))
    return tuple(steps)


def _embed_steps(found: FoundDay, view: View) -> list[StepRun]:
    return [
        _step(f"{StepName.EMBED}-{view}", scope, found.chain.embedding_id(scope, view), artifact)
        for (of_view, scope), artifact in found.embeddings.items()
        if of_view is view
    ]


def _step(step: str, region: Region, name: str, artifact: Artifact | None) -> StepRun:
    if artifact is None:
        return StepRun(str(step), region, name, is_done=False)
    info = artifact.run_info()
    return StepRun(str(step), region, name, True, info["seconds"], info["peak_memory_mb"])
