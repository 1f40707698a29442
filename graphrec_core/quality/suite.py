"""Running great-expectations suites over small frames."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context import AbstractDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig

logger = logging.getLogger(__name__)

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
class Outcome:
    """What one expectation found.

    Attributes:
        words: What must hold.
        column: The column that was looked at.
        success: Whether it held.
        failures: What broke it.
    """

    words: str
    column: str
    success: bool
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class SuiteResult:
    """What one suite found.

    Attributes:
        suite: The suite.
        outcomes: One per expectation, in their order.
    """

    suite: Suite
    outcomes: tuple[Outcome, ...]

    @property
    def name(self) -> str:
        """The suite's name."""
        return self.suite.name

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What broke any of the expectations."""
        return tuple(failure for outcome in self.outcomes for failure in outcome.failures)


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


def run_suites(suites: Iterable[Suite]) -> list[SuiteResult]:
    """Runs suites, in their order."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    # Each suite brings its rows; whatever is added to a context has it write its settings anew.
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("rows")
    return [_run(context, batch, suite) for suite in suites]


def _told(words: str) -> dict[str, Any]:
    return {"description": words, "meta": {WORDS: words}}


def _run(context: AbstractDataContext, batch: BatchDefinition[Any], suite: Suite) -> SuiteResult:
    name = suite.name
    expectations = gx.ExpectationSuite(name=name, expectations=list(suite.expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(expectations))
    )
    wanted: dict[str, Any] = {"result_format": "COMPLETE"}
    if suite.keys:
        wanted["unexpected_index_column_names"] = [*suite.keys]
    found = definition.run(batch_parameters={"dataframe": suite.rows}, result_format=wanted)
    outcomes = tuple(_outcome(result, suite.keys) for result in found.results)
    num_failed = sum(not outcome.success for outcome in outcomes)
    logger.info("suite %s: %d expectations, %d failed", name, len(outcomes), num_failed)
    return SuiteResult(suite, outcomes)


def _outcome(result: Any, keys: Sequence[str]) -> Outcome:  # noqa: ANN401  (gx's own)
    expectation = result.expectation_config
    failures = () if result.success else tuple(_failures(result, keys))
    words, column = expectation.meta[WORDS], expectation.kwargs["column"]
    return Outcome(words, column, bool(result.success), failures)


def _failures(result: Any, keys: Sequence[str]) -> Iterable[Failure]:  # noqa: ANN401  (gx's own)
    """Yields one failure per unexpected row; one for all where it could not be evaluated."""
    expectation = result.expectation_config
    words, column = expectation.meta[WORDS], expectation.kwargs["column"]
    if messages := [info["exception_message"] for info in _raised(result.exception_info)]:
        yield Failure(words, f"{column} could not be evaluated: {messages}", {})
        return
    # The list of values ends after 200 of them; the rows that are named by keys are all there.
    found = result.result
    rows = (
        found["unexpected_index_list"] if keys else [{column: v} for v in found["unexpected_list"]]
    )
    for row in rows:
        told = f"{column} = {_short(row[column])}"
        yield Failure(words, told, {key: str(row[key]) for key in keys})


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _raised(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Exception infos come flat or keyed by metric."""
    infos = [info] if "raised_exception" in info else info.values()
    return [one for one in infos if isinstance(one, Mapping) and one.get("raised_exception")]
