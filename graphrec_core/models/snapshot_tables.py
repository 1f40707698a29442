"""The tables of a region's view in a snapshot, read when a scorer asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from graphrec_core.axes.rows import TASK_PAIRS
from graphrec_core.config.task import TaskConfig
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.types import Region, View


@dataclass(frozen=True)
class SnapshotTables:
    """See ``ViewTables``.

    Attributes:
        snapshot: The snapshot.
        view: The view.
        region: The region.
        task: The task.
    """

    snapshot: Artifact
    view: View
    region: Region
    task: TaskConfig

    def nodes(self, columns: Sequence[str]) -> pa.Table:
        """Returns the nodes of the candidates' type; a column that they lack is all null."""
        file = nodes_file(self.view, self.task.candidate, self.region)
        found = self.snapshot.read_table(file)
        lacking = [name for name in columns if name not in found.column_names]
        for name in lacking:
            found = found.append_column(name, pa.nulls(found.num_rows))
        return found.select(["node_id", *columns])

    def edges(self, etype: str) -> pa.Table:
        """Returns the pairs of an edge type, ``TASK_PAIRS``."""
        return self.snapshot.read_table(edges_file(self.view, etype, self.region), TASK_PAIRS)
