"""generate-embeddings: vectors for every node of one view of a snapshot."""

import logging
from datetime import datetime

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.embedding import (
    count_nodes,
    embed_serve_view,
    embed_view,
    write_vectors,
)
from graphrec_core.lake import Lake, Manifest, attempt, find_artifact, open_artifact
from graphrec_core.ledger.chain import Chain
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, as_of: datetime, region: Region, view: View) -> Manifest:
    """Embeds one view with the model that serves ``region``.

    A global model gives one artefact with every region's vectors.

    Args:
        config: The pipeline.
        as_of: The day's instant.
        region: A region, or ``ALL_REGIONS`` for a global model.
        view: The train view (to evaluate) or the serve view (to publish).

    Returns:
        The manifest of the embedding, made now or found.

    Raises:
        LakeError: The day's snapshot or model is missing.
        RefusedError: A vector is not finite.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    scope, embedding_id = config.model_region(region), chain.embedding_id(region, view)
    folder = lake.layout.embedding(embedding_id)
    if (done := find_artifact(lake.storage, folder)) is not None:
        logger.info("embedding %s of %s is already there", embedding_id, scope)
        return done.manifest
    snapshot_id, model_id = chain.snapshot_id(), chain.model_id(region)
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(as_of, snapshot_id))
    model = open_artifact(lake.storage, lake.layout.model(scope, model_id))
    with attempt(lake.storage, folder, embedding_id) as trial:
        if view is View.SERVE:
            tables, checks = embed_serve_view(
                snapshot, scope, model, config.gate.min_refit_overlap
            )
        else:
            tables, checks = embed_view(snapshot, view, scope, model), {}
        origin = write_vectors(trial, view, tables)
        refit = {name: check.to_json() for name, check in checks.items()}
        stats = {**count_nodes(tables, model), "origin": origin, "refit": refit}
        logger.info("embedded the %s view of %s: %s", view, scope, stats)
        inputs = {"snapshot": snapshot_id, "model": model_id, "view": str(view)}
        return trial.commit(StepName.EMBED, config, as_of, scope, inputs, stats).manifest
