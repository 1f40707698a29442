"""The tables of a shard, read from one view: the serve view, for what people get."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.rows import (
    TASK_PAIRS,
    id_array,
    rows_of,
    task_pairs,
)
from graphrec_core.config import PipelineConfig
from graphrec_core.errors import EmptyTableError
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.types import Region, Role, View

QUERY_COLUMNS = ["node_id", "role", "is_active", "title"]
CANDIDATE_COLUMNS = ["node_id", "title", "num_events", "last_event_time"]


@dataclass(frozen=True)
class ShardView:
    """A region's view, laid out for a shard.

    Attributes:
        view: Which view.
        candidates: node_id, title, num_events, last_event_time; sorted by node_id.
        queries: node_id, role, is_active, title; home and halo, sorted by node_id.
        pairs: All pairs of the task's edge type (see ``TASK_PAIRS``) but those of nodes with
            themselves.
    """

    view: View
    candidates: pa.Table
    queries: pa.Table
    pairs: pa.Table

    @cached_property
    def candidate_ids(self) -> pa.Array:
        """Ids of the candidates, in row order."""
        return id_array(self.candidates["node_id"])

    @cached_property
    def query_ids(self) -> pa.Array:
        """Ids of the query nodes, in row order."""
        return id_array(self.queries["node_id"])

    def seen(self) -> pa.Table:
        """Returns the pairs of both axes, each once: query_id, candidate_id, sorted."""
        known = rows_of(self.pairs["src"], self.query_ids) >= 0
        known &= rows_of(self.pairs["dst"], self.candidate_ids) >= 0
        seen = self.pairs.filter(pa.array(known)).select(["src", "dst"])
        seen = seen.rename_columns(["query_id", "candidate_id"])
        seen = seen.group_by(["query_id", "candidate_id"]).aggregate([])
        return seen.sort_by([("query_id", "ascending"), ("candidate_id", "ascending")])

    def home_rows(self) -> np.ndarray:
        """Rows of the query nodes at home here, int64."""
        return np.flatnonzero(np.asarray(pc.equal(self.queries["role"], str(Role.HOME))))


def read_shard_view(
    config: PipelineConfig, snapshot: Artifact, region: Region, view: View
) -> ShardView:
    """Reads a region's view.

    Raises:
        EmptyTableError: The region has no candidate.
        LakeError: A file is missing.
    """
    task = config.task
    nodes = snapshot.read_table(nodes_file(view, task.candidate, region))
    candidates = nodes.filter(nodes["is_candidate"]).select(CANDIDATE_COLUMNS).sort_by("node_id")
    if candidates.num_rows == 0:
        raise EmptyTableError(
            must=f"Region {region} must have a {task.candidate} that can be recommended.",
            found=f"{nodes.num_rows} nodes, none active within {config.time.active_days} days",
            fix="Widen time.active_days, or check that the source's events arrive.",
        )
    people = snapshot.read_table(nodes_file(view, task.query, region))
    people = people.filter(pc.not_equal(people["role"], str(Role.MEMBER)))
    queries = people.select(QUERY_COLUMNS).sort_by("node_id")
    edges = snapshot.read_table(edges_file(view, task.edge, region), TASK_PAIRS)
    return ShardView(
        view=view,
        candidates=candidates,
        queries=queries,
        pairs=task_pairs(edges, peers=task.recommends_peers),
    )
