"""The message edges of a graph by edge type and direction, and all of them as one flat graph."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphrec_core.graph.messages import MessageGraph

Ends = tuple[Tensor, Tensor]
"""src and dst of the edges of one type, int64 [n] each."""


@dataclass(frozen=True, order=True)
class Relation:
    """One edge type in one direction.

    Attributes:
        etype: The edge type.
        is_reverse: Whether an edge's dst speaks and its src hears.
    """

    etype: str
    is_reverse: bool = False


class Messages(Mapping[Relation, MessageGraph]):
    """Who hears whom, by relation: a mapping from each to its directed graph.

    ``flat`` is the view without types: one message edge for each pair of nodes that any edge
    joins, in both directions. No node speaks to itself.

    Args:
        num_nodes: Nodes of all types.
        ends: etype -> the ends of its edges.
    """

    def __init__(self, num_nodes: int, ends: Mapping[str, Ends]) -> None:
        self._ends, self.num_nodes = ends, num_nodes
        self.flat = _flat(num_nodes, list(ends.values()))

    def __getitem__(self, relation: Relation) -> MessageGraph:
        speakers, hearers = self._directed(relation)
        keys = (hearers * self.num_nodes + speakers)[self.flat.edge_ids(speakers, hearers) >= 0]
        return MessageGraph(self.num_nodes, torch.unique(keys, sorted=True))

    def __iter__(self) -> Iterator[Relation]:
        return (Relation(etype, is_back) for etype in self._ends for is_back in (False, True))

    def __len__(self) -> int:
        return 2 * len(self._ends)

    def summed(self, values: Mapping[str, Tensor]) -> Tensor:
        """Sums a value of edges along the flat graph.

        Args:
            values: etype -> float64 [n], along its edges.

        Returns:
            float64 [E]: what the edges of a message edge's two nodes have together, of all types
            and in either direction.
        """
        total = torch.zeros(len(self.flat.keys), dtype=torch.float64)
        for relation in self:
            ids, is_there = self._flat_ids(relation)
            total.index_add_(0, ids, values[relation.etype][is_there])
        return total

    def averaged(self, values: Mapping[str, Tensor]) -> Tensor:
        """Lays vectors of edges along the flat graph, the types beside each other.

        Args:
            values: etype -> float32 [n, F], along its edges; other types have none.

        Returns:
            float32 [E, sum of F], in the order of ``values``: for each type the mean of its edges
            between the two nodes, of which there are two where they lie in both directions; zeros
            where there is none.
        """
        num_edges = len(self.flat.keys)
        parts = [torch.zeros(num_edges, 0)]
        for etype, own in values.items():
            total, count = torch.zeros(num_edges, own.shape[1]), torch.zeros(num_edges)
            for is_reverse in (False, True):
                ids, is_there = self._flat_ids(Relation(etype, is_reverse))
                total.index_add_(0, ids, own[is_there])
                count.index_add_(0, ids, torch.ones(len(ids)))
            parts.append(total / count.clamp(min=1).unsqueeze(1))
        return torch.cat(parts, dim=1)

    def _flat_ids(self, relation: Relation) -> tuple[Tensor, Tensor]:
        """Flat edge ids of a relation's edges, and which of them are message edges."""
        ids = self.flat.edge_ids(*self._directed(relation))
        return ids[ids >= 0], ids >= 0

    def _directed(self, relation: Relation) -> Ends:
        src, dst = self._ends[relation.etype]
        return (dst, src) if relation.is_reverse else (src, dst)


def _flat(num_nodes: int, ends: Sequence[Ends]) -> MessageGraph:
    src, dst = (torch.cat([end[place] for end in ends]) for place in (0, 1))
    return MessageGraph.from_edges(num_nodes, src, dst)
