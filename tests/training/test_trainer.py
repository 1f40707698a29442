import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from graphrec_core.config import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.model import ModelConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import EdgeList, FeatureEncoder, RegionGraph, load_graph
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import holdout_file
from graphrec_core.models.encoder import EncoderInputs
from graphrec_core.training import Training, train_encoder, train_for
from graphrec_core.types import ALL_REGIONS, Region, View

EAST = Region("east")
LIGHTGCN = LightGCNConfig(embedding_dim=16, num_layers=2)
SAGE = GraphSAGEConfig(embedding_dim=16, hidden_dim=16, fanouts=(8, 4))
NO_KIND = {"user": ["age"], "place": ["age"]}  # `kind` is the planted taste itself


def settings(**values: object) -> TrainingConfig:
    data = {"num_epochs": 12, "batch_size": 128, "learning_rate": 0.05, "num_threads": 1}
    return TrainingConfig.model_validate({**data, **values})


def encoded(graph: RegionGraph) -> dict[str, torch.Tensor]:
    return FeatureEncoder.fit(graph, NO_KIND).encode(graph)


def train(graph: RegionGraph, model: ModelConfig, **values: object) -> Training:
    return train_encoder(graph, encoded(graph), model, settings(**values), kind="recommend")


def vectors(graph: RegionGraph, trained: Training) -> np.ndarray:
    inputs = EncoderInputs(
        graph.messages(),
        torch.arange(graph.num_nodes),
        encoded(graph),
        {ntype: graph.slice_of(ntype) for ntype in graph.ntypes},
        torch.device("cpu"),
    )
    with torch.no_grad():
        return trained.encoder.cpu().encode(inputs).numpy()


def holdout_recall(snapshot: Artifact, graph: RegionGraph, scores: np.ndarray) -> float:
    """Recall@5 over the holdout of unseen places, computed the plain way."""
    holdout = snapshot.read_table(holdout_file(EAST)).to_pylist()
    place = {name: row for row, name in enumerate(graph.node_ids("place").to_pylist())}
    user = {name: row for row, name in enumerate(graph.node_ids("user").to_pylist())}
    scores = scores.copy()
    starts = graph.offsets
    pairs = graph.task_pairs
    scores[(pairs.src - starts["user"]).numpy(), (pairs.dst - starts["place"]).numpy()] = -np.inf
    scores[:, place["west-p0"]] = -np.inf
    top = np.argsort(-scores, axis=1)[:, :5]
    hits = [place[row["candidate_id"]] in top[user[row["query_id"]]] for row in holdout]
    return float(np.mean(hits))


@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax"])
@pytest.mark.parametrize("model", [LIGHTGCN, SAGE], ids=["lightgcn", "graphsage"])
def test_it_learns_the_planted_taste(snapshot, model, loss):
    graph = load_graph(snapshot, View.TRAIN, EAST)
    users, places = graph.slice_of("user"), graph.slice_of("place")
    popularity = np.bincount(graph.task_pairs.dst.numpy(), minlength=graph.num_nodes)[places]

    h = vectors(graph, train(graph, model, loss=loss, num_epochs=30))

    found = holdout_recall(snapshot, graph, h[users] @ h[places].T)
    popular = holdout_recall(snapshot, graph, np.tile(popularity, (59, 1)).astype(float))
    untrained = vectors(graph, train(graph, model, num_epochs=0))
    chance = holdout_recall(snapshot, graph, untrained[users] @ untrained[places].T)
    assert found > 1.5 * popular
    assert found > chance


@pytest.mark.parametrize("model", [LIGHTGCN, SAGE], ids=["lightgcn", "graphsage"])
def test_the_same_seed_gives_the_same_bytes(snapshot, model):
    graph = load_graph(snapshot, View.TRAIN, EAST)

    two = {"num_threads": 2, "batch_size": 1024}
    runs = [train(graph, model, num_epochs=1, seed=seed, **two) for seed in (5, 5, 6)]

    weights = [
        {key: value.numpy().tobytes() for key, value in run.encoder.cpu().state_dict().items()}
        for run in runs
    ]
    assert weights[0] == weights[1]
    assert runs[0].history == runs[1].history
    assert weights[0] != weights[2]


def test_zero_epochs_give_the_seeded_initial_weights(snapshot):
    graph = load_graph(snapshot, View.TRAIN, EAST)

    trained = train(graph, LIGHTGCN, num_epochs=0)

    expected = torch.nn.init.normal_(
        torch.empty(graph.num_nodes, 16), std=0.1, generator=torch.Generator().manual_seed(0)
    )
    assert torch.equal(trained.encoder.ids_RH.detach().cpu(), expected)
    assert (trained.best_epoch, trained.num_epochs, trained.history) == (0, 0, ())
    assert (trained.metric, trained.validation_value) == (None, None)


def test_it_stops_early_and_reports_the_best_look(snapshot, caplog):
    graph = load_graph(snapshot, View.TRAIN, EAST)

    with caplog.at_level(logging.INFO, logger="graphrec_core.training.loop"):
        trained = train(graph, LIGHTGCN, num_epochs=200, eval_every=1, patience=3)

    best = max(trained.history, key=lambda look: look.value)
    assert trained.num_epochs == trained.best_epoch + 3 < 200
    assert trained.validation_value == best.value
    assert trained.best_epoch == best.epoch
    assert "validation recall@20" in caplog.messages[0]


def test_a_fixed_number_of_epochs_needs_no_validation(snapshot):
    graph = load_graph(snapshot, View.SERVE, EAST)

    trained = train_for(graph, encoded(graph), LIGHTGCN, settings(), 3, kind="recommend")

    assert (trained.best_epoch, trained.validation_value) == (3, None)
    assert trained.history[-1].loss < 0.7


@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax"])
def test_a_global_model_learns_all_regions(snapshot, loss):
    graph = load_graph(snapshot, View.TRAIN, ALL_REGIONS)

    trained = train(graph, LIGHTGCN, loss=loss, num_epochs=30)

    users, places = graph.slice_of("user"), graph.slice_of("place")
    h = vectors(graph, trained)
    kinds = [np.array(graph.nodes[ntype]["kind"].to_pylist()) for ntype in ("user", "place")]
    scores = h[users] @ h[places].T
    same = kinds[0][:, None] == kinds[1][None, :]
    assert scores[same].mean() > scores[~same].mean() + 0.05


def test_a_graph_without_pairs_gives_the_initial_weights(snapshot):
    graph = load_graph(snapshot, View.TRAIN, EAST)
    none = torch.empty(0, dtype=torch.int64)
    bare = replace(graph, edges={"visited": EdgeList(none, none, none, none.double())})

    trained = train(bare, LIGHTGCN)

    assert (trained.num_epochs, trained.history) == (0, ())
    assert bool(torch.isfinite(trained.encoder.ids_RH).all())


@pytest.mark.parametrize("epochs", [0, 4])
def test_a_node_without_edges_has_no_vector_rather_than_a_random_one(
    snapshot: Artifact, epochs: int
) -> None:
    graph = load_graph(snapshot, View.SERVE, EAST)
    alone = {name: row for row, name in enumerate(graph.node_ids("user").to_pylist())}["east-u59"]
    assert graph.messages().flat.degree[graph.slice_of("user")][alone] == 0
    found = vectors(graph, train(graph, LIGHTGCN, num_epochs=epochs))[graph.slice_of("user")]
    assert not found[alone].any()
    assert found[:alone].any(axis=1).all()
