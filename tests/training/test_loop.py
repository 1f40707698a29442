import pytest
import torch
from torch import Tensor

from graphrec_core.config import LightGCNConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import RegionGraph
from graphrec_core.models.encoder import EncoderInputs
from graphrec_core.models.registry import build_encoder
from graphrec_core.training import Training
from graphrec_core.training.batches import Batches
from graphrec_core.training.loop import Loop
from graphrec_core.training.objectives import Metric, ValidationSet, build_objective
from tests.training.graphs import TASK


class Scripted(ValidationSet):
    """Says given values, and keeps the vectors that it was shown."""

    metric = Metric("error", is_larger_better=False)

    def __init__(self, values: list[float]) -> None:
        self.values, self.shown = iter(values), list[Tensor]()

    def __len__(self) -> int:
        return 1

    def measure(self, h_ND: Tensor) -> float:
        self.shown.append(h_ND.clone())
        return next(self.values)


def run(
    graph: RegionGraph, num_epochs: int, validation: ValidationSet | None, **settings: int
) -> tuple[Training, Tensor]:
    """Returns the training and the vectors of its weights."""
    training = TrainingConfig.model_validate({"batch_size": 200, **settings})
    encoder = build_encoder(LightGCNConfig(embedding_dim=4), graph.num_nodes, {})
    encoder.reset(torch.Generator().manual_seed(0))
    rows = torch.arange(graph.num_nodes)
    inputs = EncoderInputs(graph.messages(), rows, {}, {}, torch.device("cpu"))
    everything = build_objective(TASK, graph, training).everything()
    batches = Batches(graph, graph.messages().flat, everything, encoder, training)
    trained = Loop(encoder, inputs, batches, training).run(num_epochs, validation)
    with torch.no_grad():
        return trained, trained.encoder.encode(inputs)


def test_it_stops_without_progress_and_puts_the_best_weights_back(graph):
    script = Scripted([0.9, 0.5, 0.7, 0.6, 0.1])

    trained, h = run(graph, 100, script, eval_every=3, patience=2)

    assert [(look.epoch, look.value) for look in trained.history] == [
        (3, 0.9),
        (6, 0.5),
        (9, 0.7),
        (12, 0.6),
    ]
    assert (trained.best_epoch, trained.num_epochs) == (6, 12)
    assert (trained.metric, trained.validation_value) == (Scripted.metric, 0.5)
    assert torch.equal(h, script.shown[1])
    assert not torch.equal(h, script.shown[-1])


def test_the_last_epoch_is_looked_at_whatever_the_rhythm(graph):
    trained, _ = run(graph, 5, Scripted([0.9, 0.5, 0.3]), eval_every=2)

    assert [look.epoch for look in trained.history] == [2, 4, 5]
    assert trained.best_epoch == 5


def test_the_loss_is_the_mean_over_examples_not_over_batches(graph):
    """With weights that hardly move, batches of any size have the epoch's one mean."""
    losses = [
        run(graph, 1, None, batch_size=size, learning_rate=1e-9)[0].history[0].loss
        for size in (len(graph.task_pairs) - 1, len(graph.task_pairs))
    ]

    # Other negatives are drawn, so the means differ a little; a mean of batches would weigh the
    # single pair of the second batch as half of all.
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_without_a_validation_all_epochs_run(graph):
    trained, _ = run(graph, 4, None, eval_every=2, patience=1)

    assert (trained.best_epoch, trained.num_epochs, trained.metric) == (4, 4, None)
    assert [(look.epoch, look.value) for look in trained.history] == [(2, None), (4, None)]
