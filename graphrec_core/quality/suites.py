"""One great-expectations suite per canonical table, run on its accepted rows, with Data Docs.

The row rules say which rows may be used; the suites say whether what is left is a usable table,
in a form that people read: columns, nulls, ranges, not empty.
"""

import logging
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.data_context import AbstractDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import ExpectationError
from graphrec_core.lake import Storage
from graphrec_core.quality.rules import CheckedTable
from graphrec_core.sources.canonical import COLUMNS, TableKind
from graphrec_core.types import format_instant

logger = logging.getLogger(__name__)

SITE = "graphrec"
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


@dataclass(frozen=True)
class SuiteResult:
    """What one suite found.

    Attributes:
        table: The canonical table.
        num_expectations: Expectations evaluated.
        failed: The failed ones, in words.
    """

    table: str
    num_expectations: int
    failed: tuple[str, ...]


def run_suites(
    config: PipelineConfig,
    tables: Iterable[CheckedTable],
    as_of: datetime,
    storage: Storage,
    docs_folder: str,
) -> list[SuiteResult]:
    """Runs every table's suite and writes the Data Docs into the lake.

    Args:
        config: The pipeline.
        tables: The judged tables; the suites see their accepted rows.
        as_of: The run's instant.
        storage: The lake's storage.
        docs_folder: Folder of the pages; replaced.

    Raises:
        ExpectationError: A suite failed; the pages are written before.
    """
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder))
        results = [_run_suite(context, config, table, as_of) for table in tables]
        context.build_data_docs(site_names=[SITE])
        _publish_pages(Path(folder), storage, docs_folder)
    failed = [f"{result.table}: {text}" for result in results for text in result.failed]
    if failed:
        raise ExpectationError(
            must="Every expectation on the accepted rows must hold.",
            found="; ".join(failed),
            fix=f"Open the Data Docs at {storage.uri(docs_folder)}/index.html.",
        )
    return results


def _publish_pages(pages: Path, storage: Storage, docs_folder: str) -> None:
    """Copies the pages, the index last, and then removes those of earlier runs."""
    files = [path for path in pages.rglob("*") if path.is_file()]
    names = {f"{docs_folder}/{path.relative_to(pages).as_posix()}": path for path in files}
    for name in sorted(names, key=lambda name: (name == f"{docs_folder}/index.html", name)):
        storage.write(name, names[name].read_bytes())
    for name in set(storage.files(docs_folder)) - set(names):
        storage.remove(name)


def _context(folder: Path) -> AbstractDataContext:
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    context.add_data_docs_site(
        SITE,
        {
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": store,
        },
    )
    return context


def _run_suite(
    context: AbstractDataContext, config: PipelineConfig, table: CheckedTable, as_of: datetime
) -> SuiteResult:
    name = table.name.view
    source = context.data_sources.add_or_update_spark("accepted")
    batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("rows")
    expectations = list(_expectations(config, table, as_of))
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=suite)
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name=name,
            validation_definitions=[definition],
            result_format={"result_format": "SUMMARY"},
        )
    )
    outcome = checkpoint.run(
        batch_parameters={"dataframe": table.accepted},
        run_id=gx.RunIdentifier(run_name=format_instant(as_of)),
    )
    (found,) = outcome.run_results.values()
    failed = tuple(_describe(result) for result in found.results if not result.success)
    logger.info("suite %s: %d expectations, %d failed", name, len(found.results), len(failed))
    return SuiteResult(str(table.name), len(found.results), failed)


def _expectations(
    config: PipelineConfig, table: CheckedTable, as_of: datetime
) -> Iterable[gxe.Expectation]:
    kind = table.name.kind
    yield gxe.ExpectTableRowCountToBeBetween(min_value=1)
    yield gxe.ExpectTableColumnsToMatchSet(
        column_set=[column.name for column in COLUMNS[kind]] + list(table.features),
        exact_match=True,
    )
    for column in KEY_COLUMNS[kind]:
        yield gxe.ExpectColumnValuesToNotBeNull(column=column)
    earliest, latest = config.source.earliest_time, as_of + config.time.lateness
    yield gxe.ExpectColumnValuesToBeBetween(column="known_at", max_value=latest, strict_max=True)
    yield gxe.ExpectColumnValuesToBeBetween(column=TIME_COLUMN[kind], min_value=earliest)
    if kind is TableKind.EDGES:
        yield gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0)
    if kind is TableKind.NODES:
        for column, limit in (("latitude", 90), ("longitude", 180)):
            yield gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=-limit, max_value=limit
            )


def _describe(result: Any) -> str:  # noqa: ANN401  (great-expectations does not export the type)
    expectation = result.expectation_config
    column = expectation.kwargs.get("column", "the table")
    if result.exception_info and any(
        info.get("raised_exception") for info in _infos(result.exception_info)
    ):
        messages = [info.get("exception_message") for info in _infos(result.exception_info)]
        return f"{expectation.type} on {column} could not be evaluated: {messages}"
    unexpected = result.result.get("unexpected_count", result.result.get("observed_value"))
    return f"{expectation.type} on {column} (found {unexpected})"


def _infos(info: dict[str, Any]) -> list[dict[str, Any]]:
    """Exception infos come flat or keyed by metric."""
    if "raised_exception" in info:
        return [info]
    return [value for value in info.values() if isinstance(value, dict)]
