"""What a validation finds: rejected rows and their reasons."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from graphrec_core.engine import Engine, Partition
from graphrec_core.intake.canonical import TableName
from graphrec_core.intake.rules import CheckedTable, where_of
from graphrec_core.lake import Attempt
from graphrec_core.lake.layout import PART
from graphrec_core.lake.records import TableDigest, TableFigures

REASON = "reject_reason"


def digests(
    engine: Engine, checked: Mapping[TableName, CheckedTable], cutoffs: Sequence[datetime] = ()
) -> list[dict[str, TableDigest]]:
    """Returns table -> columns, num_rows and order-free digest of its rows, good and bad.

    Args:
        engine: The engine that judged the tables.
        checked: The tables.
        cutoffs: Earlier cutoffs.

    Returns:
        What is known now, then what was known before each cutoff.
    """
    suffixes = ("", *(f"_{number}" for number in range(len(cutoffs))))
    found: list[dict[str, TableDigest]] = [{} for _ in suffixes]
    for name, table in checked.items():
        printed = engine.fingerprint(table.known, cutoffs)
        (row,) = engine.collect(where_of(name), printed).to_pylist()
        schema = engine.schema(table.known).items()
        columns = ", ".join(f"{column} {kind}" for column, kind in schema)  # rows say no names
        for entry, suffix in zip(found, suffixes, strict=True):
            num_rows, digest = row[f"num_rows{suffix}"], row[f"digest{suffix}"]
            entry[str(name)] = TableDigest(digest=digest, num_rows=num_rows, columns=columns)
    return found


def quarantine(
    engine: Engine, table: CheckedTable, digest: TableDigest, trial: Attempt
) -> TableFigures:
    """Writes all rejected rows of a table, sorted by reason and row, and counts their reasons.

    Rows stream from the engine into one file, ``<table>/part-00000.parquet``, which a table
    without a rejected row does not get.

    Args:
        engine: The engine that judged the table.
        table: The table.
        digest: Its rows, good and bad.
        trial: Where the file goes.

    """
    schema = engine.arrow_schema(table.rejected)
    names = [name for name in schema.names if name != REASON]
    partitions = engine.partitions(table.rejected, REASON, names)
    reasons: dict[str, int] = {}
    if (first := next(partitions, None)) is not None:
        with trial.open_table(f"{table.name}/{PART}", schema) as writer:
            for reason, rows in _with_reason(itertools.chain([first], partitions)):
                writer.write(rows.select(schema.names))
                reasons[reason] = reasons.get(reason, 0) + rows.num_rows
    return TableFigures(
        num_rows=digest.num_rows or 0,
        num_rejected=sum(reasons.values()),
        reasons=reasons,
        digest=digest.digest,
    )


def _with_reason(partitions: Iterator[Partition]) -> Iterator[tuple[str, pa.Table]]:
    """Gives the batches of each reason their column back."""
    for partition in partitions:
        reason = str(partition.value)
        for batch in partition.batches:
            column = pa.repeat(pa.scalar(reason, pa.string()), batch.num_rows)
            yield reason, pa.Table.from_batches([batch]).append_column(REASON, column)
