"""Trains an encoder on a graph: seeded, with early stopping on the newest pairs."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (torch's own abbreviation)
from torch import Tensor

from graphrec_core.config.model import ModelConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import MessageGraph, RegionGraph
from graphrec_core.graph.sampling import NeighborSampler
from graphrec_core.models.encoder import Encoder, EncoderInputs, SampledEncoder, choose_device
from graphrec_core.models.registry import build_encoder
from graphrec_core.training.losses import bpr, sampled_softmax
from graphrec_core.training.negatives import NegativeSampler
from graphrec_core.training.pairs import Pairs, all_pairs, hold_out_newest, learnable
from graphrec_core.training.supervision import Audited, SupervisionAudit
from graphrec_core.training.validation import Validation

logger = logging.getLogger(__name__)

SamplerFactory = Callable[[MessageGraph, Sequence[int], int], NeighborSampler]
"""Makes the sampler of a run from the message edges, the fanouts and a seed."""


@dataclass(frozen=True)
class Look:
    """One look at the progress of training.

    Attributes:
        epoch: Passes over the positives so far.
        loss: Mean loss of the last pass.
        recall: Recall@20 on the validation pairs; None where there are none.
    """

    epoch: int
    loss: float
    recall: float | None


@dataclass(frozen=True)
class Training:
    """A trained encoder and how it came about.

    Attributes:
        encoder: With its final weights.
        history: The looks of the run that chose the number of epochs.
        best_epoch: The number of epochs of the final weights.
        num_epochs: Epochs that ran before training stopped.
        audited: How many batches were audited for unmasked supervision edges.
    """

    encoder: Encoder
    history: tuple[Look, ...]
    best_epoch: int
    num_epochs: int
    audited: Audited = field(default_factory=Audited)

    @property
    def validation_recall(self) -> float | None:
        """Recall@20 at the best epoch."""
        recalls = [look.recall for look in self.history if look.epoch == self.best_epoch]
        return recalls[0] if recalls else None


def train_encoder(
    graph: RegionGraph,
    features: Mapping[str, Tensor],
    model: ModelConfig,
    training: TrainingConfig,
    make_sampler: SamplerFactory = NeighborSampler,
) -> Training:
    """Trains an encoder on the train view.

    The newest pairs are held out of the positives and of the message edges; training stops when
    recall on them no longer grows. Then the encoder is trained again, from the same start, on
    all pairs for the best number of epochs: the newest pairs tell most about tomorrow.

    Args:
        graph: The train view.
        features: ntype -> encoded features.
        model: The ``model`` section.
        training: The ``training`` section; ``num_epochs`` 0 gives the random initial weights.
        make_sampler: Samples the neighbourhoods of a ``SampledEncoder``; every batch of it is
            audited.

    Raises:
        LeakageError: A sampled batch heard one of its own pairs.
    """
    torch.set_num_threads(training.num_threads)
    run = _Run(graph, features, model, training, make_sampler)
    everything = all_pairs(graph)
    if training.num_epochs == 0 or len(learnable(graph, everything)) == 0:
        return Training(run.fresh_encoder(graph.messages()), (), 0, 0)
    rng = np.random.default_rng(training.seed)
    split = hold_out_newest(graph, training.validation_frac, rng)
    validation = Validation(graph, split.held, split.pairs)
    if len(validation) == 0 or len(learnable(graph, split.pairs)) == 0:
        logger.info("no pairs to validate on: training for %d epochs", training.num_epochs)
        return run.fit(everything, graph.messages(), training.num_epochs, None)
    searched = run.fit(split.pairs, split.messages, training.num_epochs, validation)
    logger.info("best after %d epochs; training on all pairs", searched.best_epoch)
    final = run.fit(everything, graph.messages(), searched.best_epoch, None)
    audited = searched.audited + final.audited
    return replace(searched, encoder=final.encoder, audited=audited)


def train_for(
    graph: RegionGraph,
    features: Mapping[str, Tensor],
    model: ModelConfig,
    training: TrainingConfig,
    num_epochs: int,
) -> Training:
    """Trains on all pairs of a graph for a fixed number of epochs, holding nothing out.

    Raises:
        LeakageError: A sampled batch heard one of its own pairs.
    """
    torch.set_num_threads(training.num_threads)
    run, everything = _Run(graph, features, model, training), all_pairs(graph)
    if num_epochs == 0 or len(learnable(graph, everything)) == 0:
        return Training(run.fresh_encoder(graph.messages()), (), 0, 0)
    return run.fit(everything, graph.messages(), num_epochs, None)


class _Run:
    """What the runs over one graph share."""

    def __init__(
        self,
        graph: RegionGraph,
        features: Mapping[str, Tensor],
        model: ModelConfig,
        training: TrainingConfig,
        make_sampler: SamplerFactory = NeighborSampler,
    ) -> None:
        self.graph, self.model, self.training = graph, model, training
        self.make_sampler = make_sampler
        self.device = choose_device(training.device)
        self.inputs = EncoderInputs(
            messages=graph.messages(),
            rows_N=torch.arange(graph.num_nodes, device=self.device),
            features={ntype: value.to(self.device) for ntype, value in features.items()},
            slices={ntype: graph.slice_of(ntype) for ntype in graph.ntypes},
            device=self.device,
        )

    def fresh_encoder(self, messages: MessageGraph) -> Encoder:
        """Builds the encoder with its seeded initial weights, drawn on the CPU.

        The rows of nodes without a message start at zero, as unknown nodes do.
        """
        widths = {ntype: value.shape[1] for ntype, value in self.inputs.features.items()}
        encoder = build_encoder(self.model, self.graph.num_nodes, widths)
        encoder.reset(torch.Generator().manual_seed(self.training.seed))
        encoder.clear_rows(torch.nonzero(messages.degree == 0).flatten())
        return encoder.to(self.device)

    def fit(
        self, pairs: Pairs, messages: MessageGraph, num_epochs: int, validation: Validation | None
    ) -> Training:
        """Trains a fresh encoder, and keeps its best weights where there is a validation."""
        encoder = self.fresh_encoder(messages)
        inputs = self.inputs.with_messages(messages)
        epochs = _Epochs(self.graph, encoder, inputs, pairs, self.training, self.make_sampler)
        stopper = _Stopper(self.training.patience)
        history: list[Look] = []
        started, epoch = time.monotonic(), 0
        for epoch in range(1, num_epochs + 1):
            loss = epochs.run()
            if epoch % self.training.eval_every and epoch != num_epochs:
                continue
            recall = None if validation is None else _recall(encoder, inputs, validation)
            history.append(Look(epoch, loss, recall))
            _report(history[-1], num_epochs, time.monotonic() - started)
            if recall is not None and stopper.should_stop(epoch, recall, encoder):
                break
        if validation is None:
            return Training(encoder, tuple(history), epoch, epoch, epochs.audited)
        stopper.restore(encoder)
        return Training(encoder, tuple(history), stopper.best_epoch, epoch, epochs.audited)


class _Epochs:
    """Passes over the positives."""

    def __init__(
        self,
        graph: RegionGraph,
        encoder: Encoder,
        inputs: EncoderInputs,
        pairs: Pairs,
        training: TrainingConfig,
        make_sampler: SamplerFactory,
    ) -> None:
        self.encoder, self.inputs, self.training = encoder, inputs, training
        self.pairs = learnable(graph, pairs)
        self.generator = torch.Generator().manual_seed(training.seed + 1)
        self.negatives = NegativeSampler(graph, pairs, self.generator)
        self.optimizer = torch.optim.Adam(encoder.parameters(), lr=training.learning_rate)
        self.audit, self.audited = SupervisionAudit(graph), Audited()
        self.sampler = None
        if isinstance(encoder, SampledEncoder):
            self.sampler = make_sampler(inputs.messages, encoder.fanouts, training.seed)

    def run(self) -> float:
        """Goes once over all positives in random order; returns the mean loss."""
        order = torch.randperm(len(self.pairs), generator=self.generator)
        total = 0.0
        for chosen in torch.split(order, self.training.batch_size):
            self.optimizer.zero_grad()
            loss = self._loss(self.pairs.where(chosen))
            torch.autograd.backward([loss])
            self.optimizer.step()
            total += float(loss.detach()) * len(chosen)
            self.audited += Audited(num_batches=1)
        return total / len(self.pairs)

    def _loss(self, batch: Pairs) -> Tensor:
        """The ranking loss of a batch plus the penalty of the rows it starts from."""
        if self.training.loss == "bpr":
            negative = self.negatives.one_each(batch.query)
            return self._bpr(batch, negative) + self._penalty(batch, negative)
        negative, allowed = self.negatives.shared(batch.query, self.training.num_negatives)
        return self._softmax(batch, negative, allowed) + self._penalty(batch, negative)

    def _bpr(self, batch: Pairs, negative_B: Tensor) -> Tensor:
        query_BD, positive_BD, negative_BD = self._vectors(batch, negative_B)
        # Unit vectors need a scale, or the loss could not tell good from perfect.
        scale = 1 / self.training.temperature if self.encoder.is_normalised else 1.0
        positive_B = (query_BD * positive_BD).sum(dim=1) * scale
        return bpr(positive_B, (query_BD * negative_BD).sum(dim=1) * scale)

    def _softmax(self, batch: Pairs, negative_S: Tensor, allowed_BS: Tensor) -> Tensor:
        vectors = self._vectors(batch, negative_S)
        query_BD, positive_BD, negative_SD = (F.normalize(h, dim=1) for h in vectors)
        return sampled_softmax(
            (query_BD * positive_BD).sum(dim=1),
            query_BD @ negative_SD.T,
            allowed_BS.to(self.inputs.device),
            self.training.temperature,
        )

    def _vectors(self, batch: Pairs, negative: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors of queries, positives and negatives."""
        nodes = torch.cat([batch.query, batch.candidate, negative])
        seeds, places = torch.unique(nodes, return_inverse=True)
        if isinstance(self.encoder, SampledEncoder) and self.sampler is not None:
            blocks = self.sampler.sample(seeds, batch.query, batch.candidate)
            self.audit.check(blocks, batch)
            self.audited += Audited(num_audited=1)
            moved = [block.to(self.inputs.device) for block in blocks]
            h_SD = self.encoder.encode_blocks(self.inputs, moved)
        else:
            h_SD = self.encoder.encode(self.inputs).index_select(0, seeds.to(self.inputs.device))
        chosen = h_SD.index_select(0, places.to(self.inputs.device))
        sizes = [len(batch), len(batch), len(negative)]
        query, positive, other = torch.split(chosen, sizes)
        return query, positive, other

    def _penalty(self, batch: Pairs, negative: Tensor) -> Tensor:
        """``l2 / 2 * mean`` squared norm of the rows that the batch starts from."""
        nodes = torch.cat([batch.query, batch.candidate, negative]).to(self.inputs.device)
        rows = self.encoder.start_rows(self.inputs.rows_N[nodes])
        return self.training.l2 / 2 * rows.square().sum(dim=1).mean()


class _Stopper:
    """Keeps the best weights, and says when to stop looking for better ones."""

    def __init__(self, patience: int) -> None:
        self._patience, self._misses = patience, 0
        self._best_recall, self.best_epoch = -1.0, 0
        self._weights: dict[str, Tensor] = {}

    def should_stop(self, epoch: int, recall: float, encoder: Encoder) -> bool:
        """Takes note of a look; returns whether ``patience`` looks brought nothing."""
        if recall > self._best_recall:
            self._best_recall, self.best_epoch, self._misses = recall, epoch, 0
            self._weights = {key: value.clone() for key, value in encoder.state_dict().items()}
            return False
        self._misses += 1
        return self._misses >= self._patience

    def restore(self, encoder: Encoder) -> None:
        """Puts the best weights back."""
        encoder.load_state_dict(self._weights)


def _recall(encoder: Encoder, inputs: EncoderInputs, validation: Validation) -> float:
    with torch.no_grad():
        return validation.recall(encoder.encode(inputs))


def _report(look: Look, num_epochs: int, seconds: float) -> None:
    recall = "-" if look.recall is None else f"{look.recall:.4f}"
    logger.info(
        "epoch %d/%d loss %.4f validation recall@20 %s %.1f s, at most %.1f s to go",
        look.epoch,
        num_epochs,
        look.loss,
        recall,
        seconds,
        seconds / look.epoch * (num_epochs - look.epoch),
    )
