"""The vectors of every node of one view: found, or computed by the day's model and committed."""

import logging

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.embedding.checkpoint import has_weights
from graphrec_core.embedding.inference import count_nodes, embed_view
from graphrec_core.embedding.writer import write_vectors
from graphrec_core.errors import RefusedError
from graphrec_core.judging.refit_guard import embed_serve_view
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import EmbeddingFigures, ModelFigures
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


def produce_vectors(day: Day, region: Region, view: View) -> Artifact:
    """Embeds one view with the model that serves ``region``.

    A global model gives one artefact with every region's vectors.

    Args:
        day: The day.
        region: A region, or ``ALL_REGIONS`` for a global model.
        view: The fit view (by the weights fitted on it), the train view (to evaluate) or the
            serve view (to publish).

    Returns:
        The embedding, made now or found.

    Raises:
        LakeError: The day's snapshot or model is missing.
        RefusedError: A vector is not finite, or there are no weights of the fit view.
    """
    ref = day.ref(StepName.EMBED, region, view)

    def write(trial: Attempt) -> EmbeddingFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        model = day.open(day.ref(StepName.TRAIN, region))
        if view is View.SERVE:
            overlap = day.config.gate.min_refit_overlap
            tables, checks = embed_serve_view(snapshot, ref.region, model, overlap)
        else:
            _require_weights(model, view)
            tables = embed_view(snapshot, view, ref.region, model, trained_on=view)
            checks = {}
        origin = write_vectors(trial, view, tables)
        figures = EmbeddingFigures(**count_nodes(tables, model), origin=origin, refit=checks)
        logger.info("embedded the %s view of %s: %s", view, ref.region, figures.to_json())
        return figures

    return day.produce(ref, write)


def _require_weights(model: Artifact, view: View) -> None:
    if not has_weights(model, view):
        why = model.manifest.figures(ModelFigures).why_fixed
        raise RefusedError(
            must=f"Model {model.manifest.id} must hold weights trained on the {view} view.",
            found=f"it was trained for a fixed number of epochs: {why}",
            fix="Choose a later --as-of, or lower training.min_queries and train again.",
        )
