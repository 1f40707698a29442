"""What a validation finds: rejected rows and their reasons."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from graphrec_core.engine import Engine, Partition
from graphrec_core.intake.canonical import TableName
from graphrec_core.intake.rules import CheckedTable, where_of
from graphrec_core.lake import Attempt
from graphrec_core.lake.layout import PART

REASON = "reject_reason"


def digests(
    engine: Engine, checked: Mapping[TableName, CheckedTable], cutoffs: Sequence[datetime] = ()
) -> list[dict[str, dict[str, Any]]]:
    """Returns table -> columns, num_rows and order-free digest of its rows, good and bad.

    Args:
        engine: The engine that judged the tables.
        checked: The tables.
        cutoffs: Earlier cutoffs.

    Returns:
        What is known now, then what was known before each cutoff.
    """
    suffixes = ("", *(f"_{number}" for number in range(len(cutoffs))))
    found: list[dict[str, dict[str, Any]]] = [{} for _ in suffixes]
    for name, table in checked.items():
        printed = engine.fingerprint(table.known, cutoffs)
        (row,) = engine.collect(where_of(name), printed).to_pylist()
        schema = engine.schema(table.known).items()
        columns = ", ".join(f"{column} {kind}" for column, kind in schema)  # rows say no names
        for entry, suffix in zip(found, suffixes, strict=True):
            figures = {key: row[f"{key}{suffix}"] for key in ("num_rows", "digest")}
            entry[str(name)] = {"columns": columns, **figures}
    return found


def quarantine(
    engine: Engine, table: CheckedTable, digest: Mapping[str, Any], trial: Attempt
) -> dict[str, Any]:
    """Writes all rejected rows of a table, sorted by reason and row, and counts their reasons.

    Rows stream from the engine into one file, ``<table>/part-00000.parquet``, which a table
    without a rejected row does not get.

    Args:
        engine: The engine that judged the table.
        table: The table.
        digest: Its num_rows and digest.
        trial: Where the file goes.

    Returns:
        num_rows, num_rejected, reasons (reason -> rows) and the digest of all rows.
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
    return {
        "num_rows": digest["num_rows"],
        "num_rejected": sum(reasons.values()),
        "reasons": reasons,
        "digest": digest["digest"],
    }


def _with_reason(partitions: Iterator[Partition]) -> Iterator[tuple[str, pa.Table]]:
    """Gives the batches of each reason their column back."""
    for partition in partitions:
        reason = str(partition.value)
        for batch in partition.batches:
            column = pa.repeat(pa.scalar(reason, pa.string()), batch.num_rows)
            yield reason, pa.Table.from_batches([batch]).append_column(REASON, column)
