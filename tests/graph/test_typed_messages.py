"""Messages by relation, their flat view, and what edges lend to flat messages, by naive loops."""

from collections import defaultdict

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.graph import Messages, Relation

NUM_NODES = 6
PAIRS = st.lists(
    st.tuples(st.integers(0, NUM_NODES - 1), st.integers(0, NUM_NODES - 1)),
    max_size=14,
    unique=True,
)


def ends(pairs: list[tuple[int, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    both = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def make(**pairs: list[tuple[int, int]]) -> Messages:
    return Messages(NUM_NODES, {etype: ends(found) for etype, found in pairs.items()})


def spoken(messages: Messages, relation: Relation) -> set[tuple[int, int]]:
    graph = messages[relation]
    return set(zip(graph.src.tolist(), graph.dst.tolist(), strict=True))


def test_a_relation_is_directed_and_the_flat_graph_knows_no_types() -> None:
    messages = make(knows=[(0, 1), (1, 0), (2, 2), (4, 3)], likes=[(0, 1), (1, 5)])
    assert list(messages) == [
        Relation("knows"), Relation("knows", is_reverse=True),
        Relation("likes"), Relation("likes", is_reverse=True),
    ]  # fmt: skip
    assert spoken(messages, Relation("knows")) == {(0, 1), (1, 0), (4, 3)}
    assert spoken(messages, Relation("likes")) == {(0, 1), (1, 5)}
    assert spoken(messages, Relation("likes", is_reverse=True)) == {(1, 0), (5, 1)}
    flat = set(zip(messages.flat.src.tolist(), messages.flat.dst.tolist(), strict=True))
    assert flat == {(0, 1), (1, 0), (4, 3), (3, 4), (1, 5), (5, 1)}


@given(PAIRS, PAIRS)
def test_the_flat_graph_is_the_union_of_the_relations(
    knows: list[tuple[int, int]], likes: list[tuple[int, int]]
) -> None:
    messages = make(knows=knows, likes=likes)
    flat = set(zip(messages.flat.src.tolist(), messages.flat.dst.tolist(), strict=True))
    assert flat == set().union(*(spoken(messages, relation) for relation in messages))


@given(PAIRS, PAIRS)
def test_sums_and_means_of_edges_equal_naive_ones(
    knows: list[tuple[int, int]], likes: list[tuple[int, int]]
) -> None:
    rng = np.random.default_rng(len(knows) + 100 * len(likes))
    values = {"knows": rng.random((len(knows), 2)), "likes": rng.random((len(likes), 1))}
    messages = make(knows=knows, likes=likes)
    total: dict[tuple[int, int], float] = defaultdict(float)
    parts: dict[tuple[int, int], dict[str, list[np.ndarray]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for etype, pairs in (("knows", knows), ("likes", likes)):
        for row, (src, dst) in enumerate(pairs):
            for way in ((src, dst), (dst, src)):
                total[way] += values[etype][row, 0]
                parts[way][etype].append(values[etype][row])

    weights = messages.summed(
        {etype: torch.from_numpy(own[:, 0]) for etype, own in values.items()}
    )
    features = messages.averaged(
        {etype: torch.from_numpy(own).float() for etype, own in values.items()}
    )

    for edge, way in enumerate(
        zip(messages.flat.src.tolist(), messages.flat.dst.tolist(), strict=True)
    ):
        assert abs(float(weights[edge]) - total[way]) < 1e-12
        means = [
            np.mean(parts[way][etype], axis=0) if parts[way][etype] else np.zeros(width)
            for etype, width in (("knows", 2), ("likes", 1))
        ]
        np.testing.assert_allclose(features[edge].numpy(), np.concatenate(means), rtol=1e-5)
