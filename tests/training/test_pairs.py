from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from graphrec_core.graph import EdgeList, RegionGraph, load_graph
from graphrec_core.training.negatives import NegativeSampler
from graphrec_core.training.pairs import Pairs, all_pairs, hold_out_newest, learnable
from graphrec_core.training.validation import Validation
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import tiny_config, write_tiny_snapshot


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RegionGraph:
    snapshot = write_tiny_snapshot(tiny_config(tmp_path_factory.mktemp("lake")))
    return load_graph(snapshot, View.TRAIN, ALL_REGIONS)


def keys(graph: RegionGraph, pairs: Pairs) -> set[int]:
    return set((pairs.query * graph.num_nodes + pairs.candidate).tolist())


def test_the_newest_pairs_are_held_out(graph):
    times = torch.arange(len(graph.task_pairs)).flip(0)
    edges = replace(graph.task_pairs, last_event_us=times)
    timed = replace(graph, edges={graph.task_edge: edges})

    split = hold_out_newest(timed, 0.1, np.random.default_rng(0))
    rest, held = split.pairs, split.held

    num_held = len(edges) // 10
    assert keys(graph, held) == keys(graph, all_pairs(graph).where(times >= len(edges) - num_held))
    assert keys(graph, rest) | keys(graph, held) == keys(graph, all_pairs(graph))
    assert not keys(graph, rest) & keys(graph, held)


def test_ties_in_time_are_broken_at_random(graph):
    """All events of the fixture are equally old: no query may lose all of its pairs."""
    split, again = (hold_out_newest(graph, 0.1, np.random.default_rng(0)) for _ in range(2))

    assert set(split.held.query.tolist()) <= set(split.pairs.query.tolist())
    assert torch.equal(split.pairs.query, again.pairs.query)


def test_held_out_pairs_carry_no_messages(graph):
    split = hold_out_newest(graph, 0.25, np.random.default_rng(0))
    held, messages = split.held, graph.messages()

    for start, end in ((held.query, held.candidate), (held.candidate, held.query)):
        assert bool((split.messages.edge_ids(start, end) == -1).all())
        # The failing twin: the whole graph does carry them.
        assert bool((messages.edge_ids(start, end) >= 0).all())
    assert len(split.messages.keys) == len(messages.keys) - 2 * len(held)


def test_negatives_are_candidates_of_the_own_region_and_no_positives(graph):
    pairs = all_pairs(graph)
    sampler = NegativeSampler(graph, pairs, torch.Generator().manual_seed(0))
    queries = pairs.query.repeat(20)

    negatives = sampler.one_each(queries)

    homes = graph.query_regions[queries]
    assert bool(graph.candidate_mask[homes, negatives].all())
    drawn = set((queries * graph.num_nodes + negatives).tolist())
    assert len(drawn & keys(graph, pairs)) < 0.01 * len(drawn)
    # All of a query's 40 places less the 8 it visited are drawn: nothing is left out.
    assert len(torch.unique(negatives)) == 80


def test_shared_negatives_equal_a_naive_rule(graph):
    pairs = all_pairs(graph)
    sampler = NegativeSampler(graph, pairs, torch.Generator().manual_seed(0))
    known, batch = keys(graph, pairs), pairs.query[::7]

    negatives, allowed = sampler.shared(batch, 15)

    assert len(negatives) == 30
    for row, query in enumerate(batch.tolist()):
        for column, candidate in enumerate(negatives.tolist()):
            home = graph.query_regions[query]
            expected = bool(graph.candidate_mask[home, candidate]) and (
                query * graph.num_nodes + candidate not in known
            )
            assert bool(allowed[row, column]) == expected


def test_few_candidates_are_all_drawn(graph):
    sampler = NegativeSampler(graph, all_pairs(graph), torch.Generator().manual_seed(0))

    negatives, _ = sampler.shared(graph.task_pairs.src[:3], 1000)

    assert torch.equal(negatives, torch.unique(torch.cat(list(graph.candidates.values()))))


def test_pairs_without_a_home_region_are_not_learnt(graph):
    regions = graph.query_regions.clone()
    lost = int(graph.task_pairs.src[0])
    regions[lost] = -1
    homeless = replace(graph, query_regions=regions)

    assert lost not in learnable(homeless, all_pairs(graph)).query.tolist()
    assert lost in learnable(graph, all_pairs(graph)).query.tolist()


def test_recall_by_hand(graph):
    """One-hot vectors: a query that scores one held place first and never its other one."""
    east = graph.candidates[Region("east")]
    query = int(graph.slice_of("user").start)
    h = torch.zeros(graph.num_nodes, 2)
    h[query, 0] = 1
    h[east, 0] = torch.linspace(0, 1, len(east))
    best, worst, seen = int(east[-1]), int(east[0]), int(east[-2])
    held = Pairs(torch.tensor([query, query]), torch.tensor([best, worst]))
    known = Pairs(torch.tensor([query]), torch.tensor([seen]))

    assert graph.query_regions[query] == 0
    assert Validation(graph, held, known).recall(h) == 0.5
    # The seen place takes no rank: exactly twenty others come before the twenty-first.
    at_21 = Pairs(torch.tensor([query]), east[-22:-21])
    assert Validation(graph, at_21, known).recall(h) == 0
    at_20 = Pairs(torch.tensor([query]), east[-21:-20])
    assert Validation(graph, at_20, known).recall(h) == 1


def test_pairs_no_index_could_answer_do_not_count(graph):
    query = int(graph.slice_of("user").start)
    foreign = graph.candidates[Region("west")][:1]

    held = Pairs(torch.tensor([query]), foreign)

    assert len(Validation(graph, held, held)) == 0


def _friends() -> RegionGraph:
    """Five users who are candidates; the newest pairs are those of a user with itself."""
    ids = pa.table({"node_id": [f"u{number}" for number in range(5)]})
    src = torch.tensor([0, 0, 1, 2, 3, 3, 4, 0, 1, 2])
    dst = torch.tensor([1, 2, 2, 3, 4, 0, 0, 0, 1, 2])
    everybody = torch.arange(5)
    return RegionGraph(
        region=Region("east"),
        query="user",
        candidate="user",
        task_edge="follows",
        nodes={"user": ids},
        offsets={"user": 0},
        edges={"follows": EdgeList(src, dst, torch.arange(len(src)))},
        members={Region("east"): {"user": everybody}},
        candidates={Region("east"): everybody},
        query_regions=torch.zeros(5, dtype=torch.int64),
    )


def test_nobody_learns_or_stops_on_its_own_node():
    friends = _friends()
    split = hold_out_newest(friends, 0.3, np.random.default_rng(0))

    assert (split.held.query.tolist(), split.held.candidate.tolist()) == ([3, 4], [0, 0])
    assert len(split.pairs) == 5
    assert not (split.pairs.query == split.pairs.candidate).any()


def test_ones_own_node_takes_no_rank(monkeypatch):
    """Each user likes itself best and its one held friend next."""
    friends = _friends()
    held = Pairs(torch.tensor([0, 3]), torch.tensor([1, 4]))
    none = Pairs(held.query[:0], held.candidate[:0])
    h = 2 * torch.eye(5)
    h[0, 1] = h[3, 4] = 1
    monkeypatch.setattr("graphrec_core.training.validation.K", 1)

    assert Validation(friends, held, none).recall(h) == 1
