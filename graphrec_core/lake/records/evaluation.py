"""The figures of an evaluation."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import ConfigDict, Field

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.decision import GateDecision, GateVerdict
from graphrec_core.lake.records.figures import Figures, Record
from graphrec_core.lake.records.left_out import LeftOutPairs

Means = dict[str, float | None]
"""Metric -> mean over queries; None where there was no query."""


class SliceFigures(Record):
    """One slice of the queries; beside ``num_queries`` it holds the means by system.

    Attributes:
        num_queries: Queries of the slice.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Means]

    num_queries: int

    @property
    def metrics(self) -> dict[str, Means]:
        """The means by system."""
        return self.__pydantic_extra__ or {}


class EvaluationFigures(Figures):
    """How a region's model was judged.

    Attributes:
        metrics: System -> metric -> mean over all queries.
        slices: The same by slice.
        num_queries: Queries judged.
        num_pairs: Pairs judged: targets that the queries should be shown.
        num_self: See ``LeftOutPairs``; None: not counted by the version that wrote it.
        num_seen: Likewise.
        num_missing_coverage: Likewise.
        unmeasured: Earlier releases that could not be measured, by name, and why.
        k: Cut-off of the metrics.
        depth: Ranks stored per query.
        rules: The gate's decisions on the region's own queries.
        verdict: What they come to; publish-release decides.
    """

    step: ClassVar[StepName] = StepName.EVALUATE
    shown: ClassVar[tuple[str, ...]] = ("verdict", "metrics")

    metrics: dict[str, Means]
    slices: dict[str, SliceFigures]
    num_queries: int
    num_pairs: int
    num_self: int | None = None
    num_seen: int | None = None
    num_missing_coverage: int | None = None
    unmeasured: Mapping[str, str] = Field(default_factory=dict)
    k: int
    depth: int | None = None
    rules: tuple[GateDecision, ...]
    verdict: GateVerdict | None = None

    @property
    def left_out(self) -> LeftOutPairs:
        """The pairs that are no targets, by the first reason."""
        return LeftOutPairs(self.num_self, self.num_seen, self.num_missing_coverage)
