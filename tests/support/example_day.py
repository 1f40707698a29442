"""A whole day's artefacts in the steps' formats, with chosen figures and without training."""

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day, evaluation_ref
from graphrec_core.evaluation.settling import verdict_of
from graphrec_core.lake import Artifact, Attempt, Lake, open_artifact
from graphrec_core.lake.identity import digest
from graphrec_core.lake.layout import vectors_file
from graphrec_core.lake.records import (
    EmbeddingFigures,
    EvaluationFigures,
    GateDecision,
    ModelFigures,
    Outcome,
    ShardFigures,
    ShardSource,
    ValidationFigures,
)
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import go_live
from graphrec_core.types import REQUIRED_VIEWS, Region, View, format_instant
from tests.support.figures import EMBEDDING_FIGURES
from tests.support.snapshots import AS_OF, SOURCE, write_tiny_snapshot

MODEL_RECALL = {"east": 0.30, "west": 0.08}
POPULARITY_RECALL = 0.11
REGIONS = ("east", "west")


def write_example_day(
    config: PipelineConfig, as_of: datetime = AS_OF, regions: tuple[str, ...] = REGIONS
) -> Release:
    """Commits snapshot, models, embeddings, evaluations and shards, and publishes them.

    East's model is better than popularity and goes live; west's recall of .08 is refused.
    """
    write_tiny_snapshot(config, as_of, regions)
    for name in regions:
        region = Region(name)
        write_model(config, as_of, region)
        for view in REQUIRED_VIEWS:
            write_embedding(config, as_of, region, view)
        write_evaluation(config, as_of, region, MODEL_RECALL.get(name, 0.3))
        write_shard(config, as_of, region)
    release = make_release(config, as_of, regions)
    store_release(Lake(config), release)
    go_live(Lake(config), release)
    return release


def write_model(
    config: PipelineConfig, as_of: datetime, region: Region, why_fixed: str | None = None
) -> Artifact:
    """Commits a model's figures, without weights."""
    history = [
        {"epoch": epoch, "loss": 0.69 / epoch, "value": 0.1 * epoch if epoch % 2 == 0 else None}
        for epoch in range(1, 7)
    ]
    figures = {"metric": "recall@20", "history": history, "best_epoch": 4, "num_epochs": 6}
    stats = ModelFigures(
        num_epochs=6,
        best_epoch=4,
        why_fixed=why_fixed,
        validation_metric="recall@20",
        validation_value=0.4,
        num_parameters=1600,
        device="cpu",
        supervision_edges="masked per batch",
    )

    def make(trial: Attempt) -> ModelFigures:
        trial.write_json("metrics.json", figures)
        return stats

    day = Day(config, as_of)
    return day.produce(day.ref(StepName.TRAIN, region, source=SOURCE), make)


def write_embedding(
    config: PipelineConfig, as_of: datetime, region: Region, view: View
) -> Artifact:
    """Commits two clusters of eight-dimensional vectors, one per node type."""

    def make(trial: Attempt) -> EmbeddingFigures:
        for offset, ntype in enumerate((config.task.query, config.task.candidate)):
            vectors = np.random.default_rng(offset).normal(3 * offset, 1, (30, 8))
            _write_vectors(trial, vectors_file(view, region, ntype), vectors)
        return EMBEDDING_FIGURES

    day = Day(config, as_of)
    return day.produce(day.ref(StepName.EMBED, region, view, SOURCE), make)


def write_evaluation(
    config: PipelineConfig, as_of: datetime, region: Region, recall: float
) -> Artifact:
    """Commits an evaluation whose model has ``recall``; it passes from popularity's up."""
    systems = {"model": recall, "popularity": POPULARITY_RECALL, "covisitation": 0.05}
    metrics = {
        name: {"recall": value, "mrr": value / 2, "ndcg": value / 3, "hit_rate": value * 1.5}
        for name, value in systems.items()
    }
    nothing = dict.fromkeys(("recall", "mrr", "ndcg", "hit_rate"))
    rules = [
        make_rule("floor", "recall", "", recall, 0.0),
        make_rule("baseline", "recall", "popularity", recall, POPULARITY_RECALL),
        make_rule("baseline", "recall", "covisitation", recall, 0.05),
    ]
    slices: dict[str, Any] = {
        "all": {"num_queries": 59, **metrics},
        "cold_start": {"num_queries": 0, **dict.fromkeys(systems, nothing)},
    }
    figures = EvaluationFigures(
        metrics=metrics,
        slices=slices,
        num_queries=59,
        num_pairs=118,
        num_self=0,
        num_seen=0,
        num_missing_coverage=0,
        k=config.evaluation.k,
        depth=config.evaluation.depth,
        rules=tuple(rules),
        verdict=verdict_of(rules),
    )

    def make(trial: Attempt) -> EvaluationFigures:
        trial.write_json("report.json", figures.to_json())
        return figures

    day = Day(config, as_of)
    return day.produce(evaluation_ref(day, read_past(day.lake), region), make)


def write_shard(
    config: PipelineConfig, as_of: datetime, region: Region, ann_recall: float = 0.99
) -> Artifact:
    """Commits a shard's figures, without an index."""
    rule = make_rule("ann_recall", "ann_recall", "", ann_recall, config.gate.min_ann_recall)
    figures = ShardFigures(
        num_candidates=40,
        num_queries=60,
        sources=(ShardSource(name="lightgcn", kind="index", ann_recall=ann_recall),),
        recall_k=config.index.recall_k,
        rules=(rule,),
        verdict=verdict_of([rule]),
    )

    def make(trial: Attempt) -> ShardFigures:
        trial.write_json("recall.json", {"recall": ann_recall})
        return figures

    day = Day(config, as_of)
    return day.produce(day.ref(StepName.SHARD, region), make)


def make_rule(rule: str, metric: str, reference: str, value: float, other: float) -> GateDecision:
    """Makes a decision on 59 queries: a floor, or a comparison without tolerance.

    Args:
        rule: The rule's name.
        metric: What was measured.
        reference: The system compared with; empty for a floor.
        value: The model's value.
        other: The floor, or the reference's value.
    """
    difference = value - other if reference else None
    low, high = (None, None) if difference is None else (difference - 0.02, difference + 0.02)
    passed = value >= other if high is None else high >= 0
    outcome: Outcome = "passed" if passed else "failed"
    bound = 0.0 if reference else other
    return GateDecision(
        rule=rule,
        slice="all",
        metric=metric,
        reference=reference,
        value=value,
        bound=bound,
        difference=difference,
        interval_low=low,
        interval_high=high,
        num_queries=59,
        num_own_queries=59,
        pooled=False,
        outcome=outcome,
    )


def make_release(
    config: PipelineConfig, as_of: datetime, regions: tuple[str, ...], mode: str = "auto"
) -> Release:
    """Makes the day's release from the committed evaluations and shards."""
    lake, day = Lake(config), Day(config, as_of)
    entries = {Region(name): _entry(lake, day, Region(name)) for name in regions}
    return Release(
        id=digest({"as_of": format_instant(as_of), "regions": list(regions), "mode": mode}),
        as_of=format_instant(as_of),
        snapshot_id=day.ref(StepName.SNAPSHOT).id,
        mode=mode,
        regions=entries,
    )


def write_validation(
    config: PipelineConfig, as_of: datetime = AS_OF, num_bad: int = 2, rows: str = ""
) -> Artifact:
    """Commits a validation that rejected rows of one table of 500 rows."""
    tables = {
        "nodes/user": {"num_rows": 60, "num_rejected": 0, "reasons": {}},
        "edges/visited": {
            "num_rows": 500,
            "num_rejected": num_bad,
            "reasons": {"null src": num_bad},
        },
    }

    def make(trial: Attempt) -> ValidationFigures:
        trial.write_table("edges/visited.parquet", pa.table({"src": [None] * num_bad}))
        return ValidationFigures.model_validate({"tables": tables})

    day = Day(config, as_of)
    given = {"edges/visited": rows} if rows else {}
    return day.produce(day.ref(StepName.VALIDATE, given=given), make)


def _entry(lake: Lake, day: Day, region: Region) -> ReleasedRegion:
    evaluation_id, shard_id = (
        evaluation_ref(day, read_past(lake), region).id,
        day.ref(StepName.SHARD, region).id,
    )
    evaluation = open_artifact(lake.storage, lake.layout.evaluation(region, evaluation_id))
    shard = open_artifact(lake.storage, lake.layout.shard(region, shard_id))
    judged = evaluation.manifest.figures(EvaluationFigures).rules
    rules = (*judged, *shard.manifest.figures(ShardFigures).rules)
    verdict = verdict_of(rules)
    passed = verdict == "passed"
    return ReleasedRegion(
        shard_id=shard_id,
        as_of=format_instant(day.as_of),
        serves="model" if passed else "popular",
        passed=passed,
        verdict=verdict,
        follows="live" if passed else "keep",
        rules=rules,
        evaluation_id=evaluation_id,
        candidate_shard_id=shard_id,
    )


def _write_vectors(trial: Attempt, name: str, vectors: np.ndarray) -> None:
    flat = pa.array(vectors.astype(np.float32).ravel())
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    ids = [f"n{index:03d}" for index in range(len(vectors))]
    trial.write_table(name, pa.table({"node_id": ids, "vector": column}))
