"""A shard of three sources, stored and opened: whom it answers what, and who proposed it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.axes.rows import vector_column
from graphrec_core.config import StepName
from graphrec_core.config.index import IndexConfig
from graphrec_core.index.ann import build_index, to_bytes
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.identity import artifact_id
from graphrec_core.lake.records import ShardFigures, ShardSource
from graphrec_core.retrieval.from_shard import (
    RECOMMENDATIONS,
    ranking_table,
    recommend_from_shard,
    recommend_to_stranger,
    sources_of,
)
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.recommend import Ranking
from graphrec_core.retrieval.shard import Shard, ShardTables, open_shard, write_shard
from graphrec_core.retrieval.sources import IndexSource, ListSource, TableSource
from graphrec_core.types import Region
from tests.support.snapshots import AS_OF, tiny_config

VECTORS = np.array([[4, 0], [3, 0], [2, 1], [1, 0]], dtype=np.float32)
"""Candidates a, b, c, d: in this order for who has the vector (1, 0)."""
FIGURES = ShardFigures(
    num_candidates=4,
    num_queries=4,
    sources=(
        ShardSource(name="taste", kind="index", quota=3),
        ShardSource(name="walks", kind="table", quota=2),
        ShardSource(name="recent", kind="list", quota=1),
    ),
    ranker={"model": "reciprocal_rank", "offset": 60},
    recall_k=2,
    rules=(),
)
FOREIGN, HALF, NEW, OLD = range(4)


def tables(**columns: pa.Array) -> ShardTables:
    """`old` has seen a; `new` has no history, `half` a table only; `foreign` lives elsewhere."""
    queries = {
        "node_id": ["foreign", "half", "new", "old"],
        "role": ["halo", "home", "home", "home"],
        "is_active": [True, True, False, True],
        "title": pa.nulls(4, pa.string()),
    }
    return ShardTables(
        candidates=pa.table({"node_id": ["a", "b", "c", "d"], "title": ["A", "B", "C", "D"]}),
        queries=pa.table({**queries, **columns}),
        seen=pa.table({"query_id": ["old"], "candidate_id": ["a"]}),
        popular=pa.table(
            {
                "rank": [1, 2, 3, 4],
                "candidate_id": ["d", "b", "a", "c"],
                "score": [9.0, 5.0, 1.0, 0.0],
            }
        ),
    )


def committed(root: Path, write: object, figures: ShardFigures = FIGURES) -> Artifact:
    config, inputs = tiny_config(root), {"embedding": "e"}
    lake, east = Lake(config), Region("east")
    shard_id = artifact_id(StepName.SHARD, config, AS_OF, east, inputs)
    with attempt(lake.storage, lake.layout.shard(east, shard_id), shard_id) as trial:
        write(trial)
        return trial.commit(StepName.SHARD, config, AS_OF, east, inputs, figures)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    vectors = np.array([[1, 0], [0, 0], [0, 0], [1, 0]], dtype=np.float32)
    walks = TableSource.of(
        np.array([HALF, OLD, OLD, OLD, FOREIGN]),
        np.array([2, 0, 3, 1, 2]),
        np.array([7.0, 3.0, 2.0, 1.0, 5.0]),
        4,
    )
    sources = {
        "taste": IndexSource(build_index(VECTORS, IndexConfig()), vectors),
        "walks": walks,
        "recent": ListSource(np.array([2, 1, 0, 3]), np.array([8, 4, 2, 1], dtype=np.float32)),
    }
    root = tmp_path_factory.mktemp("lake")
    return committed(
        root, lambda trial: write_shard(trial, tables(), sources, ReciprocalRank(), FIGURES)
    )


@pytest.fixture(scope="module")
def shard(artifact: Artifact) -> Shard:
    return open_shard(artifact)


def items(shard: Shard, ranking: Ranking) -> list[tuple[str, list[str]]]:
    ids = shard.candidate_ids.take(ranking.rows[ranking.rows >= 0]).to_pylist()
    return list(zip(ids, sources_of(ranking).to_pylist(), strict=True))


def answer(shard: Shard, row: int, k: int = 4, **how: bool) -> list[tuple[str, list[str]]]:
    (ranking,) = recommend_from_shard(shard, "model", np.array([row]), k, **how)
    return items(shard, ranking)


def test_each_source_has_a_folder(artifact: Artifact) -> None:
    assert {name for name in artifact.manifest.files if "/" in name} == {
        "sources/taste/index.faiss",
        "sources/taste/queries.parquet",
        "sources/walks/topn.parquet",
        "sources/recent/list.parquet",
    }
    assert "vector" not in artifact.read_table("queries.parquet").column_names


def test_a_query_with_history_is_answered_by_all(shard: Shard) -> None:
    """Taste b c d, walks d b, recent c; a was seen. c: 1/62 + 1/61 ties with b: 1/61 + 1/62."""
    assert answer(shard, OLD) == [
        ("b", ["taste", "walks"]),
        ("c", ["taste", "recent"]),
        ("d", ["taste", "walks"]),
    ]


def test_what_was_seen_is_kept_where_so_asked(shard: Shard) -> None:
    """Taste a b c, walks a d, recent c."""
    assert answer(shard, OLD, include_seen=True) == [
        ("a", ["taste", "walks"]),
        ("c", ["taste", "recent"]),
        ("b", ["taste"]),
        ("d", ["walks"]),
    ]


def test_a_query_of_a_neighbour_region_is_answered_too(shard: Shard) -> None:
    """Taste a b c, walks c, recent c."""
    assert answer(shard, FOREIGN, 3) == [
        ("c", ["taste", "walks", "recent"]),
        ("a", ["taste"]),
        ("b", ["taste"]),
    ]


def test_who_has_no_history_gets_the_lists_for_all(shard: Shard) -> None:
    expected = [("c", ["recent"]), ("d", ["popular"]), ("b", ["popular"]), ("a", ["popular"])]
    assert answer(shard, NEW) == expected
    assert items(shard, recommend_to_stranger(shard, "model", 4)) == expected


def test_where_the_popular_list_serves_it_serves_strangers_too(shard: Shard) -> None:
    popular = [("d", ["popular"]), ("b", ["popular"])]
    assert items(shard, recommend_to_stranger(shard, "popular", 2)) == popular
    (ranking,) = recommend_from_shard(shard, "popular", np.array([NEW]), 2)
    assert items(shard, ranking) == popular


def test_known_is_who_has_a_vector_or_a_table(shard: Shard) -> None:
    assert shard.known_queries.tolist() == [True, True, False, True]


def test_the_table_of_many_queries_names_the_sources(shard: Shard) -> None:
    (ranking,) = recommend_from_shard(shard, "model", shard.active_home_rows(), 3)
    table = ranking_table(shard, ranking)
    assert table.schema == RECOMMENDATIONS
    found = table.select(["query_id", "rank", "candidate_id", "sources"]).to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("half", 1, "c", ["walks", "recent"]),
        ("half", 2, "d", ["popular"]),
        ("half", 3, "b", ["popular"]),
        ("old", 1, "b", ["taste", "walks"]),
        ("old", 2, "c", ["taste", "recent"]),
        ("old", 3, "d", ["taste", "walks"]),
    ]


def test_a_shard_of_an_older_version_is_one_source_without_its_start_node(tmp_path: Path) -> None:
    """It had its index at the root, vectors beside the query nodes, and a node for newcomers."""
    vectors = np.array([[0, 1], [1, 0], [0, 0], [1, 0]], dtype=np.float32)
    ids = pa.array(["__start__:east", "half", "new", "old"])
    old = tables(node_id=ids, role=pa.array(["home"] * 4), vector=vector_column(vectors))

    def write(trial: object) -> None:
        write_shard(trial, old, {}, ReciprocalRank(), FIGURES)
        trial.write("index.faiss", to_bytes(build_index(VECTORS, IndexConfig())))

    index = ShardSource(name="model", kind="index", ann_recall=1.0)
    figures = FIGURES.model_copy(update={"sources": (index,), "ranker": None})
    opened = open_shard(committed(tmp_path, write, figures))
    assert opened.query_ids.to_pylist() == ["half", "new", "old"]
    assert [one.name for one in opened.proposers] == ["model"]
    assert answer(opened, 2, 2) == [("b", ["model"]), ("c", ["model"])]
    assert answer(opened, 1, 2) == [("d", ["popular"]), ("b", ["popular"])]
    assert items(opened, recommend_to_stranger(opened, "model", 1)) == [("d", ["popular"])]
