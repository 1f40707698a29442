"""Judges a region's model on the holdout, beside the baselines and the champion."""

import logging
from datetime import datetime

import numpy as np

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.embedding import embed_view
from graphrec_core.errors import LakeError
from graphrec_core.evaluation.gates import CHAMPION, MODEL, POPULARITY, judge, passes
from graphrec_core.evaluation.holdout import Holdout, read_holdout, train_vectors
from graphrec_core.evaluation.measure import Measured, measure, summarise
from graphrec_core.index.ann import require_finite
from graphrec_core.index.axis import vectors_along
from graphrec_core.lake import (
    Artifact,
    Chain,
    Lake,
    Manifest,
    attempt,
    find_artifact,
    open_artifact,
)
from graphrec_core.lake.release import read_release
from graphrec_core.models.covisitation import Covisitation
from graphrec_core.models.popularity import Popularity
from graphrec_core.models.scorer import interactions_of
from graphrec_core.retrieval.recommend import PopularList
from graphrec_core.retrieval.sources import CandidateSource, DenseSource, vector_source
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, as_of: datetime, region: Region) -> Manifest:
    """Measures, judges and stores the decision; a refusal is a result, not an error.

    Raises:
        LeakageError: The vectors are not of the train view.
        LakeError: An earlier step's artefact is missing.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    inputs = chain.evaluation_inputs(lake, region)
    evaluation_id = chain.evaluation_id(lake, region)
    folder = lake.layout.evaluation(region, evaluation_id)
    if (done := find_artifact(lake.storage, folder)) is not None:
        logger.info("evaluation %s of %s is already there", evaluation_id, region)
        return done.manifest
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(as_of, chain.snapshot_id()))
    with attempt(lake.storage, folder, evaluation_id) as trial:
        holdout = read_holdout(snapshot, region, config.task)
        systems, popular = _systems(lake, chain, snapshot, region, holdout, inputs)
        measured = measure(holdout, systems, popular, config.evaluation)
        stats = _stats(config, holdout, measured, list(systems))
        for system, table in measured.topk.items():
            trial.write_table(
                "topk.parquet" if system == MODEL else f"topk_{system}.parquet", table
            )
        trial.write_table("queries.parquet", measured.queries)
        trial.write_json("report.json", {"region": region, **stats})
        logger.info("%s %s", region, "passed" if stats["passed"] else "was refused")
        return trial.commit(StepName.EVALUATE, config, as_of, region, inputs, stats).manifest


def _systems(
    lake: Lake,
    chain: Chain,
    snapshot: Artifact,
    region: Region,
    holdout: Holdout,
    inputs: dict[str, str],
) -> tuple[dict[str, CandidateSource], PopularList]:
    task, axes = chain.config.task, (holdout.query_ids, holdout.candidate_ids)
    interactions = interactions_of(holdout.src, holdout.dst, *axes)
    popularity, covisitation = Popularity(), Covisitation()
    popularity.fit(interactions)
    covisitation.fit(interactions)
    embedding = open_artifact(lake.storage, lake.layout.embedding(ArtifactId(inputs["embedding"])))
    vectors = [
        train_vectors(embedding, region, ntype, axis)
        for ntype, axis in zip((task.query, task.candidate), axes, strict=True)
    ]
    systems: dict[str, CandidateSource] = {
        MODEL: _exact(*vectors),
        POPULARITY: DenseSource(popularity.scores),
        "covisitation": DenseSource(covisitation.scores),
    }
    if "champion" in inputs:
        model = _champion_model(lake, ArtifactId(inputs["champion"]), region)
        tables = embed_view(snapshot, View.TRAIN, region, model)[region]
        systems[CHAMPION] = _exact(
            vectors_along(tables[task.query], axes[0]),
            vectors_along(tables[task.candidate], axes[1]),
        )
    return systems, PopularList(*popularity.ranked())


def _exact(queries: np.ndarray, candidates: np.ndarray) -> CandidateSource:
    require_finite(queries, "query")
    require_finite(candidates, "candidate")
    return vector_source(queries, candidates)


def _champion_model(lake: Lake, release_id: ArtifactId, region: Region) -> Artifact:
    model_id = read_release(lake, release_id).regions[region].model_id
    if model_id is not None:
        for scope in (region, ALL_REGIONS):
            found = find_artifact(lake.storage, lake.layout.model(scope, model_id))
            if found is not None:
                return found
    raise LakeError(
        must=f"The model of the champion, release {release_id}, must be in the lake.",
        found=f"no model {model_id} for {region}",
        fix="Run train-model of the champion's day again, or roll that release back.",
    )


def _stats(
    config: PipelineConfig, holdout: Holdout, measured: Measured, systems: list[str]
) -> dict[str, object]:
    metrics, slices = summarise(measured.queries, systems, config.evaluation)
    decisions = judge(measured.queries, config.evaluation, config.gate)
    return {
        "metrics": metrics,
        "slices": slices,
        "num_queries": len(holdout.query_ids),
        "num_pairs": len(holdout.targets.indices),
        "num_missing_coverage": holdout.num_missing_coverage,
        "k": config.evaluation.k,
        "depth": config.evaluation.depth,
        "rules": [decision.to_json() for decision in decisions],
        "passed": passes(decisions),
    }
