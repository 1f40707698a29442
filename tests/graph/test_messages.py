import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.graph import MessageGraph

EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30)


def make(num_nodes: int, pairs: list[tuple[int, int]]) -> MessageGraph:
    edges = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return MessageGraph.from_edges(num_nodes, edges[:, 0], edges[:, 1])


def dense(graph: MessageGraph) -> np.ndarray:
    matrix = np.zeros((graph.num_nodes, graph.num_nodes))
    matrix[graph.dst.numpy(), graph.src.numpy()] = 1
    return matrix


def test_hand_computed_csr():
    graph = make(4, [(0, 2), (2, 0), (1, 2), (1, 1)])

    assert graph.indptr.tolist() == [0, 1, 2, 4, 4]
    assert graph.src.tolist() == [2, 2, 0, 1]
    assert graph.edge_ids(torch.tensor([1, 3]), torch.tensor([2, 0])).tolist() == [3, -1]


@given(EDGES)
def test_equals_a_naive_adjacency(pairs):
    naive = np.zeros((7, 7))
    for src, dst in pairs:
        if src != dst:
            naive[src, dst] = naive[dst, src] = 1

    graph = make(7, pairs)

    np.testing.assert_array_equal(dense(graph), naive)
    degree = np.maximum(naive.sum(axis=1), 1)
    expected = naive / np.sqrt(degree[:, None] * degree[None, :])
    np.testing.assert_allclose(graph.normalised().to_dense().numpy(), expected, rtol=1e-6)


def test_weights_normalise_by_the_weights_at_both_ends():
    """Weights 4 and 1 at node 2; node 3 has a weight of zero and hears nobody."""
    graph = make(4, [(0, 2), (1, 2), (2, 3)])  # edges by (dst, src): 2-0, 2-1, 0-2, 1-2, 3-2, 2-3
    weights = torch.tensor([4.0, 1.0, 4.0, 1.0, 0.0, 0.0], dtype=torch.float64)

    found = graph.normalised(weights).to_dense().numpy()

    expected = np.zeros((4, 4))
    expected[0, 2] = expected[2, 0] = 4 / (4 * 5) ** 0.5
    expected[1, 2] = expected[2, 1] = 1 / (1 * 5) ** 0.5
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert graph.strength(weights).tolist() == [4, 1, 5, 0]


@given(EDGES)
def test_weights_of_one_change_nothing(pairs):
    graph = make(7, pairs)
    ones = torch.ones(len(graph.keys), dtype=torch.float64)
    found = graph.normalised(ones).to_dense()
    assert torch.equal(found, graph.normalised().to_dense())
