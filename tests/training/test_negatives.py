from dataclasses import replace

import torch

from graphrec_core.training.negatives import NegativeSampler, learnable
from graphrec_core.training.pairs import all_pairs
from tests.training.graphs import keys


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_negatives_are_candidates_of_the_own_region_and_no_positives(graph):
    pairs = all_pairs(graph)
    sampler = NegativeSampler(graph, pairs)
    queries = pairs.query.repeat(20)

    negatives = sampler.one_each(queries, chance())

    homes = graph.query_regions[queries]
    assert bool(graph.candidate_mask[homes, negatives].all())
    drawn = set((queries * graph.num_nodes + negatives).tolist())
    assert len(drawn & keys(graph, pairs)) < 0.01 * len(drawn)
    # All of a query's 40 places less the 8 it visited are drawn: nothing is left out.
    assert len(torch.unique(negatives)) == 80


def test_shared_negatives_equal_a_naive_rule(graph):
    pairs = all_pairs(graph)
    sampler = NegativeSampler(graph, pairs)
    known, batch = keys(graph, pairs), pairs.query[::7]

    negatives, allowed = sampler.shared(batch, 15, chance())

    assert len(negatives) == 30
    for row, query in enumerate(batch.tolist()):
        for column, candidate in enumerate(negatives.tolist()):
            home = graph.query_regions[query]
            expected = bool(graph.candidate_mask[home, candidate]) and (
                query * graph.num_nodes + candidate not in known
            )
            assert bool(allowed[row, column]) == expected


def test_few_candidates_are_all_drawn(graph):
    sampler = NegativeSampler(graph, all_pairs(graph))

    negatives, _ = sampler.shared(graph.task_pairs.src[:3], 1000, chance())

    assert torch.equal(negatives, torch.unique(torch.cat(list(graph.candidates.values()))))


def test_pairs_without_a_home_region_are_not_learnt(graph):
    regions = graph.query_regions.clone()
    lost = int(graph.task_pairs.src[0])
    regions[lost] = -1
    homeless = replace(graph, query_regions=regions)

    assert lost not in learnable(homeless, all_pairs(graph)).query.tolist()
    assert lost in learnable(graph, all_pairs(graph)).query.tolist()
