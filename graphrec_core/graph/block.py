"""One layer of a sampled neighbourhood, as plain tensors; whoever reads it needs no sampler."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Block:
    """One layer of message passing for a batch.

    Attributes:
        src_nodes: int64 [S] global indices; the first ``num_dst`` are the nodes that hear.
        src: int64 [E] positions in ``src_nodes``.
        dst: int64 [E] positions below ``num_dst``.
        edge_ids: int64 [E] ids of the message edges in the graph that was sampled.
        num_dst: Nodes that hear.
    """

    src_nodes: Tensor
    src: Tensor
    dst: Tensor
    edge_ids: Tensor
    num_dst: int

    def to(self, device: torch.device) -> "Block":
        """Copies the block to a device."""
        return Block(
            src_nodes=self.src_nodes.to(device),
            src=self.src.to(device),
            dst=self.dst.to(device),
            edge_ids=self.edge_ids.to(device),
            num_dst=self.num_dst,
        )
