"""Trains an encoder on a graph: seeded, for a number of epochs that is given or found."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import torch
from torch import Tensor

from graphrec_core.config.model import EncoderConfig
from graphrec_core.config.task import TaskConfig
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


@dataclass(frozen=True)
class TooLittlePast:
    """The number of epochs cannot be found.

    Attributes:
        why: In words.
    """

    why: str


def fit_encoder(
    graph: RegionGraph,
    features: Mapping[str, Tensor],
    model: EncoderConfig,
    training: TrainingConfig,
    holdout: pa.Table,
    *,
    task: TaskConfig,
    edge_features: Mapping[str, Tensor] = NO_FEATURES,
) -> Training | TooLittlePast:
    """Trains on the fit view until that no longer helps on the fit holdout.

    Args:
        graph: The fit view.
        features: ntype -> encoded features.
        model: The settings of the encoder.
        training: The ``training`` section; ``num_epochs`` 0 gives the random initial weights.
        holdout: Rows of the fit holdout.
        task: The ``task`` section; its kind says what is optimised.
        edge_features: etype -> encoded features of its edges.

    Returns:
        The weights of the best look, and after how many epochs it was; or that there is nothing
        to learn, or too little to be stopped by.

    Raises:
        ConfigError: There is no such kind of task.
        LeakageError: A sampled batch heard one of its own pairs.
    """
    objective = build_objective(task, graph, training)
    trainer = Trainer(graph, features, model, training, edge_features=edge_features)
    return trainer.search(objective, holdout)


def train_for(
    graph: RegionGraph,
    features: Mapping[str, Tensor],
    model: EncoderConfig,
    training: TrainingConfig,
    num_epochs: int,
    make_sampler: SamplerFactory = NeighborSampler,
    *,
    task: TaskConfig,
    edge_features: Mapping[str, Tensor] = NO_FEATURES,
) -> Training:
    """Trains on a graph for a fixed number of epochs.

    Args:
        graph: A view's graph.
        features: ntype -> encoded features.
        model: The settings of the encoder.
        training: The ``training`` section.
        num_epochs: Passes over the examples; 0 gives the random initial weights.
        make_sampler: Samples the neighbourhoods of a ``SampledEncoder``; every batch of it is
            audited.
        task: The ``task`` section; its kind says what is optimised.
        edge_features: etype -> encoded features of its edges.

    Raises:
        ConfigError: There is no such kind of task.
        LeakageError: A sampled batch heard one of its own pairs.
    """
    everything = build_objective(task, graph, training).everything()
    trainer = Trainer(graph, features, model, training, make_sampler, edge_features)
    return trainer.fit(everything, num_epochs)


class Trainer:
    """Trains encoders of one configuration on one graph, whatever the objective.

    Args:
        graph: A view's graph.
        features: ntype -> encoded features.
        model: The settings of the encoder.
        training: The ``training`` section.
        make_sampler: Samples the neighbourhoods of a ``SampledEncoder``.
        edge_features: etype -> encoded features of its edges.
    """

    def __init__(
        self,
        graph: RegionGraph,
        features: Mapping[str, Tensor],
        model: EncoderConfig,
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

    def search(self, objective: Objective, holdout: pa.Table) -> Training | TooLittlePast:
        """Finds the number of epochs after which the holdout is answered best."""
        everything, validation = objective.everything(), objective.validation(holdout)
        if not len(everything):
            return TooLittlePast("the fit view holds nothing to learn from")
        if (num := len(validation)) < (least := self._training.min_queries):
            return TooLittlePast(f"the fit holdout judges {num}, training.min_queries is {least}")
        searched = self.fit(everything, self._training.num_epochs, validation)
        logger.info("best after %d of %d epochs", searched.best_epoch, searched.num_epochs)
        return searched

    def fit(
        self, examples: TrainingSet, num_epochs: int, validation: ValidationSet | None = None
    ) -> Training:
        """Trains a fresh encoder; without epochs or examples it keeps its initial weights."""
        encoder = self._fresh_encoder()
        if num_epochs == 0 or len(examples) == 0:
            return Training(encoder)
        inputs, training = self._inputs, self._training
        batches = Batches(
            self._graph, inputs.flat, examples, encoder, training, self._make_sampler
        )
        return Loop(encoder, inputs, batches, training).run(num_epochs, validation)

    def _fresh_encoder(self) -> Encoder:
        """Builds the encoder with its seeded initial weights, drawn on the CPU.

        The rows of nodes without a message start at zero, as unknown nodes do.
        """
        inputs = self._inputs
        widths = {ntype: value.shape[1] for ntype, value in inputs.features.items()}
        edge_width = sum(value.shape[1] for value in inputs.edge_features.values())
        encoder = build_encoder(self._model, self._graph.num_nodes, widths, edge_width)
        encoder.reset(torch.Generator().manual_seed(self._training.seed))
        encoder.clear_rows(torch.nonzero(~encoder.hears(inputs)).flatten())
        return encoder.to(inputs.device)
