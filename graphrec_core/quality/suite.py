"""Running great-expectations suites over small frames, and their pages for people (Data Docs)."""

import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.data_context import AbstractDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig

from graphrec_core.lake import Storage

logger = logging.getLogger(__name__)

SITE = "graphrec"
WORDS = "in_words"


@dataclass(frozen=True)
class Suite:
    """A frame and what must hold of it.

    Attributes:
        name: Names the suite on its page.
        rows: The frame.
        keys: Columns that name a row of it in messages; none where it has one row.
        expectations: Made by ``between`` and ``one_of``.
    """

    name: str
    rows: pd.DataFrame
    keys: tuple[str, ...]
    expectations: Sequence[gxe.Expectation]


@dataclass(frozen=True)
class Failure:
    """One row, or the whole frame, that breaks an expectation.

    Attributes:
        words: What must hold.
        found: What was found instead.
        keys: The row's values of the suite's keys.
    """

    words: str
    found: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class SuiteResult:
    """What one suite found.

    Attributes:
        name: The suite.
        num_expectations: Expectations evaluated.
        failures: What failed.
    """

    name: str
    num_expectations: int
    failures: tuple[Failure, ...]


def between(
    words: str,
    column: str,
    low: float | datetime | None = None,
    high: float | datetime | None = None,
    *,
    strictly: bool = False,
) -> gxe.Expectation:
    """Expects the values of a column, nulls aside, to lie in a range.

    Args:
        words: What that means, as a sentence; it stands on the page and in messages.
        column: The column.
        low: Least value; None: any.
        high: Greatest value; None: any.
        strictly: Whether the bounds themselves are outside.
    """
    return gxe.ExpectColumnValuesToBeBetween(
        column=column,
        min_value=low,
        max_value=high,
        strict_min=strictly,
        strict_max=strictly,
        **_told(words),
    )


def one_of(words: str, column: str, values: Sequence[str]) -> gxe.Expectation:
    """Expects the values of a column to be among ``values``."""
    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(values), **_told(words))


def run_suites(
    suites: Iterable[Suite], run_name: str, storage: Storage, docs_folder: str
) -> list[SuiteResult]:
    """Runs suites and writes their pages into the lake.

    Args:
        suites: What to run.
        run_name: Names the run on the pages.
        storage: The lake's storage.
        docs_folder: Folder of the pages; replaced.
    """
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder))
        results = [_run(context, suite, run_name) for suite in suites]
        context.build_data_docs(site_names=[SITE])
        _publish_pages(Path(folder), storage, docs_folder)
    return results


def _told(words: str) -> dict[str, Any]:
    return {"description": words, "meta": {WORDS: words}}


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


def _run(context: AbstractDataContext, suite: Suite, run_name: str) -> SuiteResult:
    name = suite.name
    source = context.data_sources.add_or_update_pandas(name)
    batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("rows")
    expectations = gx.ExpectationSuite(name=name, expectations=list(suite.expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(expectations))
    )
    wanted = {"result_format": "COMPLETE", "unexpected_index_column_names": [*suite.keys]}
    if not suite.keys:
        del wanted["unexpected_index_column_names"]
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=name, validation_definitions=[definition], result_format=wanted)
    )
    outcome = checkpoint.run(
        batch_parameters={"dataframe": suite.rows},
        run_id=gx.RunIdentifier(run_name=run_name),
    )
    (found,) = outcome.run_results.values()
    failures = tuple(
        failure
        for result in found.results
        if not result.success
        for failure in _failures(result, suite.keys)
    )
    logger.info("suite %s: %d expectations, %d failures", name, len(found.results), len(failures))
    return SuiteResult(name, len(found.results), failures)


def _failures(result: Any, keys: Sequence[str]) -> Iterable[Failure]:  # noqa: ANN401  (gx's own)
    """Yields one failure per unexpected row; one for all where it could not be evaluated."""
    expectation = result.expectation_config
    words, column = expectation.meta[WORDS], expectation.kwargs["column"]
    if messages := [info["exception_message"] for info in _raised(result.exception_info)]:
        yield Failure(words, f"{column} could not be evaluated: {messages}", {})
        return
    values = result.result["unexpected_list"]
    rows = result.result["unexpected_index_list"] if keys else [{}] * len(values)
    for value, row in zip(values, rows, strict=True):
        yield Failure(words, f"{column} = {_short(value)}", {key: str(row[key]) for key in keys})


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _raised(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Exception infos come flat or keyed by metric."""
    infos = [info] if "raised_exception" in info else info.values()
    return [one for one in infos if isinstance(one, Mapping) and one.get("raised_exception")]
