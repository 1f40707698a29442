"""A region's evaluation: its model on the holdout, beside baselines and earlier models."""

import logging
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from graphrec_core.axes.rows import vectors_along
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.task import TaskConfig
from graphrec_core.day import Day, evaluation_ref
from graphrec_core.evaluation.holdout import Holdout, read_holdout
from graphrec_core.evaluation.measure import measure
from graphrec_core.evaluation.record import judged_figures, name_references, write_evaluation
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.index.ann import require_finite
from graphrec_core.judging.holdout_vectors import TrainVectors
from graphrec_core.judging.reference import reapply
from graphrec_core.lake import Artifact, Attempt, Lake
from graphrec_core.lake.records import EvaluationFigures
from graphrec_core.ledger.past import RELEASED, read_past
from graphrec_core.models.popularity import RecentPopularity
from graphrec_core.models.registry import build_scorer
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.sources import (
    CandidateSource,
    DenseSource,
    ListSource,
    vector_source,
)
from graphrec_core.types import ArtifactId, Region, View

logger = logging.getLogger(__name__)


def produce_evaluation(day: Day, region: Region) -> Artifact:
    """Measures, judges and stores the decision; a refusal is a result, not an error.

    Raises:
        LeakageError: The vectors are not of this snapshot's train view, by weights trained on it.
        LakeError: An earlier step's artefact is missing.
    """
    config = day.config
    ref = evaluation_ref(day, read_past(day.lake), region)

    def write(trial: Attempt) -> EvaluationFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        embedding = day.open(day.ref(StepName.EMBED, region, View.TRAIN))
        model_id = day.ref(StepName.TRAIN, region).id
        vectors = TrainVectors(embedding, snapshot, model_id, region)
        holdout = read_holdout(snapshot, region, config.task)
        systems, popular = _baselines(config, day.as_of, holdout)
        systems = {MODEL: _model(vectors, config.task, holdout), **systems}
        names = [name for name in RELEASED if name in ref.inputs]
        references = {name: ArtifactId(ref.inputs[name]) for name in names}
        models, unmeasured = _earlier_models(day.lake, snapshot, region, references, holdout)
        measured = measure(holdout, {**systems, **models}, popular, config.evaluation)
        measured = name_references(measured, references)
        figures = judged_figures(config, holdout, measured, unmeasured)
        write_evaluation(trial, region, measured, figures)
        logger.info("%s by its own queries: %s; publish-release decides", region, figures.verdict)
        return figures

    return day.produce(ref, write)


def _baselines(
    config: PipelineConfig, as_of: datetime, holdout: Holdout
) -> tuple[dict[str, CandidateSource], ListSource]:
    """Fits scorers to the train view; the recent list fills up, as it does in serving."""
    cut, days = as_of - config.time.horizon, config.evaluation.recent_days
    inputs = ScorerInputs(holdout.pairs, holdout.query_ids, holdout.candidate_ids, cut, days)
    recent, sources = RecentPopularity(), dict[str, CandidateSource]()
    recent.fit(inputs)
    for name in config.gate.measured:
        scorer = build_scorer(name)
        scorer.fit(inputs)
        sources[name] = DenseSource(scorer.scores)
    return sources, ListSource(*recent.ranked())


def _model(vectors: TrainVectors, task: TaskConfig, holdout: Holdout) -> CandidateSource:
    return _exact(
        vectors.along(task.query, holdout.query_ids),
        vectors.along(task.candidate, holdout.candidate_ids),
    )


def _earlier_models(
    lake: Lake,
    snapshot: Artifact,
    region: Region,
    references: Mapping[str, ArtifactId],
    holdout: Holdout,
) -> tuple[dict[str, CandidateSource], dict[str, str]]:
    """Re-applies each model once, whatever names it has; says of the others why they cannot be.

    Returns:
        Model id -> source; name of a reference -> why it could not be measured.
    """
    sources: dict[str, CandidateSource] = {}
    why_not, task = {}, lake.config.task
    for model_id in sorted(set(references.values())):
        found = reapply(lake, snapshot, region, model_id)
        if found.why_not:
            why_not[model_id] = found.why_not
        else:
            sources[model_id] = _exact(
                vectors_along(found.tables[task.query], holdout.query_ids),
                vectors_along(found.tables[task.candidate], holdout.candidate_ids),
            )
    unmeasured = {name: why_not[model] for name, model in references.items() if model in why_not}
    for name, why in unmeasured.items():
        logger.warning("%s: its rules against %s are undecided: %s", region, name, why)
    return sources, unmeasured


def _exact(queries: np.ndarray, candidates: np.ndarray) -> CandidateSource:
    require_finite(queries, "query")
    require_finite(candidates, "candidate")
    return vector_source(queries, candidates)
