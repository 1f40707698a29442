"""Gathers one day's run from the manifests; what is missing is None, never guessed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from graphrec_core.config import PipelineConfig, StepName, sources_of
from graphrec_core.config.model import ScorerConfig
from graphrec_core.config.recommender import OWN
from graphrec_core.lake import Artifact, find_artifact, ran_last
from graphrec_core.lake.identity import declared_config
from graphrec_core.lake.records import (
    ChoiceFigures,
    EmbeddingFigures,
    EvaluationFigures,
    ModelFigures,
    RankerFigures,
    RegionFigures,
    ShardFigures,
    ValidationFigures,
)
from graphrec_core.ledger.release import Release, read_release_run
from graphrec_core.report.day import (
    DayReport,
    EvaluationResult,
    ModelRun,
    RegionDay,
    ShardResult,
    SilentSource,
    SourceCheck,
    StepRun,
)
from graphrec_core.report.forward import last_releases
from graphrec_core.report.found import FoundDay, find_day, find_release, later_tasks
from graphrec_core.report.wording import step_scope
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View


def collect(config: PipelineConfig, as_of: datetime) -> DayReport:
    """Gathers the day's run.

    Args:
        config: The pipeline, with the settings of that run: they make the artefacts' ids.
        as_of: The run's instant.

    Returns:
        The day; what is damaged is named, and counts as missing.
    """
    return collect_found(find_day(config, as_of))


def collect_found(found: FoundDay) -> DayReport:
    """Reads the figures of artefacts that ``find_day`` found."""
    lake, as_of, live = found.day.lake, found.day.as_of, found.live
    release = find_release(found)
    validations, docs = _validations(found), lake.layout.data_docs(as_of)
    return DayReport(
        pipeline=found.day.config.pipeline,
        as_of=as_of,
        snapshot_id=found.day.ref(StepName.SNAPSHOT).id,
        snapshot=found.figures,
        regions=tuple(_region_days(found, release)),
        empty_regions=found.skipped,
        models=tuple(_model_runs(found)),
        silent=dict(_silent(found)),
        choice=_choice(found),
        rankers=_rankers(found),
        steps=_steps(found, validations, release),
        validations=tuple(_source_checks(found, validations)),
        data_docs=docs if lake.storage.exists(docs) else None,
        release=release,
        live=live,
        last_releases=last_releases(found),
        damaged=found.damaged,
    )


def _region_days(found: FoundDay, release: Release | None) -> Iterator[RegionDay]:
    if found.figures is not None:
        for region in found.regions:
            yield _region_day(found, region, found.figures.regions[region], release)


def _region_day(
    found: FoundDay, region: Region, figures: RegionFigures, release: Release | None
) -> RegionDay:
    live = found.live
    evaluation = found.of(StepName.EVALUATE)[region]
    shard = found.of(StepName.SHARD)[region]
    judged, measured = None, None
    with found.damaged.noted(f"the evaluation of {region}"):
        judged = evaluation_result(evaluation) if evaluation else None
    with found.damaged.noted(f"the shard of {region}"):
        measured = shard_result(shard) if shard else None
    return RegionDay(
        region=region,
        train=figures.train,
        serve=figures.serve,
        num_holdout_queries=figures.holdout.num_queries,
        num_holdout_pairs=figures.holdout.num_pairs,
        holdout_left_out=figures.holdout.left_out,
        evaluation=judged,
        shard=measured,
        released=release.regions.get(region) if release else None,
        live=live.regions.get(region) if live else None,
        is_live_known=live is not None,
    )


def evaluation_result(artifact: Artifact) -> EvaluationResult:
    """Reads an evaluation's manifest."""
    figures = artifact.manifest.figures(EvaluationFigures)
    return EvaluationResult(
        id=artifact.manifest.id,
        k=figures.k,
        metrics=figures.metrics,
        slices=figures.slices,
        rules=figures.rules,
        unmeasured=figures.unmeasured,
        num_queries=figures.num_queries,
        num_pairs=figures.num_pairs,
        left_out=figures.left_out,
    )


def shard_result(artifact: Artifact) -> ShardResult:
    """Reads a shard's manifest."""
    figures = artifact.manifest.figures(ShardFigures)
    return ShardResult(
        id=artifact.manifest.id,
        sources=figures.sources,
        ann_recall=figures.ann_recall,
        recall_k=figures.recall_k,
        num_candidates=figures.num_candidates,
        rules=figures.rules,
    )


def _silent(found: FoundDay) -> Iterator[tuple[str, SilentSource]]:
    for name, settings in found.day.config.recommender.sources.items():
        if isinstance(settings, ScorerConfig):
            listed = found.of(StepName.EMBED, View.SERVE, name)
            empty = (
                region
                for region, artifact in sorted(listed.items())
                if artifact and not artifact.manifest.figures(EmbeddingFigures).num_listed
            )
            if regions := tuple(empty):
                yield name, SilentSource(settings.needs, regions)


def _model_runs(found: FoundDay) -> Iterator[ModelRun]:
    for source in sources_of(StepName.TRAIN, found.day.config.recommender):
        for scope, artifact in found.of(StepName.TRAIN, source=source).items():
            if artifact is not None:
                with found.damaged.noted(f"the model of {step_scope(scope, source)}"):
                    yield _model_run(source, scope, artifact)


def _choice(found: FoundDay) -> ChoiceFigures | None:
    artifact = found.of(StepName.CHOICE).get(ALL_REGIONS)
    if artifact is not None:
        with found.damaged.noted("the choice"):
            return artifact.manifest.figures(ChoiceFigures)
    return None


def _rankers(found: FoundDay) -> dict[str, RankerFigures]:
    rankers: dict[str, RankerFigures] = {}
    for (task, owner, scope), result in found.results.items():
        if task.step is StepName.RANKER and result.artifact is not None:
            with found.damaged.noted(f"the ranker of {step_scope(scope, owner)}"):
                rankers[owner or OWN] = result.artifact.manifest.figures(RankerFigures)
    return rankers


def _model_run(source: str, scope: Region, artifact: Artifact) -> ModelRun:
    metrics = artifact.read_json("metrics.json")
    return ModelRun(
        id=artifact.manifest.id,
        region=scope,
        source=source,
        stats=artifact.manifest.figures(ModelFigures),
        history=tuple(metrics["history"]),
        best_epoch=metrics.get("best_epoch"),
        metric=metrics["metric"] or "",
    )


def _validations(found: FoundDay) -> list[Artifact]:
    """Finds those of this configuration: what another one refused is not this day's story."""
    lake, artifacts = found.day.lake, list[Artifact]()
    settings = declared_config(found.day.config, StepName.VALIDATE)
    storage = lake.storage
    parent = lake.layout.validation(found.day.as_of, ArtifactId("")).rstrip("/")
    for name in storage.folders(parent):
        with found.damaged.noted(f"validation {name}"):
            artifact = find_artifact(storage, f"{parent}/{name}")
            if artifact is not None and artifact.manifest.config == settings:
                artifacts.append(artifact)
    return artifacts


def _source_checks(found: FoundDay, validations: list[Artifact]) -> Iterator[SourceCheck]:
    for artifact in validations:
        with found.damaged.noted(f"validation {artifact.manifest.id}"):
            yield _source_check(artifact)


def _source_check(artifact: Artifact) -> SourceCheck:
    files: Mapping[str, Any] = artifact.manifest.files
    rejected = {
        name: entry.num_rows for name, entry in files.items() if entry.num_rows is not None
    }
    return SourceCheck(
        id=artifact.manifest.id,
        tables=artifact.manifest.figures(ValidationFigures).tables,
        max_bad_rows_frac=artifact.manifest.config["source.max_bad_rows_frac"],
        num_quarantined=rejected,
    )


def _steps(
    found: FoundDay, validations: list[Artifact], release: Release | None
) -> tuple[StepRun, ...]:
    snapshot_id = found.day.ref(StepName.SNAPSHOT).id
    validation = ran_last(validations) if validations else None
    name = validation.manifest.id if validation else ""
    return (
        _step(StepName.VALIDATE, ALL_REGIONS, name, validation),
        _step(StepName.SNAPSHOT, ALL_REGIONS, snapshot_id, found.snapshot),
        *_later_steps(found),
        _publish_step(found, release),
    )


def _publish_step(found: FoundDay, release: Release | None) -> StepRun:
    if release is None:
        return StepRun(str(StepName.PUBLISH), ALL_REGIONS, "", is_done=False)
    info: dict[str, Any] = {}
    with found.damaged.noted(f"the costs of release {release.id}"):
        info = read_release_run(found.day.lake, release.id)
    took = info.get("seconds"), info.get("peak_memory_mb")
    return StepRun(str(StepName.PUBLISH), ALL_REGIONS, release.id, True, *took)


def _later_steps(found: FoundDay) -> list[StepRun]:
    """Lists the steps after the snapshot; only a snapshot can tell their regions."""
    tasks = later_tasks(found.day.config.recommender)
    if found.snapshot is None:
        return [
            _step(step, ALL_REGIONS, "", None) for step in dict.fromkeys(one.step for one in tasks)
        ]
    return [
        _step(task.name, scope, result.ref.id, result.artifact, owner)
        for task in tasks
        for (of_task, owner, scope), result in found.results.items()
        if of_task == task
    ]


def _step(
    step: str, region: Region, name: str, artifact: Artifact | None, owner: str = ""
) -> StepRun:
    if artifact is None:
        return StepRun(str(step), region, name, is_done=False, owner=owner)
    info = artifact.run_info()
    took = info.get("seconds"), info.get("peak_memory_mb")
    return StepRun(str(step), region, name, True, *took, owner=owner)
