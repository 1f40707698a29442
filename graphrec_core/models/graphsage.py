"""GraphSAGE with the mean aggregator.

Hamilton et al., "Inductive Representation Learning on Large Graphs", NeurIPS 2017, algorithm 1.

    m^k_v = mean over neighbours u of v:  h^(k-1)_u
    h^k_v = relu(W^k [h^(k-1)_v ; m^k_v] + b^k)            (no relu in the last layer)
    z_v   = h^K_v / |h^K_v|
    h^0_v = W_type(v) x_v + b_type(v) + e_v                (e_v: a trained row, if use_ids)

With `weighted` the mean is that of the edges' weights. With `edge_features` a message is
[h^(k-1)_u ; x_uv], as in E-GraphSAGE (Lo et al., "E-GraphSAGE: A Graph Neural Network based
Intrusion Detection System for IoT", NOMS 2022): x_uv are the encoded features of the edge.

Legend: N nodes, S sources of a block, T nodes of a block that hear, E edges of a block,
B seeds, H width of a layer, F width of a type's features, D embedding_dim, M width of a message.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own abbreviation)
from torch import Tensor, nn

from graphrec_core.config import GraphSAGEConfig
from graphrec_core.graph.block import Block
from graphrec_core.models.encoder import DEFAULT_BLOCK_SIZE, EncoderInputs, SampledEncoder


class SageLayer(nn.Module):
    """One mean aggregation: concatenate and map linearly.

    Args:
        in_dim: Width of the vectors it reads.
        out_dim: Width of the vectors it gives.
        edge_width: Width of an edge's features.
    """

    def __init__(self, in_dim: int, out_dim: int, edge_width: int = 0) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * in_dim + edge_width, out_dim)

    def forward(
        self,
        self_TH: Tensor,
        h_SH: Tensor,
        src_E: Tensor,
        dst_E: Tensor,
        weight_E: Tensor | None = None,
        x_EF: Tensor | None = None,
    ) -> Tensor:
        """Computes ``W [h_v ; mean of messages] + b``; without neighbours the mean is zero.

        Args:
            self_TH: Vectors of the nodes that hear.
            h_SH: Vectors of the nodes that speak.
            src_E: int64, row of ``h_SH`` per edge.
            dst_E: int64, row of ``self_TH`` per edge.
            weight_E: float32 weight per edge, not negative; None: all count the same.
            x_EF: Features per edge; None: a message is what the node says alone.

        Returns:
            float32 [T, out_dim].
        """
        said_EM = h_SH.index_select(0, src_E)
        if x_EF is not None:
            said_EM = torch.cat([said_EM, x_EF], dim=1)
        mean_TM = _mean(said_EM, dst_E, len(self_TH), weight_E)
        result: Tensor = self.linear(torch.cat([self_TH, mean_TM], dim=1))
        return result


def _mean(said_EM: Tensor, dst_E: Tensor, num_nodes: int, weight_E: Tensor | None) -> Tensor:
    """Means of what nodes hear, float32 [T, M]; zero where they hear nothing."""
    if weight_E is None:
        total_T = torch.bincount(dst_E, minlength=num_nodes).clamp(min=1)
    else:
        said_EM = said_EM * weight_E.unsqueeze(1)
        total_T = weight_E.new_zeros(num_nodes).index_add(0, dst_E, weight_E)
        total_T = torch.where(total_T > 0, total_T, 1)
    sum_TM = said_EM.new_zeros(num_nodes, said_EM.shape[1]).index_add(0, dst_E, said_EM)
    return sum_TM / total_T.unsqueeze(1)


class GraphSAGE(SampledEncoder):
    """Sampled mean aggregation over features and, if wanted, a trained row per node.

    Args:
        config: Its settings.
        num_rows: Nodes that training knows.
        feature_widths: ntype -> F.
        edge_width: Width of an edge's features; they are read with ``edge_features`` only.
    """

    is_normalised: ClassVar[bool] = True
    supervision_edges: ClassVar[str] = "masked per batch"

    def __init__(
        self,
        config: GraphSAGEConfig,
        num_rows: int,
        feature_widths: dict[str, int],
        edge_width: int = 0,
    ) -> None:
        super().__init__()
        self.config, self.is_weighted = config, config.weighted
        rows = num_rows if config.use_ids else 0
        self.ids_RH = nn.Parameter(torch.zeros(rows, config.hidden_dim))
        # A prefix, because a ModuleDict refuses keys such as `items`.
        self.projections = nn.ModuleDict(
            {
                f"of_{ntype}": nn.Linear(width, config.hidden_dim)
                for ntype, width in sorted(feature_widths.items())
            }
        )
        hidden = [config.hidden_dim] * config.num_layers
        self.layers = nn.ModuleList(
            SageLayer(in_dim, out_dim, edge_width if config.edge_features else 0)
            for in_dim, out_dim in zip(hidden, [*hidden[1:], config.embedding_dim], strict=True)
        )

    @property
    def fanouts(self) -> tuple[int, ...]:
        """Neighbours sampled per layer, nearest the seeds first."""
        return self.config.layer_fanouts

    def reset(self, generator: torch.Generator) -> None:
        """Draws weights by Glorot's rule, the table from a normal distribution; biases are 0."""
        nn.init.normal_(self.ids_RH, std=self.config.init_std, generator=generator)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, generator=generator)
                nn.init.zeros_(module.bias)

    def encode_blocks(self, inputs: EncoderInputs, blocks: Sequence[Block]) -> Tensor:
        """Encodes the seeds of a sampled batch."""
        h_SH = self._input(inputs, blocks[0].src_nodes)
        for number, block in enumerate(blocks):
            ends = h_SH[: block.num_dst], h_SH, block.src, block.dst
            h_SH = self._layer(number, ends, self._of_edges(inputs, block.edge_ids))
        return F.normalize(h_SH, dim=1)

    def encode(self, inputs: EncoderInputs, block_size: int = DEFAULT_BLOCK_SIZE) -> Tensor:
        """Encodes all nodes, one layer at a time, ``block_size`` nodes at a time."""
        starts = range(0, inputs.num_nodes, block_size)
        nodes_N = torch.arange(inputs.num_nodes, device=inputs.device)
        h_NH = torch.cat(
            [self._input(inputs, nodes_N[start : start + block_size]) for start in starts]
        )
        for number in range(len(self.layers)):
            h_NH = torch.cat(
                [self._layer_of(number, inputs, h_NH, start, block_size) for start in starts]
            )
        return F.normalize(h_NH, dim=1)

    def _layer_of(
        self, number: int, inputs: EncoderInputs, h_NH: Tensor, start: int, block_size: int
    ) -> Tensor:
        """One layer for the nodes from ``start`` on, with all of their neighbours."""
        messages = inputs.flat
        stop = min(start + block_size, inputs.num_nodes)
        edges = slice(int(messages.indptr[start]), int(messages.indptr[stop]))
        src_E = messages.src[edges].to(inputs.device)
        dst_E = (messages.dst[edges] - start).to(inputs.device)
        ends = h_NH[start:stop], h_NH, src_E, dst_E
        return self._layer(number, ends, self._of_edges(inputs, edges))

    def _layer(
        self,
        number: int,
        ends: tuple[Tensor, Tensor, Tensor, Tensor],
        of_edges: tuple[Tensor | None, Tensor | None],
    ) -> Tensor:
        h_TH: Tensor = self.layers[number](*ends, *of_edges)
        return h_TH if number == len(self.layers) - 1 else F.relu(h_TH)

    def _of_edges(
        self, inputs: EncoderInputs, edge_ids: Tensor | slice
    ) -> tuple[Tensor | None, Tensor | None]:
        """Returns weights and features of message edges, as far as they are asked for."""
        weight_E = inputs.weights_E[edge_ids].float() if self.is_weighted else None
        x_EF = inputs.edge_features_EF[edge_ids] if self.config.edge_features else None
        return weight_E, x_EF

    def _input(self, inputs: EncoderInputs, nodes_S: Tensor) -> Tensor:
        """Layer 0: projected features of the node's type plus its trained row."""
        if self.config.use_ids:
            x_SH = self.start_rows(inputs.rows_N[nodes_S])
        else:
            x_SH = self.ids_RH.new_zeros(len(nodes_S), self.config.hidden_dim)
        for ntype, where in inputs.slices.items():
            places = torch.nonzero((nodes_S >= where.start) & (nodes_S < where.stop)).squeeze(1)
            features = inputs.features[ntype][nodes_S[places] - where.start]
            x_SH = x_SH.index_add(0, places, self.projections[f"of_{ntype}"](features))
        return x_SH
