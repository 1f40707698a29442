"""Figures for artefacts of which only the files or the identity matter."""

from graphrec_core.lake.records import ShardFigures

SHARD_FIGURES = ShardFigures(
    num_candidates=3, num_queries=2, factory="Flat", ann_recall=1.0, recall_k=2, rules=()
)
