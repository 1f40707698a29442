"""The gate: rules over per-query metrics, each with a decision that is stored and shown.

docs/gate.md explains each rule, its statistics and its error rates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from graphrec_core.config.judging import EvaluationConfig, GateConfig
from graphrec_core.errors import LakeError
from graphrec_core.evaluation.interval import capped_weights, mean_interval
from graphrec_core.evaluation.slices import ALL, COLD_START, LOW_DEGREE, slice_masks
from graphrec_core.ledger.past import RELEASED
from graphrec_core.ledger.release import GateVerdict

Outcome = Literal["passed", "failed", "undecided"]

MODEL = "model"
POPULARITY = "popularity"
RECENT_POPULARITY = "recent_popularity"
COVISITATION = "covisitation"
JUDGED_METRICS = ("recall", "mrr")
SLICE = "slice"
ANN_RECALL = "ann_recall"
POOL_REGION = "pool_region"
"""Column of a pool: the number of the region that a query is from."""


@dataclass(frozen=True)
class GateDecision:
    """What one rule said.

    Attributes:
        rule: floor | baseline | champion (or another earlier release) | slice | ann_recall.
        slice: The slice of queries that was judged.
        metric: What was measured.
        reference: The system compared with; empty for an absolute rule.
        value: The candidate's value; None where there was nothing to measure.
        bound: An absolute rule's least value; a comparison's least difference,
            ``-tolerance_frac * reference``.
        difference: Candidate minus reference, mean over queries.
        interval_low: Lower end of the interval of the difference, or of a floor's value.
        interval_high: Upper end; a rule fails only when this lies below ``bound``.
        num_queries: Queries judged.
        num_own_queries: Those of the region itself.
        pooled: Judged on all regions together, in each of which a query counts at most as
            ``gate.min_queries / (queries of the region)``.
        outcome: passed | failed | undecided.
    """

    rule: str
    slice: str
    metric: str
    reference: str
    value: float | None
    bound: float | None
    difference: float | None
    interval_low: float | None
    interval_high: float | None
    num_queries: int
    num_own_queries: int
    pooled: bool
    outcome: Outcome

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
        return self.rule == SLICE and self.outcome == "undecided"

    def to_json(self) -> dict[str, Any]:
        """Writes the decision as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "GateDecision":
        """Reads a stored decision, also one of a time when a rule only passed or failed."""
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        if "outcome" not in data:
            outcome = "passed" if data["passed"] else "failed"
            known |= {"outcome": outcome, "num_own_queries": data["num_queries"]}
        return cls(**known)

    def describe(self) -> str:
        """Says in one phrase what was judged and found."""
        text = f"{self.rule}: {self.metric} of {self.slice}"
        if self.is_unmeasured:
            return f"{text} against {self.reference}, which could not be measured"
        if self.value is None:
            return f"{text} could not be measured, there is no query"
        if self.difference is None:
            return f"{text} is {self.value:.4g}, must be at least {self.bound:.4g}{self._where()}"
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


def judge(
    queries: pa.Table, evaluation: EvaluationConfig, gate: GateConfig, *, pooled: bool = False
) -> list[GateDecision]:
    """Judges every rule on per-query metrics.

    Args:
        queries: degree and ``<system>_<metric>`` columns, one row per query (an evaluation's
            queries.parquet, or ``pool_queries`` of several; a system that could not be measured
            is null).
        evaluation: Limits of the slices.
        gate: The rules' settings.
        pooled: Whether the rows come from all regions.

    Returns:
        One decision per rule, in a fixed order; a slice without any query has none.

    Raises:
        LakeError: A metric of the model is no number.
    """
    masks = slice_masks(np.asarray(queries["degree"]), evaluation)
    decisions = []
    for rule, slice_name, metric, reference in _rules(queries, gate):
        mask = masks[slice_name]
        if rule == SLICE and not mask.any():
            continue
        key = rule, slice_name, metric, reference
        values = _model_column(queries, metric)[mask]
        groups = np.asarray(queries[POOL_REGION])[mask] if pooled else None
        if reference:
            others = _column(queries, reference, metric)[mask]
            decisions.append(_comparison(key, values, others, groups, gate))
        else:
            bound = gate.min_recall if metric == "recall" else gate.min_mrr
            decisions.append(_floor(key, values, bound, groups, gate))
    return decisions


def settle(own: Sequence[GateDecision], pool: Sequence[GateDecision]) -> list[GateDecision]:
    """Lets the pool decide what a region's own queries leave undecided.

    An own conclusive decision stands. A region without queries of a slice has no rule on it here.
    A reference that could not be measured stays undecided: those of other regions say nothing of
    this one's. A slice is refused on the pool only where that holds enough queries of it.
    """
    pooled = {decision.key: decision for decision in pool}
    settled = []
    for decision in own:
        other = pooled.get(decision.key)
        if (
            decision.outcome != "undecided"
            or decision.is_unmeasured
            or other is None
            or other.outcome == "undecided"
        ):
            settled.append(decision)
        else:
            settled.append(replace(other, num_own_queries=decision.num_queries))
    return settled


def pool_queries(tables: Sequence[pa.Table]) -> pa.Table:
    """Puts the per-query metrics of several regions together; missing systems become null."""
    numbered = [
        table.append_column(POOL_REGION, pa.array(np.full(table.num_rows, number)))
        for number, table in enumerate(tables)
    ]
    return pa.concat_tables(numbered, promote_options="default")


def judge_ann_recall(recall: float, num_queries: int, gate: GateConfig) -> GateDecision:
    """Judges an index's measured recall against exact search: a count, not an estimate."""
    outcome: Outcome = "passed" if recall >= gate.min_ann_recall else "failed"
    return GateDecision(
        ANN_RECALL, ALL, ANN_RECALL, "", float(recall), gate.min_ann_recall, None, None, None,
        num_queries, num_queries, pooled=False, outcome=outcome,
    )  # fmt: skip


def verdict_of(decisions: Sequence[GateDecision]) -> GateVerdict:
    """Says what the rules come to: one that failed refuses, one undecided leaves undecided."""
    outcomes = {decision.outcome for decision in decisions if not decision.is_warning}
    if "failed" in outcomes:
        return "refused"
    return "undecided" if "undecided" in outcomes else "passed"


def holding(decisions: Sequence[GateDecision]) -> tuple[GateDecision, ...]:
    """Returns the rules behind a verdict: those that failed, or else those undecided."""
    wanted = "failed" if verdict_of(decisions) == "refused" else "undecided"
    return tuple(rule for rule in decisions if rule.outcome == wanted and not rule.is_warning)


def read_decisions(stored: Sequence[dict[str, Any]]) -> tuple[GateDecision, ...]:
    """Reads stored decisions, also old ones."""
    return tuple(map(GateDecision.from_json, stored))


def _rules(queries: pa.Table, gate: GateConfig) -> Iterator[tuple[str, str, str, str]]:
    comparisons: list[tuple[str, str, str]] = [("baseline", ALL, name) for name in gate.baselines]
    comparisons += [
        (name, ALL, name) for name in RELEASED if f"{name}_recall" in queries.column_names
    ]
    comparisons += [(SLICE, COLD_START, POPULARITY), (SLICE, LOW_DEGREE, POPULARITY)]
    for metric in JUDGED_METRICS:
        yield "floor", ALL, metric, ""
    for rule, slice_name, reference in comparisons:
        for metric in JUDGED_METRICS:
            yield rule, slice_name, metric, reference


def _column(queries: pa.Table, system: str, metric: str) -> np.ndarray:
    return queries[f"{system}_{metric}"].to_numpy().astype(np.float64)  # null becomes NaN


def _model_column(queries: pa.Table, metric: str) -> np.ndarray:
    values = _column(queries, MODEL, metric)
    if bad := int(np.count_nonzero(~np.isfinite(values))):
        raise LakeError(
            must=f"Every query must have a number as the model's {metric}.",
            found=f"{bad} of {len(values)} have none",
            fix="Delete this evaluation and run evaluate-model again.",
        )
    return values


def _floor(
    key: tuple[str, str, str, str],
    values: np.ndarray,
    bound: float,
    groups: np.ndarray | None,
    gate: GateConfig,
) -> GateDecision:
    num, weights = len(values), _weights(groups, gate)
    if num == 0:
        return _nothing(key, 0, pooled=groups is not None)
    interval = mean_interval(values, (0.0, 1.0), gate.confidence, weights)
    outcome = _outcome(key, interval, bound, num, gate, pooled=groups is not None)
    return GateDecision(
        *key, float(np.average(values, weights=weights)), bound, None, *interval,
        num, num, pooled=groups is not None, outcome=outcome,
    )  # fmt: skip


def _comparison(
    key: tuple[str, str, str, str],
    values: np.ndarray,
    others: np.ndarray,
    groups: np.ndarray | None,
    gate: GateConfig,
) -> GateDecision:
    both = ~np.isnan(others)
    if not both.any():
        return _nothing(key, len(values), pooled=groups is not None)
    values, others = values[both], others[both]
    weights = _weights(groups[both] if groups is not None else None, gate)
    interval = mean_interval(values - others, (-1.0, 1.0), gate.confidence, weights)
    bound = -gate.tolerance_frac * float(np.average(others, weights=weights))
    num, pooled = len(values), groups is not None
    return GateDecision(
        *key, float(np.average(values, weights=weights)), bound,
        float(np.average(values - others, weights=weights)), *interval,
        num, num, pooled=pooled, outcome=_outcome(key, interval, bound, num, gate, pooled=pooled),
    )  # fmt: skip


def _nothing(key: tuple[str, str, str, str], num: int, *, pooled: bool) -> GateDecision:
    nothing = (None, None, None, None, None)
    return GateDecision(*key, *nothing, num, num, pooled=pooled, outcome="undecided")


def _weights(groups: np.ndarray | None, gate: GateConfig) -> np.ndarray | None:
    return None if groups is None else capped_weights(groups, gate.min_queries)


def _outcome(
    key: tuple[str, str, str, str],
    interval: tuple[float, float],
    bound: float,
    num: int,
    gate: GateConfig,
    *,
    pooled: bool,
) -> Outcome:
    low, high = interval
    is_small = num < gate.min_queries
    if high < bound:
        # Strangers' few queries refuse nobody: the slice is too small everywhere to tell.
        return "undecided" if pooled and is_small and key[0] == SLICE else "failed"
    return "undecided" if is_small and low < bound else "passed"
