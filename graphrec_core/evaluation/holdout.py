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
from graphrec_core.models.scorer import ViewTables
from graphrec_core.models.snapshot_tables import SnapshotTables
from graphrec_core.types import Region, View


@dataclass(frozen=True)
class Holdout:
    """A region's judged queries; rows count along the two axes.

    Attributes:
        query_ids: Queries with at least one target, sorted.
        candidate_ids: Candidates of the view before it, sorted.
        targets: What each query should be shown.
        seen: What each query is not shown.
        degrees: int64 [Q]; candidates each query has seen in that view.
        left_out: Holdout pairs that are no targets.
        pairs: That view's pairs (see ``TASK_PAIRS``); no node is paired with itself.
        tables: What else that view holds; None where it is of no snapshot.
    """

    query_ids: pa.Array
    candidate_ids: pa.Array
    targets: RowPairs
    seen: RowPairs
    degrees: np.ndarray
    left_out: LeftOutPairs
    pairs: pa.Table
    tables: ViewTables | None = None


def read_holdout(
    snapshot: Artifact, region: Region, task: TaskConfig, view: View = View.TRAIN
) -> Holdout:
    """Reads a region's holdout after a view, and that view's candidates and pairs.

    Args:
        snapshot: The day's snapshot.
        region: The region.
        task: The task.
        view: The train view before the holdout, or the fit view before the fit holdout.
    """
    candidates = _candidate_ids(snapshot, region, task, view)
    edges = snapshot.read_table(edges_file(view, task.edge, region), TASK_PAIRS)
    pairs = task_pairs(edges, peers=task.recommends_peers)
    judged, left_out = find_targets(snapshot.read_table(holdout_file(region, view), COLUMNS), task)
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
        tables=SnapshotTables(snapshot, view, region, task),
    )


def _candidate_ids(snapshot: Artifact, region: Region, task: TaskConfig, view: View) -> pa.Array:
    file = nodes_file(view, task.candidate, region)
    nodes = snapshot.read_table(file, ["node_id", "is_candidate"])
    return id_array(nodes.filter(nodes["is_candidate"])["node_id"]).sort()
