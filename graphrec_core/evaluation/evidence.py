"""What the gate's rules judge: per-query metrics and counts, of one region or of all pooled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.errors import LakeError
from graphrec_core.evaluation.interval import capped_weights
from graphrec_core.evaluation.metrics import Limits, Metric, judged_metrics
from graphrec_core.evaluation.slices import slice_masks
from graphrec_core.evaluation.systems import MODEL, SOURCE_PREFIX

POOL_REGION = "pool_region"
"""Column of a pool: the number of the region that a query is from."""


@dataclass(frozen=True)
class Counted:
    """A number that was counted, not estimated.

    Attributes:
        value: The number.
        num_queries: Queries that it was counted on.
    """

    value: float
    num_queries: int


@dataclass(frozen=True)
class Sample:
    """The values of one metric on one slice; with a reference, where that was measured.

    Attributes:
        values: float64 [Q], the candidate's.
        others: float64 [Q], the reference's; None: there is no reference.
        weights: float64 [Q]; None: all equal.
        num_asked: Queries of the slice, also those without a value of the reference.
    """

    values: np.ndarray
    others: np.ndarray | None
    weights: np.ndarray | None
    num_asked: int


@dataclass(frozen=True)
class Evidence:
    """What is known of a candidate.

    Attributes:
        gate: The rules' settings.
        evaluation: Limits of the slices and of the metrics.
        queries: degree and ``<system>_<metric>`` columns, one row per query (an evaluation's
            queries.parquet, or ``pool_queries`` of several; a system that could not be measured
            is null). None: no query was asked.
        pooled: Whether the rows come from all regions.
        numbers: What was counted, by name.
        is_fitted: Whether fit-ranker made the configured ranker.
    """

    gate: GateConfig
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    queries: pa.Table | None = None
    pooled: bool = False
    numbers: Mapping[str, Counted] = field(default_factory=dict)
    is_fitted: bool = False

    @cached_property
    def slices(self) -> Mapping[str, np.ndarray]:
        """The queries of each slice, bool [Q]; none without queries."""
        if self.queries is None:
            return {}
        return slice_masks(np.asarray(self.queries["degree"]), self.evaluation)

    @cached_property
    def judged(self) -> list[Metric]:
        """The metrics that rules ask for; none without queries."""
        return [] if self.queries is None else judged_metrics()

    def has(self, system: str) -> bool:
        """Tells whether a system is one of those measured, if only as null."""
        names = [] if self.queries is None else self.queries.column_names
        return any(metric.column_of(system) in names for metric in self.judged)

    @cached_property
    def sources(self) -> list[str]:
        """The sources that were measured beside the whole, in order; a pool has all regions'."""
        if not self.judged or self.queries is None:
            return []
        ending = self.judged[0].column_of("")
        found = (name.removesuffix(ending) for name in self.queries.column_names)
        return [name for name in found if name.startswith(SOURCE_PREFIX) and self.has(name)]

    def limits(self, metric: Metric) -> Limits:
        """Returns the least and the greatest value of a query."""
        return metric.limits(self.evaluation)

    def sample(self, metric: Metric, slice_name: str, reference: str = "") -> Sample:
        """Returns one metric's values on one slice, those of a reference beside them.

        Raises:
            LakeError: A metric of the candidate is no number, or a system was never measured.
        """
        values = self._column(metric, MODEL)
        if bad := int(np.count_nonzero(~np.isfinite(values))):
            raise LakeError(
                must=f"Every query must have a number as the model's {metric.name}.",
                found=f"{bad} of {len(values)} have none",
                fix="Delete this evaluation and run evaluate-model again.",
            )
        mask = self.slices[slice_name]
        others = self._column(metric, reference) if reference else None
        known = mask if others is None else mask & ~np.isnan(others)
        return Sample(
            values=values[known],
            others=others[known] if others is not None else None,
            weights=self._weights(known),
            num_asked=int(mask.sum()),
        )

    def _weights(self, known: np.ndarray) -> np.ndarray | None:
        if self.queries is None or not self.pooled or not known.any():
            return None
        groups = np.asarray(self.queries[POOL_REGION])[known]
        return capped_weights(groups, self.gate.min_queries)

    def _column(self, metric: Metric, system: str) -> np.ndarray:
        name, table = metric.column_of(system), self.queries
        if table is None or name not in table.column_names:
            raise LakeError(
                must=f"An evaluation must have measured {system} by {metric.name}.",
                found=f"no column {name}",
                fix="Delete this evaluation and run evaluate-model again.",
            )
        return table[name].to_numpy().astype(np.float64)  # null becomes NaN


def pool_queries(tables: Sequence[pa.Table]) -> pa.Table:
    """Puts the per-query metrics of several regions together; missing systems become null."""
    numbered = [
        table.append_column(POOL_REGION, pa.array(np.full(table.num_rows, number)))
        for number, table in enumerate(tables)
    ]
    return pa.concat_tables(numbered, promote_options="default")


def without_sources(queries: pa.Table) -> pa.Table:
    """Leaves out what the sources would have done alone: no ranker is judged by them there."""
    names = [name for name in queries.column_names if name.startswith(SOURCE_PREFIX)]
    return queries.drop_columns(names)
