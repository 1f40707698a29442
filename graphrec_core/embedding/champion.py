"""The champion's vectors on another day's train view, where it can give any."""

import logging

import pyarrow as pa

from graphrec_core.embedding.inference import embed_view
from graphrec_core.errors import GraphrecError, LakeError
from graphrec_core.index.origin import VectorOrigin
from graphrec_core.lake import Artifact, Lake, find_artifact
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View

logger = logging.getLogger(__name__)


def embed_champion(
    lake: Lake, snapshot: Artifact, region: Region, model_id: ArtifactId
) -> dict[str, pa.Table] | None:
    """Embeds today's train view with the champion's weights.

    A champion never blocks a region: one whose model is gone, or that does not fit today's
    node types or features, cannot be measured, and the log says why.

    Args:
        lake: The lake.
        snapshot: Today's snapshot.
        region: The region.
        model_id: The champion's model.

    Returns:
        ntype -> table (node_id, vector); None where the champion cannot be measured.
    """
    try:
        model = _find_model(lake, region, model_id)
        tables = embed_view(snapshot, View.TRAIN, region, model)[region]
        expected = VectorOrigin(snapshot.manifest.id, View.TRAIN, model_id)
        for ntype, table in tables.items():
            expected.require(VectorOrigin.stamped(table), f"the champion's {ntype} vectors")
        return tables
    except GraphrecError as error:
        logger.warning(
            "%s: the champion, model %s, could not be measured: %s", region, model_id, error
        )
        return None


def _find_model(lake: Lake, region: Region, model_id: ArtifactId) -> Artifact:
    for scope in (region, ALL_REGIONS):
        found = find_artifact(lake.storage, lake.layout.model(scope, model_id))
        if found is not None:
            return found
    raise LakeError(
        must="The champion's model must be in the lake.",
        found=f"no model {model_id} for {region}",
        fix="Run train-model of the champion's day again, or roll that release back.",
    )
