"""The nodes and edges of one region, or of all regions, in one contiguous index space."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import torch
from torch import Tensor

from graphrec_core.axes.rows import rows_of
from graphrec_core.graph.typed_messages import Messages
from graphrec_core.types import Region


@dataclass(frozen=True)
class EdgeList:
    """The edges of one etype, one per (src, dst), in global indices.

    Attributes:
        src: int64 [E].
        dst: int64 [E].
        weight: float64 [E], not negative: ``source.edges.<etype>.weight`` of each edge's events.
        features: Column -> float64 [E]; NaN where no event of the edge has a value.
    """

    src: Tensor
    dst: Tensor
    weight: Tensor
    features: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.src)

    def where(self, chosen: Tensor) -> "EdgeList":
        """Returns the edges at a mask or at indices."""
        return EdgeList(
            self.src[chosen],
            self.dst[chosen],
            self.weight[chosen],
            {name: values[chosen] for name, values in self.features.items()},
        )


@dataclass(frozen=True)
class RegionGraph:
    """A view's graph. Node types lie in blocks, sorted by name; within one, ids are sorted.

    Attributes:
        region: The region, or ``ALL_REGIONS`` for the union.
        query: Node type that receives recommendations.
        candidate: Node type that is recommended.
        task_edge: Edge type to predict.
        nodes: ntype -> node table, sorted by node_id, one row per node.
        offsets: ntype -> global index of its first node.
        edges: etype -> edges.
        members: region -> ntype -> int64 global indices of the nodes in that region's files.
        candidates: region -> int64 global indices of the nodes that may be recommended there.
        query_regions: int64 [num_nodes], position in ``regions`` of a query node's home; -1 for
            other nodes and for queries whose home is not part of this graph.
    """

    region: Region
    query: str
    candidate: str
    task_edge: str
    nodes: Mapping[str, pa.Table]
    offsets: Mapping[str, int]
    edges: Mapping[str, EdgeList]
    members: Mapping[Region, Mapping[str, Tensor]]
    candidates: Mapping[Region, Tensor]
    query_regions: Tensor

    @property
    def ntypes(self) -> tuple[str, ...]:
        """Node types in the order of their blocks."""
        return tuple(self.nodes)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions whose files this graph was read from, sorted."""
        return tuple(self.candidates)

    @cached_property
    def num_nodes(self) -> int:
        """Nodes of all types."""
        return sum(table.num_rows for table in self.nodes.values())

    def slice_of(self, ntype: str) -> slice:
        """Global indices of one node type."""
        start = self.offsets[ntype]
        return slice(start, start + self.nodes[ntype].num_rows)

    def node_ids(self, ntype: str) -> pa.ChunkedArray:
        """Original ids of one node type, in index order."""
        return self.nodes[ntype].column("node_id")

    def indices_of(self, ntype: str, node_ids: pa.ChunkedArray) -> Tensor:
        """Looks up nodes of one type: int64 global indices, -1 for an unknown id."""
        rows = torch.from_numpy(rows_of(node_ids, self.node_ids(ntype)))
        return torch.where(rows >= 0, rows + self.offsets[ntype], -1)

    @cached_property
    def candidate_mask(self) -> Tensor:
        """Which nodes may be recommended in which region: bool [num_regions, num_nodes]."""
        mask = torch.zeros(len(self.regions), self.num_nodes, dtype=torch.bool)
        for row, region in enumerate(self.regions):
            mask[row, self.candidates[region]] = True
        return mask

    @property
    def task_pairs(self) -> EdgeList:
        """The edges of the task's type: from query to candidate."""
        return self.edges[self.task_edge]

    def messages(self) -> Messages:
        """All edges of all etypes, both directions, for message passing."""
        ends = {etype: (edges.src, edges.dst) for etype, edges in self.edges.items()}
        return Messages(self.num_nodes, ends)
