"""The pairs a model learns from, and those that it is stopped on."""

from dataclasses import dataclass

import pyarrow as pa
from torch import Tensor

from graphrec_core.graph import RegionGraph


@dataclass(frozen=True)
class TaskPairs:
    """Task pairs in global indices.

    Attributes:
        query: int64 [P].
        candidate: int64 [P].
    """

    query: Tensor
    candidate: Tensor

    def __len__(self) -> int:
        return len(self.query)

    def where(self, chosen: Tensor | slice) -> "TaskPairs":
        """Returns the pairs at a mask, at indices or of a slice."""
        return TaskPairs(self.query[chosen], self.candidate[chosen])


def all_pairs(graph: RegionGraph) -> TaskPairs:
    """Returns the task pairs of a graph; no node is to be recommended to itself."""
    pairs = TaskPairs(graph.task_pairs.src, graph.task_pairs.dst)
    return pairs.where(pairs.query != pairs.candidate)  # nodes of two types never are the same


def known_pairs(
    graph: RegionGraph, query_ids: pa.ChunkedArray, candidate_ids: pa.ChunkedArray
) -> TaskPairs:
    """Returns pairs of original ids in global indices; those of unknown nodes are left out."""
    pairs = TaskPairs(
        graph.indices_of(graph.query, query_ids), graph.indices_of(graph.candidate, candidate_ids)
    )
    return pairs.where((pairs.query >= 0) & (pairs.candidate >= 0))
