"""Who hears whom: directed message edges without self-loops, as CSR."""

import warnings
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class MessageGraph:
    """Message edges, sorted by (dst, src); a flat graph has each with its reverse.

    The position of an edge in this order is its edge id.

    Attributes:
        num_nodes: Nodes, isolated ones included.
        keys: int64 [E], ``dst * num_nodes + src``, strictly increasing.
    """

    num_nodes: int
    keys: Tensor

    @classmethod
    def from_edges(cls, num_nodes: int, src: Tensor, dst: Tensor) -> "MessageGraph":
        """Makes the graph from edges in any direction; repeats and self-loops are dropped.

        Args:
            num_nodes: Nodes.
            src: int64 [n].
            dst: int64 [n].
        """
        is_loop = src == dst
        keys = torch.cat([dst * num_nodes + src, src * num_nodes + dst])
        return cls(num_nodes, torch.unique(keys[~is_loop.repeat(2)], sorted=True))

    @cached_property
    def src(self) -> Tensor:
        """int64 [E], the node that speaks."""
        return self.keys % max(self.num_nodes, 1)

    @cached_property
    def dst(self) -> Tensor:
        """int64 [E], the node that hears; sorted."""
        return self.keys // max(self.num_nodes, 1)

    @cached_property
    def degree(self) -> Tensor:
        """int64 [num_nodes], number of neighbours."""
        return torch.bincount(self.dst, minlength=self.num_nodes)

    @cached_property
    def indptr(self) -> Tensor:
        """int64 [num_nodes + 1]; the neighbours of v are ``src[indptr[v]:indptr[v + 1]]``."""
        return torch.cat([torch.zeros(1, dtype=torch.int64), torch.cumsum(self.degree, 0)])

    def edge_ids(self, src: Tensor, dst: Tensor) -> Tensor:
        """Finds edges.

        Returns:
            int64 [n] edge ids; -1 where there is no such edge.
        """
        wanted = dst * self.num_nodes + src
        if len(self.keys) == 0:
            return torch.full_like(wanted, -1)
        found = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        return torch.where(self.keys[found] == wanted, found, -1)

    def both_directions(self, src: Tensor, dst: Tensor) -> Tensor:
        """Finds the edges of the given pairs in both directions.

        Returns:
            int64, sorted edge ids of those that exist.
        """
        found = torch.cat([self.edge_ids(src, dst), self.edge_ids(dst, src)])
        return torch.unique(found[found >= 0], sorted=True)

    def strength(self, weights: Tensor) -> Tensor:
        """Sums the weights of what each node hears.

        Args:
            weights: float64 [E].

        Returns:
            float64 [num_nodes].
        """
        return torch.zeros(self.num_nodes, dtype=torch.float64).index_add(0, self.dst, weights)

    def normalised(self, weights: Tensor | None = None) -> Tensor:
        """The symmetrically normalised adjacency, as LightGCN wants it.

        ``A_hat[u, v] = w[u, v] / sqrt(d[u] * d[v])`` for every edge, ``d`` the sums of the weights
        ``w`` at a node; no self-loops. A node whose weights are all zero hears nobody.

        Args:
            weights: float64 [E], symmetric and not negative; None: all are 1.

        Returns:
            float32 sparse CSR [num_nodes, num_nodes], symmetric.
        """
        if weights is None:
            scale = self.degree.clamp(min=1).double().rsqrt()
            values = (scale[self.dst] * scale[self.src]).float()
        else:
            strength = self.strength(weights)
            scale = torch.where(strength > 0, strength, 1).rsqrt()
            values = (weights * scale[self.dst] * scale[self.src]).float()
        with warnings.catch_warnings():
            # torch calls its CSR layout a beta; every operation used here is tested.
            warnings.filterwarnings("ignore", message=".*[Ss]parse CSR.*")
            return torch.sparse_csr_tensor(
                self.indptr,
                self.src,
                values,
                size=(self.num_nodes, self.num_nodes),
                check_invariants=False,
            )
