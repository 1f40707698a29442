import logging
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from graphrec_core.config import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.model import EncoderConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import EdgeList, FeatureEncoder, RegionGraph, load_graph
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.models.encoder import EncoderInputs
from graphrec_core.training import TooLittlePast, Training, fit_encoder, train_for
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.training.graphs import TASK

EAST = Region("east")
NONE = torch.empty(0, dtype=torch.int64)
LIGHTGCN = LightGCNConfig(embedding_dim=16, num_layers=2)
SAGE = GraphSAGEConfig(embedding_dim=16, hidden_dim=16, fanouts=(8, 4))
NO_KIND = {"user": ["age"], "place": ["age"]}  # `kind` is the planted taste itself


def settings(**values: object) -> TrainingConfig:
    data = {"num_epochs": 12, "batch_size": 128, "learning_rate": 0.05, "num_threads": 1}
    return TrainingConfig.model_validate({**data, **values})


def encoded(graph: RegionGraph) -> dict[str, torch.Tensor]:
    return FeatureEncoder.fit(graph, NO_KIND).encode(graph)


def train(graph: RegionGraph, model: EncoderConfig, **values: object) -> Training:
    training = settings(**values)
    return train_for(graph, encoded(graph), model, training, training.num_epochs, task=TASK)


def fit_holdout(snapshot: Artifact) -> pa.Table:
    return snapshot.read_table(holdout_file(EAST, View.FIT))


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


def test_it_stops_early_and_keeps_the_best_look(snapshot, caplog):
    graph, holdout = load_graph(snapshot, View.FIT, EAST), fit_holdout(snapshot)
    training = settings(num_epochs=200, eval_every=1, patience=3)

    with caplog.at_level(logging.INFO, logger="graphrec_core.training.loop"):
        fitted = fit_encoder(graph, encoded(graph), LIGHTGCN, training, holdout, task=TASK)

    best = max(fitted.history, key=lambda look: look.value)
    assert fitted.num_epochs == fitted.best_epoch + 3 < 200
    assert fitted.validation_value == best.value
    assert fitted.best_epoch == best.epoch
    assert "validation recall@20" in caplog.messages[0]
    again = train_for(graph, encoded(graph), LIGHTGCN, training, best.epoch, task=TASK)
    assert torch.equal(again.encoder.ids_RH, fitted.encoder.ids_RH)


def naive_recall(snapshot: Artifact, graph: RegionGraph, h: np.ndarray) -> float:
    """Mean over queries of recall@20 on the fit holdout, from the files alone."""
    places = snapshot.read_table(nodes_file(View.FIT, "place", EAST)).to_pylist()
    pool = [row["node_id"] for row in places if row["is_candidate"]]
    edges = snapshot.read_table(edges_file(View.FIT, "visited", EAST)).to_pylist()
    row_of = {
        name: graph.offsets[ntype] + row
        for ntype in ("user", "place")
        for row, name in enumerate(graph.node_ids(ntype).to_pylist())
    }
    wanted: dict[str, set[str]] = {}
    for row in fit_holdout(snapshot).to_pylist():
        wanted.setdefault(row["query_id"], set()).add(row["candidate_id"])
    recalls = []
    for user, targets in wanted.items():
        seen = {edge["dst"] for edge in edges if edge["src"] == user}
        unseen = [place for place in pool if place not in seen]
        order = sorted(unseen, key=lambda place: -float(h[row_of[user]] @ h[row_of[place]]))
        recalls.append(len(targets & set(order[:20])) / len(targets))
    return float(np.mean(recalls))


def test_every_look_is_the_recall_that_plain_python_finds(snapshot):
    graph, holdout = load_graph(snapshot, View.FIT, EAST), fit_holdout(snapshot)
    training = settings(num_epochs=6, eval_every=2)

    fitted = fit_encoder(graph, encoded(graph), LIGHTGCN, training, holdout, task=TASK)

    for look in fitted.history:
        then = train_for(graph, encoded(graph), LIGHTGCN, training, look.epoch, task=TASK)
        assert look.value == pytest.approx(naive_recall(snapshot, graph, vectors(graph, then)))


@pytest.mark.parametrize(("num_rows", "is_enough"), [(30, True), (29, False)])
def test_too_few_judged_queries_find_no_number_of_epochs(snapshot, num_rows, is_enough):
    """Each user of the fixture has one target."""
    graph, few = load_graph(snapshot, View.FIT, EAST), fit_holdout(snapshot).slice(0, num_rows)
    training = settings(num_epochs=1, min_queries=30)
    found = fit_encoder(graph, encoded(graph), LIGHTGCN, training, few, task=TASK)
    why = "the fit holdout judges 29, training.min_queries is 30"
    assert isinstance(found, Training) if is_enough else found == TooLittlePast(why)


def test_a_fit_view_without_pairs_finds_no_number_of_epochs(snapshot):
    graph = load_graph(snapshot, View.FIT, EAST)
    bare = replace(graph, edges={"visited": EdgeList(NONE, NONE, NONE.double())})
    features, holdout = encoded(bare), fit_holdout(snapshot)
    found = fit_encoder(bare, features, LIGHTGCN, settings(), holdout, task=TASK)
    assert found == TooLittlePast("the fit view holds nothing to learn from")


def test_a_fixed_number_of_epochs_needs_no_validation(snapshot):
    graph = load_graph(snapshot, View.SERVE, EAST)

    trained = train_for(graph, encoded(graph), LIGHTGCN, settings(), 3, task=TASK)

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
    bare = replace(graph, edges={"visited": EdgeList(NONE, NONE, NONE.double())})

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
