import numpy as np
import pytest
import torch

from graphrec_core.config import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.model import EncoderConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import RegionGraph
from graphrec_core.models.encoder import Encoder, EncoderInputs
from graphrec_core.models.registry import build_encoder
from graphrec_core.training.batches import Batch, Batches
from graphrec_core.training.objectives import build_objective
from graphrec_core.training.step import Step
from tests.training.graphs import TASK

LIGHTGCN = LightGCNConfig(embedding_dim=4, init_std=1)
SAGE = GraphSAGEConfig(embedding_dim=4, hidden_dim=4, num_layers=1, fanouts=(-1,), init_std=1)


def prepared(
    graph: RegionGraph, model: EncoderConfig, training: TrainingConfig
) -> tuple[Encoder, EncoderInputs, Batch]:
    encoder = build_encoder(model, graph.num_nodes, {})
    encoder.reset(torch.Generator().manual_seed(0))
    rows = torch.arange(graph.num_nodes)
    inputs = EncoderInputs(graph.messages(), rows, {}, {}, torch.device("cpu"))
    everything = build_objective(TASK, graph, training).everything()
    batches = Batches(graph, graph.messages().flat, everything, encoder, training)
    return encoder, inputs, next(batches.epoch())


def test_the_loss_of_a_step_by_numpy(graph):
    """BPR over inner products, plus l2 / 2 times the mean squared norm of the rows used."""
    training = TrainingConfig(batch_size=50, l2=0.3)
    encoder, inputs, batch = prepared(graph, LIGHTGCN, training)
    with torch.no_grad():
        h, rows = encoder.encode(inputs).numpy(), encoder.ids_RH.numpy().copy()

    loss = Step(encoder, inputs, training).run(batch)

    query, positive, negative = (nodes.numpy() for nodes in batch.question.nodes)
    margin = (h[query] * (h[positive] - h[negative])).sum(axis=1)
    used = rows[np.concatenate([query, positive, negative])]
    expected = np.log1p(np.exp(-margin)).mean() + 0.15 * (used**2).sum(axis=1).mean()
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax"])
@pytest.mark.parametrize("model", [LIGHTGCN, SAGE], ids=["lightgcn", "graphsage"])
def test_one_batch_can_be_overfitted(graph, model, loss):
    training = TrainingConfig(batch_size=20, l2=0, learning_rate=0.1, loss=loss)
    encoder, inputs, batch = prepared(graph, model, training)
    step = Step(encoder, inputs, training)

    losses = [step.run(batch) for _ in range(200)]

    assert losses[-1] < 0.1 * losses[0]


def test_adams_first_step_moves_each_used_weight_by_the_learning_rate(graph):
    """Kingma and Ba, 2015: the bias-corrected first step is lr * g / |g|."""
    training = TrainingConfig(batch_size=50, l2=0, learning_rate=0.01)
    encoder, inputs, batch = prepared(graph, LightGCNConfig(embedding_dim=4), training)
    before = encoder.ids_RH.detach().clone()

    Step(encoder, inputs, training).run(batch)

    moved = (encoder.ids_RH.detach() - before).abs()
    heard = inputs.flat.degree > 0
    assert torch.allclose(moved[batch.seeds], torch.tensor(0.01), rtol=1e-2)
    assert bool((moved[~heard] == 0).all())


def test_a_step_forgets_the_gradients_of_the_last_one(graph):
    training = TrainingConfig(batch_size=50, l2=0, learning_rate=1e-12)
    encoder, inputs, batch = prepared(graph, LIGHTGCN, training)
    step, gradients = Step(encoder, inputs, training), []

    for _ in range(2):
        step.run(batch)
        gradients.append(encoder.ids_RH.grad.clone())

    torch.testing.assert_close(gradients[0], gradients[1])
    assert bool(gradients[0].any())
