"""Writes a snapshot's tables, one file per region, in the places of the layout."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from graphrec_core.engine import Engine, Relation
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.layout import (
    PART,
    holdout_table,
    region_folder,
    region_of_folder,
    shortened_regions,
)
from graphrec_core.lake.parquet import read_parquet
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.types import Region, View


class SnapshotFiles:
    """The files of one attempt at a snapshot.

    Args:
        engine: The engine that computes them.
        trial: The attempt that owns the files.
    """

    def __init__(self, engine: Engine, trial: Attempt) -> None:
        self._engine, self._trial = engine, trial
        self._schemas: dict[str, pa.Schema] = {}
        self._written: dict[str, list[Region]] = {}

    def write(self, table: str, rows: Relation, sort_by: Sequence[str]) -> None:
        """Writes one table, a file per region.

        Args:
            table: ``view=<view>/nodes/<ntype>``, ``view=<view>/edges/<etype>`` or
                ``holdout_table``.
            rows: Its rows, with a column ``region`` without nulls.
            sort_by: Columns that order the rows of a file.
        """
        schema = _file_schema(self._engine.arrow_schema(rows))
        self._schemas[table], self._written[table] = schema, []
        for partition in self._engine.partitions(rows, "region", sort_by):
            region = Region(str(partition.value))
            with self._trial.open_table(_name(table, region), schema) as writer:
                for batch in partition.batches:
                    writer.write(batch.cast(schema))
            self._written[table].append(region)

    def regions(self, table: str) -> Sequence[Region]:
        """Returns the regions with a row in ``table``."""
        return sorted(self._written[table])

    def view_regions(self, view: View) -> set[Region]:
        """Returns the regions with a node in a view."""
        folder = f"view={view}/nodes/"
        written = (regions for table, regions in self._written.items() if table.startswith(folder))
        return set().union(*written)

    def long_regions(self) -> list[Region]:
        """Returns the regions whose folder does not hold their whole name, sorted."""
        return sorted(shortened_regions(set().union(*self._written.values())).values())

    def read(self, table: str, region: Region, columns: Sequence[str]) -> pa.Table:
        """Reads columns of one region's file; empty where there is none."""
        if region not in self._written[table]:
            return self._schemas[table].empty_table().select(list(columns))
        with self._trial.checked.open(_name(table, region)) as handle:
            return read_parquet(handle, list(columns))

    def relation(self, table: str) -> Relation:
        """Makes a written table readable by the engine, with its column ``region``."""
        if self._written[table]:
            return self._engine.read_parquet(
                self._trial.checked.uri(table), {"region": shortened_regions(self._written[table])}
            )
        schema = self._schemas[table].append(pa.field("region", pa.string()))
        return self._engine.from_arrow(schema.empty_table())

    def take_over_view(self, view: View, artifact: Artifact, other: View) -> None:
        """Takes all tables of another snapshot's view as this one's ``view``, file by file."""
        self._take_over(f"view={view}/", artifact, f"view={other}/")

    def take_over_holdout(self, after: View, artifact: Artifact, other: View) -> None:
        """Takes another snapshot's holdout after a view as this one's, file by file."""
        self._take_over(f"{holdout_table(after)}/", artifact, f"{holdout_table(other)}/")

    def _take_over(self, folder: str, artifact: Artifact, other: str) -> None:
        """Takes the tables of another snapshot's folder as those of one of this.

        Files that its ``finish`` added are left out: this snapshot may keep other regions.
        """
        long = long_regions(artifact)
        for name, entry in artifact.manifest.files.items():
            if name.startswith(other):
                own = f"{folder}{name.removeprefix(other)}"
                table, region = own.removesuffix(f"/{PART}").rsplit("/", 1)
                if table not in self._schemas:
                    with artifact.open(name) as file:
                        self._schemas[table] = pq.read_schema(file)
                written = self._written.setdefault(table, [])
                if entry.num_rows:
                    self._trial.link_file(own, artifact, name)
                    written.append(region_of_folder(region, long))

    def finish(self, regions: Sequence[Region]) -> None:
        """Makes sure that readers of these regions find every file.

        A region without a row in a table gets an empty file. Files of other regions stay: the
        next day builds on them.
        """
        for table, written in self._written.items():
            for region in sorted(set(regions) - set(written)):
                self._trial.write_table(_name(table, region), self._schemas[table].empty_table())


def long_regions(artifact: Artifact) -> Sequence[Region]:
    """Returns the regions of a snapshot whose folder does not hold their whole name."""
    return artifact.manifest.figures(SnapshotFigures).long_regions


def _name(table: str, region: Region) -> str:
    return f"{table}/{region_folder(region)}/{PART}"


def _file_schema(schema: pa.Schema) -> pa.Schema:
    """Leaves out ``region``, which the path says, and what differs between engines' schemas."""
    return pa.schema(
        pa.field(field.name, _file_type(field.type)) for field in schema if field.name != "region"
    )


def _file_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", kind.value_type))
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC")
    return kind
