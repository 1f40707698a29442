import torch

from graphrec_core.config import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import RegionGraph
from graphrec_core.models.registry import build_encoder
from graphrec_core.training import Audited
from graphrec_core.training.batches import Batch, Batches
from graphrec_core.training.objectives import build_objective
from graphrec_core.training.pairs import all_pairs
from tests.training.graphs import TASK, keys

TRAINING = TrainingConfig(batch_size=100)
LIGHTGCN = LightGCNConfig(embedding_dim=4)
SAGE = GraphSAGEConfig(embedding_dim=4, hidden_dim=4, num_layers=1, fanouts=(-1,))


def batches_of(graph: RegionGraph, model: LightGCNConfig | GraphSAGEConfig = LIGHTGCN) -> Batches:
    everything = build_objective(TASK, graph, TRAINING).everything()
    encoder = build_encoder(model, graph.num_nodes, {})
    return Batches(graph, graph.messages().flat, everything, encoder, TRAINING)


def asked(graph: RegionGraph, batches: list[Batch]) -> list[int]:
    return [
        int(query) * graph.num_nodes + int(candidate)
        for batch in batches
        for query, candidate in zip(*batch.question.nodes[:2], strict=True)
    ]


def test_an_epoch_asks_every_example_once_in_a_new_order(graph):
    batches = batches_of(graph)

    first, second = list(batches.epoch()), list(batches.epoch())

    num = len(graph.task_pairs)
    sizes = [100] * (num // 100) + [num % 100]
    assert [batch.num_examples for batch in first] == sizes
    one, other = asked(graph, first), asked(graph, second)
    assert one != other
    assert sorted(one) == sorted(other) == sorted(keys(graph, all_pairs(graph)))
    assert asked(graph, list(batches_of(graph).epoch())) == one


def test_seeds_and_places_give_the_nodes_of_every_role(graph):
    batch = next(batches_of(graph).epoch())

    assert torch.equal(batch.seeds[batch.places], torch.cat(batch.question.nodes))
    assert len(torch.unique(batch.seeds)) == len(batch.seeds)
    assert batch.blocks is None


def test_a_sampled_encoder_hears_all_neighbours_but_the_answers(graph):
    """With full fan-out a seed's degree falls by exactly its pairs in the batch."""
    batches = batches_of(graph, SAGE)

    batch = next(batches.epoch())

    (block,) = batch.blocks
    query, positive, _ = batch.question.nodes
    answers = torch.bincount(torch.cat([query, positive]), minlength=graph.num_nodes)
    expected = graph.messages().flat.degree - answers
    assert torch.equal(block.src_nodes[: block.num_dst], batch.seeds)
    heard = torch.bincount(block.dst, minlength=block.num_dst)
    assert torch.equal(heard, expected[batch.seeds])
    assert batches.audited == Audited(1, 1)
