"""The contract of every encoder: a vector for each node of a graph.

Legend of the tensor names: N nodes, B seeds of a batch, R trained rows, D embedding_dim,
H width of a layer, F width of a node type's features.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor, nn

from graphrec_core.graph import MessageGraph, Messages
from graphrec_core.graph.block import Block

DEFAULT_BLOCK_SIZE = 65_536


@dataclass(frozen=True)
class EncoderInputs:
    """What an encoder sees of a graph.

    Attributes:
        messages: The message edges, by relation; ``messages.flat`` knows no types.
        rows_N: int64, the trained row of each node; -1 for a node that training did not know.
        features: ntype -> float32 [nodes of that type, F].
        slices: ntype -> its global indices.
        device: Where the tensors below are computed.
        edge_weights: etype -> float64, along its edges, not negative; on the CPU, as the messages.
        edge_features: etype -> float32 [edges of that type, F], encoded; likewise.
    """

    messages: Messages
    rows_N: Tensor
    features: Mapping[str, Tensor]
    slices: Mapping[str, slice]
    device: torch.device
    edge_weights: Mapping[str, Tensor] = field(default_factory=dict)
    edge_features: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def num_nodes(self) -> int:
        """Nodes of all types."""
        return self.messages.num_nodes

    @property
    def flat(self) -> MessageGraph:
        """The message edges of all types as one graph."""
        return self.messages.flat

    @cached_property
    def adjacency_NN(self) -> Tensor:
        """Symmetrically normalised adjacency of the flat graph, sparse CSR."""
        return self.flat.normalised().to(self.device)

    @cached_property
    def weighted_adjacency_NN(self) -> Tensor:
        """The same by the weights of the edges."""
        return self.flat.normalised(self.weights_E.cpu()).to(self.device)

    @cached_property
    def weights_E(self) -> Tensor:
        """float64 [E]: the weight of each flat message edge."""
        return self.messages.summed(self.edge_weights).to(self.device)

    @cached_property
    def edge_features_EF(self) -> Tensor:
        """float32 [E, F]: the encoded features of each flat message edge."""
        return self.messages.averaged(self.edge_features).to(self.device)


class Encoder(nn.Module, ABC):
    """Gives every node a vector; the score of a pair is the inner product of its vectors.

    A node without a trained row starts at zero and gets its vector from its neighbours and
    features.

    Attributes:
        is_normalised: Whether vectors have length 1.
        supervision_edges: What happens to a batch's own pairs in message passing.
        reads_features: Whether vectors depend on the nodes' features.
        is_weighted: Whether an edge counts by its weight; else all count the same.
        ids_RH: The trained table, one row per node that training knew.
    """

    is_normalised: ClassVar[bool]
    supervision_edges: ClassVar[str]
    reads_features: ClassVar[bool] = True
    is_weighted: bool = False
    ids_RH: nn.Parameter

    def hears(self, inputs: EncoderInputs) -> Tensor:
        """Says which nodes hear anybody: bool [N]."""
        if self.is_weighted:
            return inputs.flat.strength(inputs.weights_E.cpu()) > 0
        return inputs.flat.degree > 0

    @abstractmethod
    def reset(self, generator: torch.Generator) -> None:
        """Draws all initial weights from ``generator``."""

    @abstractmethod
    def encode(self, inputs: EncoderInputs, block_size: int = DEFAULT_BLOCK_SIZE) -> Tensor:
        """Encodes all nodes, layer by layer over the full graph.

        Args:
            inputs: The graph.
            block_size: Nodes computed at a time, where the encoder can divide the work.

        Returns:
            float32 [N, D].
        """

    @torch.no_grad()
    def clear_rows(self, rows_B: Tensor) -> None:
        """Sets trained rows to zero: a node without edges has nothing to learn from.

        Its random start would otherwise pass for a vector, and its queries get random answers.
        """
        if len(self.ids_RH):
            self.ids_RH[rows_B] = 0

    def start_rows(self, rows_B: Tensor) -> Tensor:
        """Looks up trained rows; -1 gives zeros.

        Returns:
            float32 [B, H].
        """
        if len(self.ids_RH) == 0:
            return self.ids_RH.new_zeros(len(rows_B), self.ids_RH.shape[1])
        found_BH = self.ids_RH.index_select(0, rows_B.clamp(min=0))
        return found_BH * (rows_B >= 0).unsqueeze(1)


class SampledEncoder(Encoder):
    """An encoder that trains on sampled neighbourhoods instead of the full graph."""

    @property
    @abstractmethod
    def fanouts(self) -> tuple[int, ...]:
        """Neighbours sampled per layer, nearest the seeds first."""

    @abstractmethod
    def encode_blocks(self, inputs: EncoderInputs, blocks: Sequence[Block]) -> Tensor:
        """Encodes the seeds of a sampled batch.

        Args:
            inputs: The graph the blocks were sampled from.
            blocks: One per layer, the farthest from the seeds first.

        Returns:
            float32 [B, D], in the order of the seeds.
        """


def choose_device(name: str) -> torch.device:
    """Returns the device to compute on; ``auto`` is the GPU where there is one.

    Args:
        name: auto, cpu or cuda.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
