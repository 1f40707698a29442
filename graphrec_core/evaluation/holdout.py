"""What a region is judged on: its candidates, its holdout's queries and targets, what they saw."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config.task import TaskConfig
from graphrec_core.index.axis import id_array, own_pairs, rows_of, without_start
from graphrec_core.index.pairs import Pairs
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.types import Region, View


@dataclass(frozen=True)
class Holdout:
    """A region's judged queries; rows count along the two axes.

    Attributes:
        query_ids: Queries with at least one target, sorted.
        candidate_ids: Candidates of the train view, sorted.
        targets: What each query should be shown.
        seen: What each query is not shown.
        degrees: int64 [Q]; candidates each query has seen in the train view.
        num_missing_coverage: Holdout pairs whose target is no candidate.
        src: Query ids of the train view's pairs; start nodes have none here.
        dst: Candidate ids of the same pairs.
    """

    query_ids: pa.Array
    candidate_ids: pa.Array
    targets: Pairs
    seen: Pairs
    degrees: np.ndarray
    num_missing_coverage: int
    src: pa.ChunkedArray
    dst: pa.ChunkedArray


def read_holdout(snapshot: Artifact, region: Region, task: TaskConfig) -> Holdout:
    """Reads a region's train-view candidates and pairs, and its holdout."""
    candidates = _candidate_ids(snapshot, region, task)
    pairs = snapshot.read_table(edges_file(View.TRAIN, task.edge, region), ["src", "dst"])
    pairs = without_start(pairs, "src")
    rows = snapshot.read_table(
        holdout_file(region), ["query_id", "candidate_id", "is_seen", "is_candidate"]
    )
    if task.exclude_seen:
        rows = rows.filter(pc.invert(rows["is_seen"]))
    judged = rows.filter(rows["is_candidate"])
    queries = id_array(pc.unique(judged["query_id"]).sort())
    targets = Pairs.of(
        rows_of(judged["query_id"], queries),
        rows_of(judged["candidate_id"], candidates),
        len(queries),
    )
    src_rows = rows_of(pairs["src"], queries)
    return Holdout(
        query_ids=queries,
        candidate_ids=candidates,
        targets=targets,
        seen=_left_out(src_rows, pairs, queries, candidates, task),
        degrees=np.bincount(src_rows[src_rows >= 0], minlength=len(queries)),
        num_missing_coverage=rows.num_rows - judged.num_rows,
        src=pairs["src"],
        dst=pairs["dst"],
    )


def _candidate_ids(snapshot: Artifact, region: Region, task: TaskConfig) -> pa.Array:
    file = nodes_file(View.TRAIN, task.candidate, region)
    nodes = snapshot.read_table(file, ["node_id", "is_candidate"])
    return id_array(nodes.filter(nodes["is_candidate"])["node_id"]).sort()


def _left_out(
    src_rows: np.ndarray,
    pairs: pa.Table,
    queries: pa.Array,
    candidates: pa.Array,
    task: TaskConfig,
) -> Pairs:
    left, right = own_pairs(queries, candidates, peers=task.query == task.candidate)
    if task.exclude_seen:
        left = np.concatenate([left, src_rows])
        right = np.concatenate([right, rows_of(pairs["dst"], candidates)])
    return Pairs.of(left, right, len(queries))
