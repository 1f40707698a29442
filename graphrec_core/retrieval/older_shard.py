"""Shards of older versions: one index at the root, vectors beside the query nodes."""

import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.rows import vector_matrix
from graphrec_core.index.ann import from_bytes
from graphrec_core.lake import Artifact
from graphrec_core.retrieval.sources import IndexSource

INDEX_FILE = "index.faiss"
START_PREFIX = "__start__:"
"""Begins the id of a query node that stood for all who had no history."""


def is_older(artifact: Artifact) -> bool:
    """Whether a shard has its index at the root."""
    return artifact.has(INDEX_FILE)


def older_queries(queries: pa.Table) -> pa.Table:
    """Leaves out what was a query node and is none any more."""
    return queries.filter(pc.invert(pc.starts_with(queries["node_id"], START_PREFIX)))


def older_source(artifact: Artifact, queries: pa.Table) -> IndexSource:
    """Opens the index.

    Args:
        artifact: The shard.
        queries: Its query nodes, with their vectors.
    """
    return IndexSource(from_bytes(artifact.read(INDEX_FILE)), vector_matrix(queries["vector"]))
