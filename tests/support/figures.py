"""Figures for artefacts of which only the files or the identity matter."""

from graphrec_core.lake.records import EmbeddingFigures, ModelFigures, ShardFigures, ShardSource

SHARD_FIGURES = ShardFigures(
    num_candidates=3,
    num_queries=2,
    sources=(ShardSource(name="taste", kind="index", factory="Flat", ann_recall=1.0),),
    recall_k=2,
    rules=(),
)
MODEL_FIGURES = ModelFigures(
    num_epochs=1, num_parameters=2, device="cpu", supervision_edges="none"
)
EMBEDDING_FIGURES = EmbeddingFigures(num_nodes={})
