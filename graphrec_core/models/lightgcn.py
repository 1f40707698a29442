"""LightGCN.

He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation",
SIGIR 2020.

    e^(k+1)_u = sum over neighbours i of u:  e^(k)_i / sqrt(|N_u| |N_i|)          (eq. 7)
    e_u       = 1 / (K + 1) * sum over k = 0..K:  e^(k)_u                         (eq. 4, 8)

With `weighted` an edge counts by its weight w_ui, and |N_u| becomes the sum of the weights at u:
the symmetric normalisation of a weighted adjacency (Kipf, Welling, ICLR 2017, section 2).

Legend: N nodes, R trained rows, D embedding_dim, K num_layers.
"""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from graphrec_core.config import LightGCNConfig
from graphrec_core.models.encoder import DEFAULT_BLOCK_SIZE, Encoder, EncoderInputs


class LightGCN(Encoder):
    """Propagates one trained vector per node over the graph; no matrices, no non-linearity.

    Args:
        config: Its settings.
        num_rows: Nodes that training knows.
        feature_widths: Ignored: LightGCN reads no features.
        edge_width: Ignored, likewise.
    """

    is_normalised: ClassVar[bool] = False
    reads_features: ClassVar[bool] = False
    supervision_edges: ClassVar[str] = (
        "exempt: LightGCN propagates over its positives by definition"
    )

    def __init__(
        self,
        config: LightGCNConfig,
        num_rows: int,
        feature_widths: dict[str, int],
        edge_width: int = 0,
    ) -> None:
        super().__init__()
        self.config, self.is_weighted = config, config.weighted
        self.ids_RH = nn.Parameter(torch.zeros(num_rows, config.embedding_dim))

    def reset(self, generator: torch.Generator) -> None:
        """Draws the table from a normal distribution (section 4.1 of the paper)."""
        nn.init.normal_(self.ids_RH, std=self.config.init_std, generator=generator)

    def encode(self, inputs: EncoderInputs, block_size: int = DEFAULT_BLOCK_SIZE) -> Tensor:
        """Encodes all nodes; ``block_size`` has no effect, a layer is one sparse product."""
        a_NN = inputs.weighted_adjacency_NN if self.is_weighted else inputs.adjacency_NN
        h_ND = self.start_rows(inputs.rows_N)
        sum_ND = h_ND
        for _ in range(self.config.num_layers):
            h_ND = propagate(a_NN, h_ND)
            sum_ND = sum_ND + h_ND
        return sum_ND / (self.config.num_layers + 1)


class _Propagate(torch.autograd.Function):
    """``A_NN @ h_ND`` for a constant symmetric A, whose gradient needs no transpose."""

    @staticmethod
    def forward(ctx: Any, a_NN: Tensor, h_ND: Tensor) -> Tensor:  # noqa: ANN401  (torch's type)
        ctx.a_NN = a_NN
        return a_NN @ h_ND

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:  # noqa: ANN401
        return None, ctx.a_NN @ grads[0]


def propagate(a_NN: Tensor, h_ND: Tensor) -> Tensor:
    """One layer of equation 7.

    Args:
        a_NN: Symmetric sparse CSR; receives no gradient.
        h_ND: Vectors of the layer below.

    Returns:
        float32 [N, D].
    """
    result: Tensor = _Propagate.apply(a_NN, h_ND)
    return result
