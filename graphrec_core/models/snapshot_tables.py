"""The tables of a region's view in a snapshot, read when a scorer asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from graphrec_core.axes.rows import ENDS, TASK_PAIRS, task_pairs
from graphrec_core.config.task import TaskConfig
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import SnapshotFigures
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
        """Returns the nodes of the candidates' type.

        Raises:
            ConfigError: They lack a column.
        """
        file = nodes_file(self.view, self.task.candidate, self.region)
        found = self.snapshot.read_table(file)
        for name in columns:
            if name not in found.column_names:
                raise ConfigError(
                    must=f"The SELECT of source.nodes.{self.task.candidate} must yield {name}, "
                    "which a source of the recommender reads.",
                    found=", ".join(found.column_names),
                    fix="Add the column to the SELECT, or name another in the source.",
                )
        return found.select(["node_id", *columns])

    def edges(self, etype: str) -> pa.Table:
        """Returns the pairs of an edge type, ``TASK_PAIRS``."""
        return self.snapshot.read_table(edges_file(self.view, etype, self.region), TASK_PAIRS)

    def pairs_of_all_regions(self) -> pa.Table:
        """Returns the task's pairs of every region of the snapshot, each once, ``TASK_PAIRS``."""
        files = [
            edges_file(self.view, self.task.edge, region)
            for region in sorted(self.snapshot.manifest.figures(SnapshotFigures).regions)
        ]
        there = [file for file in files if self.snapshot.has(file)]
        parts = [self.snapshot.read_table(file, TASK_PAIRS) for file in there]
        every = task_pairs(pa.concat_tables(parts), peers=self.task.recommends_peers)
        # A pair across a border stands in both regions, and is the same in both.
        values = [name for name in TASK_PAIRS if name not in ENDS]
        grouped = every.group_by(ENDS, use_threads=False)  # in the order of appearance
        once = grouped.aggregate([(name, "min") for name in values])
        return once.rename_columns([*ENDS, *values]).select(TASK_PAIRS)
