"""What a validation finds: rejected rows, their reasons, and when they are too many."""

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Partition
from graphrec_core.errors import BadRowsError, EmptyTableError
from graphrec_core.lake import Attempt
from graphrec_core.lake.layout import PART
from graphrec_core.quality.rules import CheckedTable, where_of
from graphrec_core.sources.canonical import TableName

logger = logging.getLogger(__name__)

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


def refuse_bad_tables(
    config: PipelineConfig, quarantine: str, as_of: datetime, tables: Mapping[str, Any]
) -> None:
    """Refuses a source with too many bad rows, or with a table of which none is good.

    Args:
        config: Its ``source.max_bad_rows_frac`` is the limit.
        quarantine: URI of the folder that holds the rejected rows.
        as_of: The run's instant.
        tables: Table -> summary of its Finding.

    Raises:
        BadRowsError: A table has too many bad rows.
        EmptyTableError: A table has no good row.
    """
    limit = config.source.max_bad_rows_frac
    for name, entry in tables.items():
        if entry["num_rejected"] > limit * entry["num_rows"]:
            reasons = ", ".join(f"{count} x {text}" for text, count in entry["reasons"].items())
            raise BadRowsError(
                must=f"At most {limit:.2%} of the rows of {name} may be bad "
                "(source.max_bad_rows_frac).",
                found=f"{entry['num_rejected']} of {entry['num_rows']}: {reasons}",
                fix=f"Correct the source; the bad rows are in {quarantine}/{name}.",
            )
        if entry["num_rejected"]:
            logger.warning(
                "%s: %d of %d rows are in quarantine: %s",
                name, entry["num_rejected"], entry["num_rows"], entry["reasons"],
            )  # fmt: skip
        if entry["num_rows"] == entry["num_rejected"]:
            raise EmptyTableError(
                must=f"{name} must hold at least one good row known before "
                f"{(as_of + config.time.lateness).isoformat()}.",
                found="none",
                fix=f"Check its source table, its SELECT in source.{name.replace('/', '.')}, "
                "and --as-of.",
            )


def _with_reason(partitions: Iterator[Partition]) -> Iterator[tuple[str, pa.Table]]:
    """Gives the batches of each reason their column back."""
    for partition in partitions:
        reason = str(partition.value)
        for batch in partition.batches:
            column = pa.repeat(pa.scalar(reason, pa.string()), batch.num_rows)
            yield reason, pa.Table.from_batches([batch]).append_column(REASON, column)
