"""The start node answers for query nodes without a vector of their own."""

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.axes.rows import vector_column
from graphrec_core.config.index import IndexConfig
from graphrec_core.index.ann import build_index
from graphrec_core.retrieval.from_shard import (
    ranking_table,
    recommend_from_shard,
    recommend_to_stranger,
    sources_of,
)
from graphrec_core.retrieval.shard import Shard, ShardTables
from graphrec_core.types import Region

START = [0.0, 1.0]
VECTORS = np.array([[3, 0], [2, 1], [0, 2]], dtype=np.float32)
"""Candidates a, b, c: own vectors prefer a, the start node c."""


def shard(start: list[float] | None = START) -> Shard:
    """A shard of a user with a vector who has seen a, one without, and maybe a start node."""
    vectors = {"__start__:east": start, "__start__:west": [1.0, 0.0], "new": [0, 0], "old": [1, 0]}
    vectors = {name: vector for name, vector in vectors.items() if vector is not None}
    roles = ["halo" if name.endswith("west") else "home" for name in vectors]
    tables = ShardTables(
        candidates=pa.table({"node_id": ["a", "b", "c"], "title": ["A", "B", "C"]}),
        queries=pa.table(
            {
                "node_id": list(vectors),
                "role": roles,
                "is_active": [not name.startswith("__") for name in vectors],
                "title": pa.nulls(len(vectors), pa.string()),
                "vector": vector_column(np.array(list(vectors.values()), dtype=np.float32)),
            }
        ),
        seen=pa.table({"query_id": ["old"], "candidate_id": ["a"]}),
        popular=pa.table(
            {"rank": [1, 2, 3], "candidate_id": ["b", "a", "c"], "score": [9.0, 5.0, 1.0]}
        ),
    )
    index = build_index(VECTORS, IndexConfig())
    return Shard("s", Region("east"), "20260101T000000Z", True, False, tables, index)


def answers(opened: Shard, serves: str = "model", k: int = 3) -> dict[str, list[tuple]]:
    (ranking,) = recommend_from_shard(opened, serves, opened.active_home_rows(), k)
    found: dict[str, list[tuple]] = {}
    for row in ranking_table(opened, ranking).to_pylist():
        found.setdefault(row["query_id"], []).append((row["candidate_id"], row["source"]))
    return found


def stranger(opened: Shard, serves: str = "model", k: int = 2) -> list[tuple[str, str]]:
    ranking = recommend_to_stranger(opened, serves, k)
    ids = opened.candidate_ids.take(ranking.rows[0]).to_pylist()
    return list(zip(ids, sources_of(opened, ranking)[0].tolist(), strict=True))


def test_only_query_nodes_without_a_vector_get_the_start_nodes_answer() -> None:
    assert answers(shard()) == {
        "new": [("c", "start"), ("b", "start"), ("a", "start")],
        "old": [("b", "model"), ("c", "model")],  # a was seen
    }


@pytest.mark.parametrize("start", [None, [0.0, 0.0]], ids=["none", "one without a vector"])
def test_without_a_start_node_they_get_the_popular_list(start: list[float] | None) -> None:
    popular = [("b", "popular"), ("a", "popular"), ("c", "popular")]
    assert shard(start).start_row is None
    assert answers(shard(start))["new"] == popular
    assert stranger(shard(start)) == popular[:2]


def test_a_stranger_gets_the_answer_of_the_regions_start_node() -> None:
    assert stranger(shard()) == [("c", "start"), ("b", "start")]


def test_where_the_popular_list_serves_it_serves_strangers_too() -> None:
    assert answers(shard(), "popular")["new"][0] == ("b", "popular")
    assert stranger(shard(), "popular") == [("b", "popular"), ("a", "popular")]


def test_start_nodes_are_nobody_to_recommend_to() -> None:
    opened = shard()
    ids = opened.query_ids.take(pa.array(opened.active_home_rows())).to_pylist()
    assert ids == ["new", "old"]
