"""What a validation finds: rejected rows, their reasons, and when they are too many."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine
from graphrec_core.errors import BadRowsError, EmptyTableError
from graphrec_core.quality.rules import CheckedTable, where_of
from graphrec_core.sources.canonical import TableName

logger = logging.getLogger(__name__)

MAX_QUARANTINED_ROWS = 100_000
"""Rejected rows stored per table; all of them are counted."""


@dataclass(frozen=True)
class Finding:
    """What was found in one table.

    Attributes:
        rejected: Its rejected rows with ``reject_reason``, at most MAX_QUARANTINED_ROWS, sorted.
        summary: num_rows, num_rejected, reasons (reason -> rows) and the digest of all rows.
    """

    rejected: pa.Table
    summary: dict[str, Any]


def digests(
    engine: Engine, checked: Mapping[TableName, CheckedTable]
) -> dict[TableName, dict[str, Any]]:
    """Returns num_rows and the order-free digest of every table's rows, good and bad."""
    return {
        name: engine.collect(where_of(name), engine.fingerprint(table.known)).to_pylist()[0]
        for name, table in checked.items()
    }


def inspect(engine: Engine, table: CheckedTable, digest: Mapping[str, Any]) -> Finding:
    """Collects a table's rejected rows and counts their reasons."""
    where = where_of(table.name)
    text = f"select * from rejected limit {MAX_QUARANTINED_ROWS}"
    rejected = engine.collect(where, engine.query(text, {"rejected": table.rejected}))
    counts = pc.value_counts(rejected["reject_reason"]).to_pylist()
    reasons = {row["values"]: row["counts"] for row in counts}
    if rejected.num_rows == MAX_QUARANTINED_ROWS:
        text = "select reject_reason, count(*) as num_rows from rejected group by reject_reason"
        counted = engine.collect(where, engine.query(text, {"rejected": table.rejected}))
        reasons = {row["reject_reason"]: row["num_rows"] for row in counted.to_pylist()}
    summary = {
        "num_rows": digest["num_rows"],
        "num_rejected": sum(reasons.values()),
        "reasons": reasons,
        "digest": digest["digest"],
    }
    return Finding(_sorted(rejected), summary)


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


def _sorted(rejected: pa.Table) -> pa.Table:
    """Orders rejected rows by all their plain columns, so that equal rows give equal files."""
    plain = [field.name for field in rejected.schema if not pa.types.is_nested(field.type)]
    return rejected.sort_by([(name, "ascending") for name in plain])
