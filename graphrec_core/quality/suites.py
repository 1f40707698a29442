"""One suite per canonical table, run on the profile of its accepted rows, with Data Docs.

The row rules say which rows may be used; the suites say whether what is left is a usable table,
in a form that people read: columns, nulls, ranges, not empty.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import great_expectations.expectations as gxe

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine
from graphrec_core.errors import ExpectationError
from graphrec_core.intake.canonical import COLUMNS, TableKind
from graphrec_core.intake.rules import CheckedTable
from graphrec_core.lake import Storage
from graphrec_core.lake.records import TableFigures
from graphrec_core.quality.data_docs import write_data_docs
from graphrec_core.quality.profile import profile
from graphrec_core.quality.suite import Suite, SuiteResult, between, one_of, run_suites

KEY_COLUMNS = {
    TableKind.NODES: ("node_id", "valid_from"),
    TableKind.EDGES: ("src", "dst", "event_time"),
    TableKind.FEATURES: ("node_id", "effective_at"),
}
TIME_COLUMN = {
    TableKind.NODES: "valid_from",
    TableKind.EDGES: "event_time",
    TableKind.FEATURES: "effective_at",
}


def check_tables(
    engine: Engine,
    config: PipelineConfig,
    tables: Iterable[CheckedTable],
    summaries: Mapping[str, TableFigures],
    as_of: datetime,
    storage: Storage,
    docs_folder: str,
) -> list[SuiteResult]:
    """Profiles every table, runs its suite and writes the Data Docs into the lake.

    Args:
        engine: The engine that judged the tables.
        config: The pipeline.
        tables: The judged tables; the suites see their accepted rows.
        summaries: Table -> how its rows were judged.
        as_of: The run's instant.
        storage: The lake's storage.
        docs_folder: Folder of the pages; replaced.

    Raises:
        ExpectationError: A suite failed; the pages are written before.
    """
    known = {table.name.view: table for table in tables}
    suites = (
        Suite(
            name,
            profile(engine, table, summaries[str(table.name)]),
            (),
            list(_expectations(config, table, as_of)),
        )
        for name, table in known.items()
    )
    results = run_suites(suites)
    write_data_docs(
        results, f"{config.pipeline}: the source's tables", as_of, storage, docs_folder
    )
    failed = [
        f"{known[result.name].name}: {failure.words} Found: {failure.found}"
        for result in results
        for failure in result.failures
    ]
    if failed:
        raise ExpectationError(
            must="Every expectation on the accepted rows must hold.",
            found="; ".join(failed),
            fix=f"Open the Data Docs at {storage.uri(docs_folder)}/index.html.",
        )
    return results


def _expectations(
    config: PipelineConfig, table: CheckedTable, as_of: datetime
) -> Iterable[gxe.Expectation]:
    kind, limit = table.name.kind, config.source.max_bad_rows_frac
    names = [column.name for column in COLUMNS[kind]] + list(table.features)
    yield between("The table has at least one good row.", "num_rows", 1)
    expected = ", ".join(sorted(names))
    yield one_of("The table has its canonical columns and its features.", "columns", [expected])
    yield between(f"At most {limit:.2%} of the rows were rejected.", "rejected_frac", 0, limit)
    for column in KEY_COLUMNS[kind]:
        yield between(f"No row lacks its {column}.", f"num_rows_without_{column}", 0, 0)
    earliest, latest = config.source.earliest_time, as_of + config.time.lateness
    yield between(
        f"Every row was known before {latest.isoformat()}.",
        "latest_known_at",
        high=latest,
        strictly=True,
    )
    yield between(
        f"No {TIME_COLUMN[kind]} is before {earliest.isoformat()}.",
        f"earliest_{TIME_COLUMN[kind]}",
        earliest,
    )
    if kind is TableKind.EDGES:
        yield between("No weight is negative.", "least_weight", 0)
    if kind is TableKind.NODES:
        yield from _coordinates()


def _coordinates() -> Iterable[gxe.Expectation]:
    for column, limit in (("latitude", 90), ("longitude", 180)):
        yield between(f"No {column} is below -{limit}.", f"least_{column}", -limit)
        yield between(f"No {column} is above {limit}.", f"greatest_{column}", high=limit)
