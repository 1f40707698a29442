from dataclasses import replace

import pytest
import torch

from graphrec_core.config import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.day import Day
from graphrec_core.errors import LeakageError
from graphrec_core.graph import EdgeList, FeatureEncoder, RegionGraph, load_graph
from graphrec_core.graph.block import Block
from graphrec_core.graph.sampling import NeighborSampler
from graphrec_core.lake import Artifact
from graphrec_core.training import Audited, SupervisionAudit, Training, train_for
from graphrec_core.training.pairs import TaskPairs, all_pairs
from graphrec_core.types import Region, View
from tests.support import steps
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot
from tests.training.graphs import TASK

NONE = torch.empty(0, dtype=torch.int64)
SAGE = GraphSAGEConfig(embedding_dim=8, hidden_dim=8, fanouts=(8, 4))
LIGHTGCN = LightGCNConfig(embedding_dim=8, num_layers=2)


class ExcludesNothing(NeighborSampler):
    """The planted leak: the real sampler, not told the batch's pairs."""

    def sample(self, seeds: torch.Tensor, pair_src: torch.Tensor, pair_dst: torch.Tensor):
        return super().sample(seeds, NONE, NONE)


class ExcludesAllButOne(NeighborSampler):
    """The smallest leak: one pair of each batch is not masked."""

    def sample(self, seeds: torch.Tensor, pair_src: torch.Tensor, pair_dst: torch.Tensor):
        return super().sample(seeds, pair_src[1:], pair_dst[1:])


@pytest.fixture(scope="module")
def graph(snapshot: Artifact) -> RegionGraph:
    return load_graph(snapshot, View.TRAIN, Region("east"))


def settings(**values: object) -> TrainingConfig:
    data = {"num_epochs": 2, "batch_size": 128, "num_threads": 1}
    return TrainingConfig.model_validate({**data, **values})


def train(graph: RegionGraph, model: object = SAGE, sampler: object = NeighborSampler) -> Training:
    features = FeatureEncoder.fit(graph, {}).encode(graph)
    return train_for(graph, features, model, settings(), 2, sampler, task=TASK)


def one_pair(graph: RegionGraph) -> tuple[TaskPairs, str, str]:
    """A pair of the graph and its original ids."""
    pair = all_pairs(graph).where(torch.tensor([5]))
    user = graph.node_ids("user")[int(pair.query) - graph.offsets["user"]].as_py()
    place = graph.node_ids("place")[int(pair.candidate) - graph.offsets["place"]].as_py()
    return pair, f"user {user!r}", f"place {place!r}"


def block_of(src: torch.Tensor, dst: torch.Tensor) -> Block:
    """A block with exactly one message edge, between other nodes that carry none."""
    return Block(
        torch.cat([dst, src]), torch.tensor([1]), torch.tensor([0]), torch.tensor([0]), num_dst=1
    )


@pytest.mark.parametrize("sampler", [ExcludesNothing, ExcludesAllButOne])
def test_an_unmasked_supervision_edge_is_caught(graph, sampler):
    with pytest.raises(LeakageError, match="the model would read the answer") as caught:
        train(graph, sampler=sampler)

    assert caught.value.exit_code == 3
    named = caught.value.found.split(": ", 1)[1].split("; ")
    assert 1 <= len(named) <= 5
    assert all(name.endswith("(visited)") for name in named)


def test_the_honest_sampler_passes_and_every_batch_was_audited(graph):
    trained = train(graph)

    num_pairs = len(graph.task_pairs)
    num = trained.num_epochs * -(-num_pairs // 128)
    assert trained.audited == Audited(num, num)


def test_a_full_graph_encoder_is_exempt_and_counted_so(graph):
    trained = train(graph, LIGHTGCN)

    assert trained.audited.num_audited == 0
    assert trained.audited.num_batches > 0


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_planted_pair_is_named_in_its_direction(graph, is_reversed):
    pair, user, place = one_pair(graph)
    ends, names = (pair.query, pair.candidate), (user, place)
    if is_reversed:
        ends, names = ends[::-1], names[::-1]

    with pytest.raises(LeakageError) as caught:
        SupervisionAudit(graph).check([block_of(*ends)], pair)

    assert caught.value.found == (
        f"1 such message edges in a batch of 1 pairs: {names[0]} -> {names[1]} (visited)"
    )


def test_every_edge_type_that_holds_the_pair_is_named(graph):
    """A pair that a second edge type carries backwards is the same answer."""
    pair, user, place = one_pair(graph)
    liked = EdgeList(pair.candidate, pair.query, torch.ones(1).double())
    both = replace(graph, edges={**graph.edges, "liked": liked})
    messages = both.messages().flat
    seeds = torch.cat([pair.query, pair.candidate])
    audit = SupervisionAudit(both)

    open_ = ExcludesNothing(messages, (-1, -1), 0).sample(seeds, pair.query, pair.candidate)
    with pytest.raises(LeakageError) as caught:
        audit.check(open_, pair)
    masked = NeighborSampler(messages, (-1, -1), 0).sample(seeds, pair.query, pair.candidate)
    audit.check(masked, pair)

    for message in (f"{user} -> {place}", f"{place} -> {user}"):
        assert f"{message} (visited); {message} (liked)" in caught.value.found


def test_it_equals_a_naive_rule_and_forgets_the_last_batch(graph):
    """Random batches against unmasked blocks: refused exactly when a pair is among them."""
    generator, pairs = torch.Generator().manual_seed(0), all_pairs(graph)
    sampler, audit = NeighborSampler(graph.messages().flat, (3, 2), 0), SupervisionAudit(graph)
    seen = set()
    for _ in range(60):
        batch = pairs.where(torch.randint(len(pairs), (3,), generator=generator))
        blocks = sampler.sample(torch.unique(batch.query), NONE, NONE)
        edges = {
            frozenset(edge)
            for block in blocks
            for edge in zip(
                block.src_nodes[block.src].tolist(),
                block.src_nodes[block.dst].tolist(),
                strict=True,
            )
        }
        asked = zip(batch.query.tolist(), batch.candidate.tolist(), strict=True)
        leaks = any(frozenset(pair) in edges for pair in asked)
        try:
            audit.check(blocks, batch)
        except LeakageError:
            assert leaks
        else:
            assert not leaks
        seen.add(leaks)
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["graphsage", "lightgcn"])
def test_the_models_manifest_says_how_many_batches_were_audited(tmp_path, name):
    model = {"model": name, "embedding_dim": 8, "num_layers": 2}
    training = {"num_threads": 1, "num_epochs": 1, "refit": True, "batch_size": 128}
    config = tiny_config(tmp_path, recommender=model, training=training)
    write_tiny_snapshot(config)

    audit = steps.train(Day(config, AS_OF), Region("east")).stats["supervision_audit"]

    # 459 train pairs (first without 45 held out) and 577 serve pairs, 128 at a time.
    num_batches = 4 + 4 + 5
    is_sampled = name == "graphsage"
    assert audit == {"num_batches": num_batches, "num_audited": num_batches * is_sampled}
