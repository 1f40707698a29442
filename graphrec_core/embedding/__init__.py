"""Trained models as files, and the vectors they give to the nodes of a view."""

from graphrec_core.embedding.checkpoint import (
    LoadedModel,
    has_weights,
    load_model,
    write_settings,
    write_weights,
)
from graphrec_core.embedding.inference import count_nodes, embed_view, encode_graph
from graphrec_core.embedding.writer import write_vectors

__all__ = [
    "LoadedModel",
    "count_nodes",
    "embed_view",
    "encode_graph",
    "has_weights",
    "load_model",
    "write_settings",
    "write_vectors",
    "write_weights",
]
