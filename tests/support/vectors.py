"""Embeddings of the tiny snapshot, planted or random, committed without training."""

from datetime import datetime

import numpy as np
import pyarrow as pa

from graphrec_core.axes.rows import vector_column
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.layout import nodes_file, vectors_file
from graphrec_core.lake.records import EmbeddingFigures
from graphrec_core.lake.records.origin import VectorOrigin
from graphrec_core.types import REQUIRED_VIEWS, Region, View
from tests.support.snapshots import SOURCE

DIM = 8


def write_vectors(
    config: PipelineConfig,
    as_of: datetime,
    snapshot: Artifact,
    region: str,
    *,
    good: bool = True,
    files_of: View | None = None,
    stamped: View | None = None,
) -> None:
    """Commits both views' embeddings of one region.

    Good vectors point along the planted taste (node number modulo 4); bad ones anywhere.
    ``files_of`` writes another view's files into the train view's artefact, ``stamped`` vectors
    that were computed from another view: leaks.
    """
    lake, day, name = Lake(config), Day(config, as_of), Region(region)
    for view in REQUIRED_VIEWS:
        embedding_id = day.ref(StepName.EMBED, name, view, SOURCE).id
        inputs = {
            "snapshot": day.ref(StepName.SNAPSHOT).id,
            "model": day.ref(StepName.TRAIN, name, source=SOURCE).id,
            "view": str(view),
        }
        with attempt(lake.storage, lake.layout.embedding(embedding_id), embedding_id) as trial:
            written = files_of or view
            origin = VectorOrigin(inputs["snapshot"], stamped or view, inputs["model"])
            for ntype in (config.task.query, config.task.candidate):
                nodes = snapshot.read_table(nodes_file(view, ntype, name), ["node_id"])
                table = _vectors(nodes["node_id"].to_pylist(), good=good)
                trial.write_table(vectors_file(written, name, ntype), table)
            figures = EmbeddingFigures(num_nodes={}, origin=origin)
            trial.commit(StepName.EMBED, config, as_of, name, inputs, figures, SOURCE)


def _vectors(ids: list[str], *, good: bool) -> pa.Table:
    rng = np.random.default_rng(len(ids))
    vectors = rng.normal(0, 1, (len(ids), DIM))
    if good:
        tastes = np.array([int(node_id.rsplit("-", 1)[1][1:]) % 4 for node_id in ids])
        vectors = 0.01 * vectors + np.eye(DIM)[tastes]
    return pa.table({"node_id": ids, "vector": vector_column(vectors)})
