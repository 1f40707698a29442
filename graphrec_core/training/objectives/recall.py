"""Recall on the pairs that came next, to decide when ranking is learned."""

import torch
from torch import Tensor

from graphrec_core.graph import RegionGraph
from graphrec_core.training.objectives.objective import Metric, ValidationSet
from graphrec_core.training.pairs import TaskPairs

K = 20
QUERY_BLOCK = 1024


class Recall(ValidationSet):
    """Measures recall@20 of home queries on targets that training did not see.

    Args:
        graph: The graph.
        targets: What queries with a home in the graph should be shown; no node is paired with
            itself.
        seen: What they are not shown; nor is any node shown to itself.
    """

    metric = Metric(f"recall@{K}", is_larger_better=True)

    def __init__(self, graph: RegionGraph, targets: TaskPairs, seen: TaskPairs) -> None:
        self._graph, self._targets, self._seen = graph, targets, seen
        self._queries = torch.unique(targets.query)

    def __len__(self) -> int:
        return len(self._queries)

    def measure(self, h_ND: Tensor) -> float:
        """Mean over queries of (hits in the top 20 / targets).

        Args:
            h_ND: Vectors of all nodes.

        Returns:
            A share in [0, 1].
        """
        h_ND = h_ND.detach().cpu()
        total = 0.0
        for row, region in enumerate(self._graph.regions):
            queries = self._queries[self._graph.query_regions[self._queries] == row]
            pool = self._graph.candidates[region]
            for block in torch.split(queries, QUERY_BLOCK):
                total += float(self._recalls(h_ND, block, pool).sum())
        return total / max(len(self._queries), 1)

    def _recalls(self, h_ND: Tensor, queries: Tensor, pool: Tensor) -> Tensor:
        """float32 [queries], recall of each query among the candidates of its region."""
        scores = h_ND[queries] @ h_ND[pool].T
        scores[self._cells(queries, pool, self._seen)] = -torch.inf
        scores[self._cells(queries, pool, TaskPairs(queries, queries))] = -torch.inf
        is_target = torch.zeros_like(scores, dtype=torch.bool)
        is_target[self._cells(queries, pool, self._targets)] = True
        top = torch.topk(scores, min(K, len(pool)), dim=1).indices
        hits = is_target.gather(1, top).sum(dim=1)
        return hits / is_target.sum(dim=1).clamp(min=1)

    def _cells(self, queries: Tensor, pool: Tensor, pairs: TaskPairs) -> tuple[Tensor, Tensor]:
        """Places of ``pairs`` in the matrix queries x pool."""
        row = self._places(queries)[pairs.query]
        column = self._places(pool)[pairs.candidate]
        inside = (row >= 0) & (column >= 0)
        return row[inside], column[inside]

    def _places(self, nodes: Tensor) -> Tensor:
        places = torch.full((self._graph.num_nodes,), -1)
        places[nodes] = torch.arange(len(nodes))
        return places
