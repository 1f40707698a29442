"""A gate decision as it is stored, in evaluations, shards and releases."""

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from graphrec_core.lake.records.direction import Better
from graphrec_core.lake.records.figures import Record

Outcome = Literal["passed", "failed", "undecided"]
GateVerdict = Literal["passed", "refused", "undecided"]
"""What a region's decisions come to."""
ALL = "all"
"""The slice of all queries."""


class GateDecision(Record):
    """What one rule said.

    Attributes:
        rule: Name of the rule.
        slice: The slice of queries that was judged.
        metric: What was measured.
        reference: The system compared with; empty for an absolute rule.
        value: The candidate's value; None where there was nothing to measure.
        bound: An absolute rule's least value; a comparison's least difference,
            ``-tolerance_frac * reference``. The greatest, and ``+``, where smaller is better.
        difference: Candidate minus reference, mean over queries.
        interval_low: Lower end of the interval of the difference, or of an absolute rule's value.
        interval_high: Upper end; a rule fails only when the whole interval is worse than
            ``bound``.
        num_queries: Queries judged.
        num_own_queries: Those of the region itself.
        pooled: Judged on all regions together, in each of which a query counts at most as
            ``gate.min_queries / (queries of the region)``.
        outcome: passed | failed | undecided.
        better: Which way the metric is better. Stored only where that is ``smaller``.
    """

    unstored_defaults: ClassVar[frozenset[str]] = frozenset({"better"})

    rule: str
    slice: str
    metric: str
    reference: str = ""
    value: float | None = None
    bound: float | None = None
    difference: float | None = None
    interval_low: float | None = None
    interval_high: float | None = None
    num_queries: int
    num_own_queries: int
    pooled: bool
    outcome: Outcome
    better: Better = Better.GREATER

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, data: Any) -> Any:  # noqa: ANN401  (whatever is validated)
        """Completes a decision of a time when a rule only passed or failed."""
        if not isinstance(data, dict) or "outcome" in data or "passed" not in data:
            return data
        outcome = "passed" if data["passed"] else "failed"
        return {**data, "outcome": outcome, "num_own_queries": data.get("num_queries")}

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the rule is about; equal in every region."""
        return self.rule, self.slice, self.metric, self.reference

    @property
    def is_unmeasured(self) -> bool:
        """Whether there were queries, but the reference could not be measured on them."""
        return self.value is None and self.num_queries > 0

    @property
    def is_warning(self) -> bool:
        """Whether a slice was too small to tell: that is shown and holds nobody back."""
        return self.slice != ALL and self.outcome == "undecided"

    def describe(self) -> str:
        """Says in one phrase what was judged and found."""
        text = f"{self.rule}: {self.metric} of {self.slice}"
        if self.is_unmeasured:
            return f"{text} against {self.reference}, which could not be measured"
        if self.value is None:
            return f"{text} could not be measured, there is no query"
        if self.difference is None:
            must = f"must be {self.better.at_limit} {self.bound:.4g}"
            return f"{text} is {self.value:.4g}, {must}{self._where()}"
        return (
            f"{text} against {self.reference} differs by {self.difference:+.4f} "
            f"[{self.interval_low:+.4f}, {self.interval_high:+.4f}], allowed {self.bound:+.4f}"
            f"{self._where()}"
        )

    def _where(self) -> str:
        queries = f"{self.num_queries:,} {'query' if self.num_queries == 1 else 'queries'}"
        if self.pooled:
            return f" ({queries} of all regions pooled, {self.num_own_queries:,} of its own)"
        return f" ({queries})"
