import torch

from graphrec_core.training.objectives.recall import Recall
from graphrec_core.training.pairs import TaskPairs
from graphrec_core.types import Region
from tests.training.graphs import friends_graph


def test_recall_by_hand(graph):
    """One-hot vectors: a query that scores one held place first and never its other one."""
    east = graph.candidates[Region("east")]
    query = int(graph.slice_of("user").start)
    h = torch.zeros(graph.num_nodes, 2)
    h[query, 0] = 1
    h[east, 0] = torch.linspace(0, 1, len(east))
    best, worst, seen = int(east[-1]), int(east[0]), int(east[-2])
    held = TaskPairs(torch.tensor([query, query]), torch.tensor([best, worst]))
    known = TaskPairs(torch.tensor([query]), torch.tensor([seen]))

    assert graph.query_regions[query] == 0
    assert Recall(graph, held, known).measure(h) == 0.5
    # The seen place takes no rank: exactly twenty others come before the twenty-first.
    at_21 = TaskPairs(torch.tensor([query]), east[-22:-21])
    assert Recall(graph, at_21, known).measure(h) == 0
    at_20 = TaskPairs(torch.tensor([query]), east[-21:-20])
    assert Recall(graph, at_20, known).measure(h) == 1


def test_ones_own_node_takes_no_rank(monkeypatch):
    """Each user likes itself best and its one held friend next."""
    friends = friends_graph()
    held = TaskPairs(torch.tensor([0, 3]), torch.tensor([1, 4]))
    none = TaskPairs(held.query[:0], held.candidate[:0])
    h = 2 * torch.eye(5)
    h[0, 1] = h[3, 4] = 1
    monkeypatch.setattr("graphrec_core.training.objectives.recall.K", 1)

    assert Recall(friends, held, none).measure(h) == 1
