"""What a region is judged on: its candidates, its holdout's queries and targets, what they saw."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.pairs import RowPairs, never_shown
from graphrec_core.axes.rows import TASK_PAIRS, id_array, rows_of, task_pairs
from graphrec_core.config.task import TaskConfig
from graphrec_core.evaluation.targets import COLUMNS, find_targets
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.lake.records import LeftOutPairs
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
        left_out: Holdout pairs that are no targets.
        pairs: The train view's pairs (see ``TASK_PAIRS``); no node is paired with itself.
    """

    query_ids: pa.Array
    candidate_ids: pa.Array
    targets: RowPairs
    seen: RowPairs
    degrees: np.ndarray
    left_out: LeftOutPairs
    pairs: pa.Table


def read_holdout(snapshot: Artifact, region: Region, task: TaskConfig) -> Holdout:
    """Reads a region's train-view candidates and pairs, and its holdout."""
    candidates = _candidate_ids(snapshot, region, task)
    edges = snapshot.read_table(edges_file(View.TRAIN, task.edge, region), TASK_PAIRS)
    pairs = task_pairs(edges, peers=task.recommends_peers)
    judged, left_out = find_targets(snapshot.read_table(holdout_file(region), COLUMNS), task)
    queries = id_array(pc.unique(judged["query_id"]).sort())
    targets = RowPairs.of(
        rows_of(judged["query_id"], queries),
        rows_of(judged["candidate_id"], candidates),
        len(queries),
    )
    src_rows = rows_of(pairs["src"], queries)
    return Holdout(
        query_ids=queries,
        candidate_ids=candidates,
        targets=targets,
        seen=never_shown(
            pairs,
            queries,
            candidates,
            peers=task.recommends_peers,
            seen=task.exclude_seen,
        ),
        degrees=np.bincount(src_rows[src_rows >= 0], minlength=len(queries)),
        left_out=left_out,
        pairs=pairs,
    )


def _candidate_ids(snapshot: Artifact, region: Region, task: TaskConfig) -> pa.Array:
    file = nodes_file(View.TRAIN, task.candidate, region)
    nodes = snapshot.read_table(file, ["node_id", "is_candidate"])
    return id_array(nodes.filter(nodes["is_candidate"])["node_id"]).sort()
