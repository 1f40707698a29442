"""An earlier release's vectors on another day's train view, where its model can give any."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from graphrec_core.embedding.checkpoint import require_appliable
from graphrec_core.embedding.inference import embed_view
from graphrec_core.errors import GraphrecError, LakeError
from graphrec_core.lake import Artifact, Lake, Manifest, find_artifact
from graphrec_core.lake.records.origin import VectorOrigin
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View, parse_instant

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reapplied:
    """What a model says of a view that is not its own.

    Attributes:
        tables: ntype -> table (node_id, vector); empty where it cannot be measured.
        why_not: Why it cannot; empty where it can.
    """

    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    why_not: str = ""


def reapply(lake: Lake, snapshot: Artifact, region: Region, model_id: ArtifactId) -> Reapplied:
    """Embeds today's train view with the weights of an earlier release.

    A model that is gone, was made to be applied by another version, does not fit today's node
    types or features, or has learnt from this holdout cannot be measured. That is no fault, but
    it is said: the rules that need it stay undecided.

    Args:
        lake: The lake.
        snapshot: Today's snapshot.
        region: The region.
        model_id: The earlier release's model.
    """
    try:
        model = _find_model(lake, region, model_id)
        require_appliable(model)
        _refuse_later(lake, model.manifest, snapshot.manifest)
        tables = embed_view(snapshot, View.TRAIN, region, model)[region]
        expected = VectorOrigin(snapshot.manifest.id, View.TRAIN, model_id)
        for ntype, table in tables.items():
            expected.require(VectorOrigin.stamped(table), f"the {ntype} vectors of an earlier day")
        return Reapplied(tables)
    except GraphrecError as error:
        logger.warning("%s: model %s could not be measured: %s", region, model_id, error)
        return Reapplied(why_not=error.found)


def _find_model(lake: Lake, region: Region, model_id: ArtifactId) -> Artifact:
    for scope in (region, ALL_REGIONS):
        found = find_artifact(lake.storage, lake.layout.model(scope, model_id))
        if found is not None:
            return found
    raise LakeError(
        must="An earlier release's model must be in the lake.",
        found=f"no model {model_id} for {region}",
        fix="Run train-model of its day again, or roll that release back.",
    )


def _refuse_later(lake: Lake, model: Manifest, today: Manifest) -> None:
    """Refuses a model whose own train view goes on into today's holdout."""
    as_of = parse_instant(model.as_of)
    folder = lake.layout.snapshot(as_of, ArtifactId(model.inputs["snapshot"]))
    origin = find_artifact(lake.storage, folder)
    if origin is not None and _cut(origin.manifest) > _cut(today):
        raise LakeError(
            must=f"A reference must have learnt from events before {_cut(today).isoformat()}.",
            found=f"model {model.id} has learnt from those before "
            f"{_cut(origin.manifest).isoformat()}, so from this holdout",
            fix="Keep time.horizon_days as it is between days that are compared.",
        )


def _cut(snapshot: Manifest) -> datetime:
    horizon = timedelta(days=snapshot.config["time"]["horizon_days"])
    return parse_instant(snapshot.as_of) - horizon
