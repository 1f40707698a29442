"""What an embedding holds, laid along the axes of whoever ranks with it."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from graphrec_core.axes.rows import rows_of, vectors_along
from graphrec_core.config.task import TaskConfig
from graphrec_core.errors import AbsentError
from graphrec_core.index.ann import require_finite
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import list_file, topn_file, vectors_file
from graphrec_core.lake.records import ModelFigures, VectorOrigin
from graphrec_core.retrieval.sources import (
    CandidateSource,
    ListSource,
    TableSource,
    vector_source,
)
from graphrec_core.types import Region, View


def embedded_vectors(
    embedding: Artifact, view: View, region: Region, ntype: str, axis: pa.Array
) -> np.ndarray:
    """Reads an encoder's vectors along an axis, float32 [num_ids, d]; zero where it has none.

    Raises:
        LakeError: A file is missing or damaged, or a vector is not finite.
    """
    table = embedding.read_table(vectors_file(view, region, ntype))
    vectors = vectors_along(table, axis)
    require_finite(vectors, ntype)
    return vectors


Vectors = Mapping[Region, Mapping[str, pa.Table]]
"""By region and node type: what ``embed_view`` returns."""


def applied(
    snapshot: Artifact,
    view: View,
    region: Region,
    model: Artifact,
    trained_on: View = View.TRAIN,
) -> Vectors:
    """Applies a model to a view.

    Args:
        snapshot: The snapshot; it need not be that of the model's day.
        view: The view.
        region: A region, or ``ALL_REGIONS`` for all that a global model serves.
        model: A committed model.
        trained_on: Take the weights that were trained on this view.

    Raises:
        AbsentError: It has no weights that were trained on this view.
        LakeError: The model cannot be applied to this graph.
        LeakageError: Its vectors name another origin.
    """
    from graphrec_core.embedding.checkpoint import has_weights
    from graphrec_core.embedding.inference import embed_view

    if not has_weights(model, trained_on):
        raise AbsentError(
            must=f"Model {model.manifest.id} must have weights of the {trained_on} view.",
            found=model.manifest.figures(ModelFigures).why_fixed or "none",
            fix="Choose a later --as-of, or go on without it.",
        )
    made = embed_view(snapshot, view, region, model, trained_on=trained_on)
    expected = VectorOrigin(snapshot.manifest.id, view, model.manifest.id, trained_on=trained_on)
    for name, tables in made.items():
        for ntype, table in tables.items():
            expected.require(VectorOrigin.stamped(table), f"the {ntype} vectors of {name}")
    return made


def encoded_source(
    made: Mapping[str, pa.Table], query_ids: pa.Array, candidate_ids: pa.Array, task: TaskConfig
) -> CandidateSource:
    """Opens a region's vectors as a source that is searched exactly.

    Args:
        made: Its vectors by node type.
        query_ids: The queries that are going to be asked.
        candidate_ids: The candidates.
        task: The task.

    Raises:
        LakeError: A vector is not finite.
    """
    vectors = []
    for ntype, ids in ((task.query, query_ids), (task.candidate, candidate_ids)):
        vectors.append(vectors_along(made[ntype], ids))
        require_finite(vectors[-1], ntype)
    return vector_source(*vectors)


def embedded_lists(
    embedding: Artifact, view: View, region: Region, query_ids: pa.Array, candidate_ids: pa.Array
) -> TableSource | ListSource:
    """Reads what a scorer lists, by rows of two axes.

    Raises:
        LakeError: A file is missing or damaged.
    """
    if embedding.has(list_file(view, region)):
        table = embedding.read_table(list_file(view, region))
        rows = rows_of(table["candidate_id"], candidate_ids)
        return ListSource(rows[rows >= 0], table["score"].to_numpy()[rows >= 0])
    table = embedding.read_table(topn_file(view, region))
    return TableSource.of(
        rows_of(table["query_id"], query_ids),
        rows_of(table["candidate_id"], candidate_ids),
        table["score"].to_numpy(),
        len(query_ids),
    )
