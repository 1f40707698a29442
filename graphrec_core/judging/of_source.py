"""What a source says of one view: found, or computed and committed.

An encoder's vectors of every node, or a scorer's lists.
"""

import logging

from graphrec_core.config import StepName
from graphrec_core.config.model import EncoderConfig, ScorerConfig
from graphrec_core.day import Day, Ref
from graphrec_core.errors import RefusedError
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import EmbeddingFigures, ModelFigures
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


def produce_embedding(day: Day, region: Region, view: View, source: str) -> Artifact:
    """Embeds one view with the model of a source that serves ``region``, or fits its scorer.

    A global model gives one artefact with every region's vectors.

    Args:
        day: The day.
        region: A region, or ``ALL_REGIONS`` for a global model.
        view: The fit view (an encoder's by the weights fitted on it), the train view (to
            evaluate) or the serve view (to publish).
        source: The source.

    Returns:
        The embedding, made now or found.

    Raises:
        LakeError: The day's snapshot or model is missing.
        RefusedError: A vector is not finite, or there are no weights of the fit view.
    """
    ref = day.ref(StepName.EMBED, region, view, source)
    settings = day.config.recommender.sources[source]

    def write(trial: Attempt) -> EmbeddingFigures:
        if isinstance(settings, EncoderConfig):
            figures = _write_vectors(day, ref, view, trial)
        else:
            figures = _write_lists(day, ref, view, settings, trial)
        logger.info("%s: the %s view of %s: %s", source, view, ref.region, figures.to_json())
        return figures

    return day.produce(ref, write)


def _write_vectors(day: Day, ref: Ref, view: View, trial: Attempt) -> EmbeddingFigures:
    from graphrec_core.embedding.inference import count_nodes, embed_view
    from graphrec_core.embedding.writer import write_vectors
    from graphrec_core.judging.refit_guard import embed_serve_view

    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    model = day.open(day.ref(StepName.TRAIN, ref.region, source=ref.source))
    if view is View.SERVE:
        overlap = day.config.gate.min_refit_overlap
        tables, checks = embed_serve_view(snapshot, ref.region, model, overlap)
    else:
        _require_weights(model, view)
        tables, checks = embed_view(snapshot, view, ref.region, model, trained_on=view), {}
    origin = write_vectors(trial, view, tables)
    return EmbeddingFigures(**count_nodes(tables, model), origin=origin, refit=checks)


def _write_lists(
    day: Day, ref: Ref, view: View, settings: ScorerConfig, trial: Attempt
) -> EmbeddingFigures:
    from graphrec_core.judging.scorer_lists import read_scored_view, write_lists

    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    instant = day.config.time.end_of(day.as_of, view)
    read = read_scored_view(snapshot, view, ref.region, day.config.task, instant)
    return write_lists(trial, ref.source, settings, read)


def _require_weights(model: Artifact, view: View) -> None:
    from graphrec_core.embedding.checkpoint import has_weights

    if not has_weights(model, view):
        why = model.manifest.figures(ModelFigures).why_fixed
        raise RefusedError(
            must=f"Model {model.manifest.id} must hold weights trained on the {view} view.",
            found=f"it was trained for a fixed number of epochs: {why}",
            fix="Choose a later --as-of, or lower training.min_queries and train again.",
        )
