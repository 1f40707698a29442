"""A region's evaluation: its recommender on the holdout, beside baselines and earlier ones."""

import logging
from collections.abc import Mapping

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.recommenders import baseline
from graphrec_core.day import Day, evaluation_ref, model_of
from graphrec_core.evaluation.holdout import Holdout, read_holdout
from graphrec_core.evaluation.measure import System, measure
from graphrec_core.evaluation.record import judged_figures, name_references, write_evaluation
from graphrec_core.evaluation.systems import MODEL, source_system
from graphrec_core.judging.fitted import fitted_source, popular_list, scorer_inputs
from graphrec_core.judging.opened_ranker import open_ranker
from graphrec_core.judging.reference import reapply
from graphrec_core.judging.train_embedding import TrainEmbedding
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import EvaluationFigures
from graphrec_core.ledger.past import RELEASED, Past, read_past
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.sources import Proposer
from graphrec_core.types import ArtifactId, Region, View

logger = logging.getLogger(__name__)


def produce_evaluation(day: Day, region: Region) -> Artifact:
    """Measures, judges and stores the decision; a refusal is a result, not an error.

    Raises:
        LeakageError: A source's vectors or lists are not of this snapshot's train view, or its
            weights not trained on it.
        LakeError: An earlier step's artefact is missing, the choice between challengers too.
    """
    day = day.of_region(region)
    config = day.config
    past = read_past(day.lake)
    ref = evaluation_ref(day, past, region)

    def write(trial: Attempt) -> EvaluationFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        holdout = read_holdout(snapshot, region, config.task)
        inputs = scorer_inputs(holdout, config.time.end_of(day.as_of, View.TRAIN))
        own = _recommender(day, snapshot, region, holdout)
        systems = {MODEL: own, **_alone(own), **_baselines(config, inputs)}
        names = [name for name in RELEASED if name in ref.inputs]
        references = {name: ArtifactId(ref.inputs[name]) for name in names}
        earlier, unmeasured = _earlier(past, snapshot, region, references, holdout)
        popular = popular_list(inputs, config.evaluation.recent_days)
        measured = measure(holdout, {**systems, **earlier}, popular, config.evaluation)
        measured = name_references(measured, references)
        figures = judged_figures(config, holdout, measured, unmeasured)
        write_evaluation(trial, region, measured, figures)
        logger.info("%s by its own queries: %s; publish-release decides", region, figures.verdict)
        return figures

    return day.produce(ref, write)


def _recommender(day: Day, snapshot: Artifact, region: Region, holdout: Holdout) -> System:
    """Opens the region's sources, of the train view, as the shard will have them."""
    axes, proposers = (holdout.query_ids, holdout.candidate_ids), list[Proposer]()
    for name, settings in day.config.recommender.sources.items():
        embedding = day.open(day.ref(StepName.EMBED, region, View.TRAIN, name))
        opened = TrainEmbedding(embedding, snapshot, model_of(day, region, name), region)
        source = opened.source(settings, day.config.task, *axes)
        proposers.append(Proposer(name, source, settings.quota))
    ranker = open_ranker(day, snapshot, View.TRAIN, region, axes)
    return System(tuple(proposers), ranker)


def _alone(recommender: System) -> dict[str, System]:
    """Makes each source a system beside the whole; an only one's own order may be the whole."""
    if len(recommender.proposers) == 1 and isinstance(recommender.ranker, ReciprocalRank):
        return {}
    return {source_system(one.name): System((one,)) for one in recommender.proposers}


def _baselines(config: PipelineConfig, inputs: ScorerInputs) -> dict[str, System]:
    """Fits the gate's scorers to the train view."""
    settings = {
        name: baseline(name, config.evaluation.recent_days) for name in config.gate.measured
    }
    return {name: System.of(name, fitted_source(one, inputs)) for name, one in settings.items()}


def _earlier(
    past: Past,
    snapshot: Artifact,
    region: Region,
    references: Mapping[str, ArtifactId],
    holdout: Holdout,
) -> tuple[dict[str, System], dict[str, str]]:
    """Re-applies each recommender once, whatever names it has; says why others cannot be.

    Returns:
        Shard id -> system; name of a reference -> why it could not be measured.
    """
    systems: dict[str, System] = {}
    why_not = {}
    for shard_id in sorted(set(references.values())):
        found = reapply(past, snapshot, region, shard_id, holdout)
        if found.system is None:
            why_not[shard_id] = found.why_not
        else:
            systems[shard_id] = found.system
    unmeasured = {name: why_not[shard] for name, shard in references.items() if shard in why_not}
    for name, why in unmeasured.items():
        logger.warning("%s: its rules against %s are undecided: %s", region, name, why)
    return systems, unmeasured
