"""validate-source: judges every row and every table; bad rows go to quarantine.

The validation's id contains a digest of the source's rows, so that the same rows give the same
decision, and corrected rows are judged again.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.engine import SparkEngine, open_engine
from graphrec_core.errors import BadRowsError, EmptyTableError
from graphrec_core.lake import Lake, Manifest, artifact_id, attempt, find_artifact
from graphrec_core.lake.layout import PART
from graphrec_core.quality import CheckedTable, check_source
from graphrec_core.quality.suites import run_suites
from graphrec_core.sources.canonical import TableName
from graphrec_core.types import Region

logger = logging.getLogger(__name__)

MAX_QUARANTINED_ROWS = 100_000
"""Rejected rows stored per table; all of them are counted."""


def run(config: PipelineConfig, as_of: datetime, region: Region) -> Manifest:
    """Validates the source.

    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT does not yield its canonical table.
        EmptyTableError: A table has no good row.
        BadRowsError: A table has more bad rows than ``source.max_bad_rows_frac``; they are in
            quarantine.
        ExpectationError: A suite failed.
    """
    lake = Lake(config)
    with open_engine(config, lake) as engine:
        checked = check_source(engine, config, lake, as_of)
        digests = _digests(engine, checked)
        inputs = {str(name): f"{row['num_rows']}:{row['digest']}" for name, row in digests.items()}
        validation_id = artifact_id(StepName.VALIDATE, config, as_of, region, inputs)
        folder = lake.layout.validation(as_of, validation_id)
        done = find_artifact(lake.storage, folder)
        if done is None:
            with attempt(lake.storage, folder, validation_id) as trial:
                tables = {}
                for name, table in checked.items():
                    rejected = engine.collect(
                        str(name), table.rejected.limit(MAX_QUARANTINED_ROWS)
                    )
                    if rejected.num_rows:
                        trial.write_table(f"{name}/{PART}", _sorted(rejected))
                    tables[str(name)] = _summary(engine, table, digests[name], rejected)
                done = trial.commit(
                    StepName.VALIDATE, config, as_of, region, inputs, {"tables": tables}
                )
        _refuse(config, lake.storage.uri(done.base), as_of, done.manifest.stats["tables"])
        docs = lake.layout.data_docs(as_of)
        run_suites(config, checked.values(), as_of, lake.storage, docs)
        logger.info("Data Docs: %s/index.html", lake.storage.uri(docs))
    return done.manifest


def _digests(
    engine: SparkEngine, checked: Mapping[TableName, CheckedTable]
) -> dict[TableName, dict[str, Any]]:
    return {
        name: engine.collect(str(name), engine.fingerprint(table.rows)).to_pylist()[0]
        for name, table in checked.items()
    }


def _sorted(rejected: pa.Table) -> pa.Table:
    """Orders rejected rows by all their plain columns, so that equal rows give equal files."""
    plain = [field.name for field in rejected.schema if not pa.types.is_nested(field.type)]
    return rejected.sort_by([(name, "ascending") for name in plain])


def _summary(
    engine: SparkEngine, table: CheckedTable, digest: Mapping[str, Any], rejected: pa.Table
) -> dict[str, Any]:
    reasons = {
        row["values"]: row["counts"]
        for row in pc.value_counts(rejected["reject_reason"]).to_pylist()
    }
    num_rejected = rejected.num_rows
    if num_rejected == MAX_QUARANTINED_ROWS:
        counted = table.rejected.groupBy("reject_reason").count()
        rows = engine.collect(str(table.name), counted).to_pylist()
        reasons = {row["reject_reason"]: row["count"] for row in rows}
        num_rejected = sum(reasons.values())
    return {
        "num_rows": digest["num_rows"],
        "num_rejected": num_rejected,
        "reasons": reasons,
        "digest": digest["digest"],
    }


def _refuse(
    config: PipelineConfig, quarantine: str, as_of: datetime, tables: Mapping[str, Any]
) -> None:
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
