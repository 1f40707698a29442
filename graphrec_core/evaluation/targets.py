"""Which pairs of a holdout are targets; the others are counted apart, by the first reason."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config.task import TaskConfig
from graphrec_core.lake.records import LeftOutPairs

COLUMNS = ["query_id", "candidate_id", "is_seen", "is_candidate"]
"""What ``find_targets`` reads of a holdout's file."""


def find_targets(rows: pa.Table, task: TaskConfig) -> tuple[pa.Table, LeftOutPairs]:
    """Keeps the pairs of a holdout that a recommender can be asked for.

    Args:
        rows: Holds ``COLUMNS``.
        task: Says what is left out.

    Returns:
        The rows that are targets, and how many are not.
    """
    is_self = np.zeros(rows.num_rows, dtype=bool)
    if task.recommends_peers:
        is_self = np.asarray(pc.equal(rows["query_id"], rows["candidate_id"]))
    is_seen = ~is_self & np.asarray(rows["is_seen"]) & task.exclude_seen
    is_missing = ~is_self & ~is_seen & ~np.asarray(rows["is_candidate"])
    left_out = LeftOutPairs(int(is_self.sum()), int(is_seen.sum()), int(is_missing.sum()))
    return rows.filter(pa.array(~(is_self | is_seen | is_missing))), left_out
