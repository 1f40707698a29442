from dataclasses import replace

import numpy as np
import torch

from graphrec_core.training.pairs import all_pairs, hold_out_newest
from tests.training.graphs import friends_graph, keys


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
    held, messages = split.held, graph.messages().flat

    for start, end in ((held.query, held.candidate), (held.candidate, held.query)):
        assert bool((split.messages.flat.edge_ids(start, end) == -1).all())
        # The failing twin: the whole graph does carry them.
        assert bool((messages.edge_ids(start, end) >= 0).all())
    assert len(split.messages.flat.keys) == len(messages.keys) - 2 * len(held)


def test_nobody_learns_or_stops_on_its_own_node():
    friends = friends_graph()
    split = hold_out_newest(friends, 0.3, np.random.default_rng(0))

    assert (split.held.query.tolist(), split.held.candidate.tolist()) == ([3, 4], [0, 0])
    assert len(split.pairs) == 5
    assert not (split.pairs.query == split.pairs.candidate).any()
