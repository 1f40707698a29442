"""One step: encode a batch, ask for its loss, move the weights."""

from collections.abc import Sequence

import torch
from torch import Tensor

from graphrec_core.config.training import TrainingConfig
from graphrec_core.models.encoder import Encoder, EncoderInputs, SampledEncoder
from graphrec_core.training.adam import Adam
from graphrec_core.training.batches import Batch


class Step:
    """Forward, backward, Adam.

    Args:
        encoder: Is trained in place.
        inputs: The graph it hears, on the device that it is on.
        training: The ``training`` section.
    """

    def __init__(self, encoder: Encoder, inputs: EncoderInputs, training: TrainingConfig) -> None:
        self._encoder, self._inputs, self._l2 = encoder, inputs, training.l2
        self._optimizer = Adam(encoder.parameters(), training.learning_rate)

    def run(self, batch: Batch) -> float:
        """Takes one step; returns the loss before it, penalty included."""
        question, encoder = batch.question, self._encoder
        self._optimizer.forget_gradients()
        loss = question.loss(self._vectors(batch), is_normalised=encoder.is_normalised)
        loss = loss + self._penalty(torch.cat(question.nodes))
        torch.autograd.backward([loss])
        self._optimizer.step()
        return float(loss.detach())

    def _vectors(self, batch: Batch) -> Sequence[Tensor]:
        """Encodes the batch's nodes: float32 [len(nodes), D] per role of the question."""
        device = self._inputs.device
        if batch.blocks is not None and isinstance(self._encoder, SampledEncoder):
            blocks = [block.to(device) for block in batch.blocks]
            h_SD = self._encoder.encode_blocks(self._inputs, blocks)
        else:
            h_SD = self._encoder.encode(self._inputs).index_select(0, batch.seeds.to(device))
        chosen = h_SD.index_select(0, batch.places.to(device))
        return torch.split(chosen, [len(nodes) for nodes in batch.question.nodes])

    def _penalty(self, nodes: Tensor) -> Tensor:
        """``l2 / 2 * mean`` squared norm of the rows that the batch starts from."""
        rows_N = self._inputs.rows_N[nodes.to(self._inputs.device)]
        return self._l2 / 2 * self._encoder.start_rows(rows_N).square().sum(dim=1).mean()
