"""Which pairs of a holdout are targets; the others are counted apart, by the first reason."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config.task import TaskConfig

COLUMNS = ["query_id", "candidate_id", "is_seen", "is_candidate"]
"""What ``find_targets`` reads of a holdout's file."""


@dataclass(frozen=True)
class LeftOutPairs:
    """Pairs that no system may or can answer; each is counted once, by the first that holds.

    Attributes:
        num_self: A node paired with itself; it is never recommended to itself.
        num_seen: With ``task.exclude_seen``, pairs that the train view has already.
        num_missing_coverage: Pairs whose target is no candidate of the region.
    """

    num_self: int | None
    num_seen: int | None
    num_missing_coverage: int | None

    @classmethod
    def of(cls, stats: Mapping[str, Any]) -> Self:
        """Reads the counts from a manifest; None for what an older version did not count."""
        return cls(**{part.name: stats.get(part.name) for part in fields(cls)})

    def to_json(self) -> dict[str, int | None]:
        """Returns the counts by name."""
        return asdict(self)


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
