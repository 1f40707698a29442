"""Finding rejected rows again: by table, reason and id."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graphrec_core.errors import ConfigError
from graphrec_core.intake.findings import REASON
from graphrec_core.lake import Artifact, Lake, find_artifact, ran_last
from graphrec_core.lake.layout import PART
from graphrec_core.lake.records import ValidationFigures
from graphrec_core.types import ArtifactId, format_instant

ID_COLUMNS = ("node_id", "src", "dst", "event_id")


@dataclass(frozen=True)
class Wanted:
    """Which rejected rows are wanted; an empty text wants all.

    Attributes:
        table: Such as ``edges/visited``.
        reason: Part of the reason.
        node_id: A node's id, as the row's own or at one of its ends, or an event's.
    """

    table: str = ""
    reason: str = ""
    node_id: str = ""


def newest_validation(lake: Lake, as_of: datetime) -> Artifact:
    """Returns the validation of a day that ran last; corrected rows make another one.

    Raises:
        ConfigError: The day was never validated.
    """
    parent = lake.layout.validation(as_of, ArtifactId("")).rstrip("/")
    folders = [f"{parent}/{name}" for name in lake.storage.folders(parent)]
    found = [one for folder in folders if (one := find_artifact(lake.storage, folder))]
    if not found:
        raise ConfigError(
            must=f"{format_instant(as_of)} must have been validated.",
            found="no validation of this day",
            fix="Run validate-source of this day first.",
        )
    return ran_last(found)


def find_rows(validation: Artifact, wanted: Wanted) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yields the wanted rows, table by table, in batches with ``reject_reason``.

    Raises:
        ConfigError: There is no such table.
    """
    tables = sorted(validation.manifest.figures(ValidationFigures).tables)
    if wanted.table and wanted.table not in tables:
        raise ConfigError(
            must="--table must be a canonical table.",
            found=f"{wanted.table!r}; there are {', '.join(tables)}",
            fix="Name one of them, or none for all.",
        )
    for table in [wanted.table] if wanted.table else tables:
        name = f"{table}/{PART}"
        if not validation.has(name):
            continue
        with validation.open(name) as file:
            for batch in pq.ParquetFile(file).iter_batches():
                rows = batch.filter(_mask(batch, wanted))
                if rows.num_rows:
                    yield table, rows


def _mask(rows: pa.RecordBatch, wanted: Wanted) -> pa.Array:
    mask = pc.match_substring(rows[REASON], wanted.reason)
    if wanted.node_id:
        named = [
            pc.fill_null(pc.equal(rows[name], wanted.node_id), fill_value=False)
            for name in ID_COLUMNS
            if name in rows.schema.names
        ]
        is_named = named[0]
        for other in named[1:]:
            is_named = pc.or_(is_named, other)
        mask = pc.and_(mask, is_named)
    return mask
