"""Trains an encoder on a graph: seeded, with early stopping on the newest examples."""

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from graphrec_core.config.model import ModelConfig
from graphrec_core.config.task import TaskKind
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import RegionGraph
from graphrec_core.graph.sampling import NeighborSampler
from graphrec_core.models.encoder import Encoder, EncoderInputs, choose_device
from graphrec_core.models.registry import build_encoder
from graphrec_core.training.batches import Batches, SamplerFactory
from graphrec_core.training.loop import Loop, Training
from graphrec_core.training.objectives import (
    Objective,
    TrainingSet,
    ValidationSet,
    build_objective,
)

logger = logging.getLogger(__name__)

NO_FEATURES: Mapping[str, Tensor] = {}


def train_encoder(
    graph: RegionGraph,
    features: Mapping[str, Tensor],
    model: ModelConfig,
    training: TrainingConfig,
    make_sampler: SamplerFactory = NeighborSampler,
    *,
    kind: TaskKind,
    edge_features: Mapping[str, Tensor] = NO_FEATURES,
) -> Training:
    """Trains an encoder on the train view.

    Examples are held out of the labels and of the message edges; training stops when it no longer
    helps on them. Then the encoder is trained again, from the same start, on all examples for the
    best number of epochs: the newest ones tell most about tomorrow.

    Args:
        graph: The train view.
        features: ntype -> encoded features.
        model: The ``model`` section.
        training: The ``training`` section; ``num_epochs`` 0 gives the random initial weights.
        make_sampler: Samples the neighbourhoods of a ``SampledEncoder``; every batch of it is
            audited.
        kind: ``task.kind``: what is optimised.
        edge_features: etype -> encoded features of its edges.

    Raises:
        ConfigError: There is no such kind of task.
        LeakageError: A sampled batch heard one of its own pairs.
    """
    objective = build_objective(kind, graph, training)
    trainer = Trainer(graph, features, model, training, make_sampler, edge_features)
    return trainer.search(objective)


def train_for(
    graph: RegionGraph,
    features: Mapping[str, Tensor],
    model: ModelConfig,
    training: TrainingConfig,
    num_epochs: int,
    *,
    kind: TaskKind,
    edge_features: Mapping[str, Tensor] = NO_FEATURES,
) -> Training:
    """Trains on all examples of a graph for a fixed number of epochs, holding nothing out.

    Raises:
        ConfigError: There is no such kind of task.
        LeakageError: A sampled batch heard one of its own pairs.
    """
    everything = build_objective(kind, graph, training).everything()
    trainer = Trainer(graph, features, model, training, edge_features=edge_features)
    return trainer.fit(everything, num_epochs)


class Trainer:
    """Trains encoders of one configuration on one graph, whatever the objective.

    Args:
        graph: A view's graph.
        features: ntype -> encoded features.
        model: The ``model`` section.
        training: The ``training`` section.
        make_sampler: Samples the neighbourhoods of a ``SampledEncoder``.
        edge_features: etype -> encoded features of its edges.
    """

    def __init__(
        self,
        graph: RegionGraph,
        features: Mapping[str, Tensor],
        model: ModelConfig,
        training: TrainingConfig,
        make_sampler: SamplerFactory = NeighborSampler,
        edge_features: Mapping[str, Tensor] = NO_FEATURES,
    ) -> None:
        torch.set_num_threads(training.num_threads)
        self._graph, self._model, self._training = graph, model, training
        self._make_sampler, device = make_sampler, choose_device(training.device)
        self._inputs = EncoderInputs(
            messages=graph.messages(),
            rows_N=torch.arange(graph.num_nodes, device=device),
            features={ntype: value.to(device) for ntype, value in features.items()},
            slices={ntype: graph.slice_of(ntype) for ntype in graph.ntypes},
            device=device,
            edge_weights={etype: edges.weight for etype, edges in graph.edges.items()},
            edge_features=edge_features,
        )

    def search(self, objective: Objective) -> Training:
        """Finds the number of epochs on a part of the examples, then trains on all of them."""
        everything, num_epochs = objective.everything(), self._training.num_epochs
        if num_epochs == 0 or len(everything) == 0:
            return self.fit(everything, 0)
        learned, held = objective.split(np.random.default_rng(self._training.seed))
        if len(held) == 0 or len(learned) == 0:
            logger.info("nothing to validate on: training for %d epochs", num_epochs)
            return self.fit(everything, num_epochs)
        searched = self.fit(learned, num_epochs, held)
        logger.info("best after %d epochs; training on everything", searched.best_epoch)
        final = self.fit(everything, searched.best_epoch)
        audited = searched.audited + final.audited
        return replace(searched, encoder=final.encoder, audited=audited)

    def fit(
        self, examples: TrainingSet, num_epochs: int, validation: ValidationSet | None = None
    ) -> Training:
        """Trains a fresh encoder; without epochs or examples it keeps its initial weights."""
        inputs = self._inputs.with_messages(examples.messages)
        encoder = self._fresh_encoder(inputs)
        if num_epochs == 0 or len(examples) == 0:
            return Training(encoder)
        batches = Batches(self._graph, examples, encoder, self._training, self._make_sampler)
        return Loop(encoder, inputs, batches, self._training).run(num_epochs, validation)

    def _fresh_encoder(self, inputs: EncoderInputs) -> Encoder:
        """Builds the encoder with its seeded initial weights, drawn on the CPU.

        The rows of nodes without a message start at zero, as unknown nodes do.
        """
        widths = {ntype: value.shape[1] for ntype, value in inputs.features.items()}
        edge_width = sum(value.shape[1] for value in inputs.edge_features.values())
        encoder = build_encoder(self._model, self._graph.num_nodes, widths, edge_width)
        encoder.reset(torch.Generator().manual_seed(self._training.seed))
        encoder.clear_rows(torch.nonzero(~encoder.hears(inputs)).flatten())
        return encoder.to(inputs.device)
