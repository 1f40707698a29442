"""What ranking is stopped by: the targets of the fit holdout, as an evaluation counts them."""

import pyarrow as pa
import pytest
import torch

from graphrec_core.config.task import TaskConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import RegionGraph
from graphrec_core.training.objectives import ValidationSet, build_objective
from graphrec_core.training.pairs import all_pairs, known_pairs
from tests.training.graphs import FRIENDS_TASK, TASK, friends_graph


def holdout(*rows: tuple[str, str, bool, bool]) -> pa.Table:
    names = ("query_id", "candidate_id", "is_seen", "is_candidate")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def validation(graph: RegionGraph, task: TaskConfig, rows: pa.Table) -> ValidationSet:
    return build_objective(task, graph, TrainingConfig()).validation(rows)


def first_of(graph: RegionGraph) -> tuple[str, str, str]:
    """A user of east, a place that she has seen, and one that she has not."""
    pairs, offset = all_pairs(graph), graph.offsets["place"]
    places = graph.node_ids("place").to_pylist()
    seen = pairs.candidate[pairs.query == pairs.query[0]].tolist()
    new = next(int(row) for row in graph.candidates[graph.regions[0]] if int(row) not in seen)
    user = graph.node_ids("user")[int(pairs.query[0]) - graph.offsets["user"]].as_py()
    return user, places[seen[0] - offset], places[new - offset]


@pytest.mark.parametrize(("exclude_seen", "found"), [(True, 1.0), (False, 0.5)])
def test_seen_pairs_are_no_targets_and_take_no_rank_where_the_task_says_so(
    graph: RegionGraph, monkeypatch: pytest.MonkeyPatch, *, exclude_seen: bool, found: float
) -> None:
    """The seen place scores best, the new one next; one rank counts."""
    user, seen, new = first_of(graph)
    task = TASK.model_copy(update={"exclude_seen": exclude_seen})
    rows = holdout((user, seen, True, True), (user, new, False, True))
    monkeypatch.setattr("graphrec_core.training.objectives.recall.K", 1)
    h = torch.zeros(graph.num_nodes, 1)
    (query,) = graph.indices_of("user", pa.chunked_array([[user]]))
    best, second = graph.indices_of("place", pa.chunked_array([[seen, new]]))
    h[query], h[best], h[second] = 1.0, 3.0, 2.0
    assert validation(graph, task, rows).measure(h) == found


def test_it_counts_queries_with_a_target_and_no_others(graph: RegionGraph) -> None:
    user, seen, new = first_of(graph)
    other = graph.node_ids("user")[1].as_py()
    rows = holdout(
        (user, new, False, True), (user, seen, True, True), (other, "west-p0", False, False)
    )
    assert len(validation(graph, TASK, rows)) == 1
    assert len(validation(graph, TASK, rows.slice(0, 0))) == 0


def test_nobody_is_its_own_target_and_friends_of_ones_own_type_are_ranked() -> None:
    friends = friends_graph()
    rows = holdout(("u0", "u0", False, True), ("u1", "u4", False, True))
    judged = validation(friends, FRIENDS_TASK, rows)
    assert len(judged) == 1
    h = torch.eye(5)
    h[1] = torch.tensor([0.0, 9.0, 8.0, 1.0, 2.0])  # herself first, then whom she follows
    assert judged.measure(h) == 1


def test_unknown_ids_are_left_out(graph: RegionGraph) -> None:
    user, _, new = first_of(graph)
    ids = pa.chunked_array([[user, "nobody", user]]), pa.chunked_array([[new, new, "nowhere"]])
    pairs = known_pairs(graph, *ids)
    assert len(pairs) == 1
    assert graph.node_ids("user")[int(pairs.query) - graph.offsets["user"]].as_py() == user
