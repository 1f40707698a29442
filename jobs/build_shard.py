"""Builds a region's self-contained shard from the serve view and measures its index."""

import logging
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import EmptyTableError
from graphrec_core.evaluation.gates import GateDecision, judge_ann_recall
from graphrec_core.index.ann import (
    build_index,
    choose_factory,
    recall_against_exact,
    require_finite,
    search_of,
    use_threads,
)
from graphrec_core.index.axis import id_array, rows_of, vector_column, vectors_along
from graphrec_core.index.shard import ShardTables, write_shard
from graphrec_core.lake import (
    Artifact,
    Chain,
    Lake,
    Manifest,
    attempt,
    find_artifact,
    open_artifact,
)
from graphrec_core.lake.layout import edges_file, nodes_file, vectors_file
from graphrec_core.models.popularity import Popularity
from graphrec_core.models.scorer import interactions_of
from graphrec_core.types import Region, Role, View

logger = logging.getLogger(__name__)

QUERY_COLUMNS = ["node_id", "role", "is_active", "label"]
CANDIDATE_COLUMNS = ["node_id", "label", "num_events", "last_event_time"]


def run(config: PipelineConfig, as_of: datetime, region: Region) -> Manifest:
    """Builds, measures and stores; a recall below the floor is a result, not an error.

    Raises:
        EmptyTableError: The region has no candidate in the serve view.
        LakeError: An earlier step's artefact is missing, or a vector is not finite.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    shard_id, inputs = chain.shard_id(region), chain.shard_inputs(region)
    folder = lake.layout.shard(region, shard_id)
    if (done := find_artifact(lake.storage, folder)) is not None:
        logger.info("shard %s of %s is already there", shard_id, region)
        return done.manifest
    use_threads(config.training.num_threads)
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(as_of, chain.snapshot_id()))
    embedding = open_artifact(
        lake.storage, lake.layout.embedding(chain.embedding_id(region, View.SERVE))
    )
    with attempt(lake.storage, folder, shard_id) as trial:
        tables, query_vectors = _tables(config, snapshot, embedding, region)
        vectors = _vectors(embedding, config.task.candidate, region, tables.candidates)
        index = build_index(vectors, config.index)
        measured = _sample(tables, query_vectors, config.index.num_recall_queries)
        # Without a query that has a vector, the candidates themselves are the queries.
        measured = measured if len(measured) else vectors[: config.index.num_recall_queries]
        recall = recall_against_exact(search_of(index), measured, vectors, config.index.recall_k)
        decision = judge_ann_recall(recall, len(measured), config.gate)
        stats = _stats(config, tables, decision)
        write_shard(trial, index, tables, stats)
        logger.info("shard of %s: ann_recall %.3f", region, recall)
        return trial.commit(StepName.SHARD, config, as_of, region, inputs, stats).manifest


def _tables(
    config: PipelineConfig, snapshot: Artifact, embedding: Artifact, region: Region
) -> tuple[ShardTables, np.ndarray]:
    task = config.task
    nodes = snapshot.read_table(nodes_file(View.SERVE, task.candidate, region))
    candidates = nodes.filter(nodes["is_candidate"]).select(CANDIDATE_COLUMNS).sort_by("node_id")
    if candidates.num_rows == 0:
        raise EmptyTableError(
            must=f"Region {region} must have a {task.candidate} that can be recommended.",
            found=f"{nodes.num_rows} nodes, none active within {config.time.active_days} days",
            fix="Widen time.active_days, or check that the source's events arrive.",
        )
    people = snapshot.read_table(nodes_file(View.SERVE, task.query, region))
    people = people.filter(pc.not_equal(people["role"], str(Role.MEMBER)))
    queries = people.select(QUERY_COLUMNS).sort_by("node_id")
    vectors = _vectors(embedding, task.query, region, queries)
    queries = queries.append_column("vector", vector_column(vectors))
    pairs = snapshot.read_table(edges_file(View.SERVE, task.edge, region), ["src", "dst"])
    seen = _seen(pairs, queries, candidates)
    return ShardTables(candidates, queries, seen, _popular(pairs, queries, candidates)), vectors


def _vectors(embedding: Artifact, ntype: str, region: Region, nodes: pa.Table) -> np.ndarray:
    table = embedding.read_table(vectors_file(View.SERVE, region, ntype))
    vectors = vectors_along(table, id_array(nodes["node_id"]))
    require_finite(vectors, ntype)
    return vectors


def _seen(pairs: pa.Table, queries: pa.Table, candidates: pa.Table) -> pa.Table:
    known = rows_of(pairs["src"], id_array(queries["node_id"])) >= 0
    known &= rows_of(pairs["dst"], id_array(candidates["node_id"])) >= 0
    seen = pairs.filter(pa.array(known)).rename_columns(["query_id", "candidate_id"])
    seen = seen.group_by(["query_id", "candidate_id"]).aggregate([])
    return seen.sort_by([("query_id", "ascending"), ("candidate_id", "ascending")])


def _popular(pairs: pa.Table, queries: pa.Table, candidates: pa.Table) -> pa.Table:
    axes = id_array(queries["node_id"]), id_array(candidates["node_id"])
    popularity = Popularity()
    popularity.fit(interactions_of(pairs["src"], pairs["dst"], *axes))
    rows, scores = popularity.ranked()
    ranks = pa.array(np.arange(1, len(rows) + 1), pa.int32())
    ids = axes[1].take(pa.array(rows))
    return pa.table({"rank": ranks, "candidate_id": ids, "score": pa.array(scores, pa.float32())})


def _sample(tables: ShardTables, vectors: np.ndarray, num: int) -> np.ndarray:
    home = np.asarray(pc.equal(tables.queries["role"], str(Role.HOME)))
    rows = np.flatnonzero(home & vectors.any(axis=1))
    evenly = np.linspace(0, max(len(rows) - 1, 0), min(num, len(rows))).astype(np.int64)
    return vectors[rows[evenly]]


def _stats(
    config: PipelineConfig, tables: ShardTables, decision: GateDecision
) -> dict[str, object]:
    return {
        "num_candidates": tables.candidates.num_rows,
        "num_queries": tables.queries.num_rows,
        "factory": choose_factory(config.index.factory, tables.candidates.num_rows),
        "ann_recall": decision.value,
        "recall_k": config.index.recall_k,
        "rules": [decision.to_json()],
        "passed": decision.passed,
    }
