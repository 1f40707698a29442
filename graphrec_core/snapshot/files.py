"""Writes a snapshot's tables with the engine and gives every file its name in the layout."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from graphrec_core.engine import Relation, SparkEngine
from graphrec_core.lake import Attempt
from graphrec_core.lake.layout import PART, region_folder, region_of_folder
from graphrec_core.types import Region, View

SCRATCH = "engine"
"""Folder below the attempt that the engine writes to; nothing of it is part of the artefact."""
NO_REGION = Region("__HIVE_DEFAULT_PARTITION__")
"""What the engine calls the partition of rows without a region."""


class SnapshotFiles:
    """The files of one attempt at a snapshot.

    Args:
        engine: The engine that writes.
        trial: The attempt that owns the files.
    """

    def __init__(self, engine: SparkEngine, trial: Attempt) -> None:
        self._engine, self._trial = engine, trial
        self._empty: dict[str, pa.Table] = {}
        self._written: dict[str, dict[Region, str]] = {}

    def write(
        self, name: str, relations: Mapping[View | None, Relation], sort_by: Sequence[str]
    ) -> None:
        """Writes one table of several views (None: of no view) in one pass, a file per region.

        Args:
            name: ``nodes/<ntype>``, ``edges/<etype>`` or ``holdout``.
            relations: View -> its rows, with a column ``region``.
            sort_by: Columns that order the rows of a file.
        """
        scratch = f"{self._trial.base}/{SCRATCH}/{name}"
        rows = self._engine.union(
            [
                self._engine.project(relation, f"*, '{view or ''}' as view_name")
                for view, relation in relations.items()
            ]
        )
        self._engine.write(
            rows, self._trial.storage.uri(scratch), sort_by, partition_by=("view_name", "region")
        )
        empty = self._engine.arrow_schema(rows.drop("view_name", "region")).empty_table()
        for view in relations:
            table = f"view={view}/{name}" if view else name
            part = f"view_name={view or NO_REGION}"
            self._empty[table] = empty
            self._written[table] = self._find(f"{scratch}/{part}")

    def regions(self, table: str) -> Sequence[Region]:
        """Returns the regions with a row in ``table`` (``view=train/nodes/user``)."""
        return sorted(set(self._written[table]) - {NO_REGION})

    def read(self, table: str, region: Region, columns: Sequence[str]) -> pa.Table:
        """Reads columns of one region's file as it was written; empty where there is none."""
        path = self._written[table].get(region)
        if path is None:
            return self._empty[table].select(list(columns))
        with self._trial.storage.open(path) as handle:
            return pq.read_table(handle, columns=list(columns))

    def collect(self, regions: Sequence[Region]) -> None:
        """Gives the files of ``regions`` their names and drops the rest.

        A region without a row in a table gets an empty file, so that readers find every file.
        """
        for table, written in self._written.items():
            for region in regions:
                name = f"{table}/{region_folder(region)}/{PART}"
                if region in written:
                    self._trial.copy_table(name, written[region])
                else:
                    self._trial.write_table(name, self._empty[table])
        self._trial.storage.remove(f"{self._trial.base}/{SCRATCH}")

    def _find(self, folder: str) -> dict[Region, str]:
        """Maps region to the one file that the engine wrote for it below ``folder``."""
        found: dict[Region, str] = {}
        for path in self._trial.storage.files(folder):
            if path.endswith(".parquet"):
                found[region_of_folder(path.split("/")[-2])] = path
        return found
