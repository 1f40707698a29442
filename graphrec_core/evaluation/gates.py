"""The gate: rules over per-query metrics, each with a decision that is stored and shown."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from graphrec_core.config.judging import EvaluationConfig, GateConfig
from graphrec_core.evaluation.bootstrap import paired_interval
from graphrec_core.evaluation.slices import ALL, COLD_START, LOW_DEGREE, slice_masks

MODEL = "model"
CHAMPION = "champion"
POPULARITY = "popularity"
RECENT_POPULARITY = "recent_popularity"
COVISITATION = "covisitation"
JUDGED_METRICS = ("recall", "mrr")

ENOUGH_QUERIES = "enough_queries"
ANN_RECALL = "ann_recall"


@dataclass(frozen=True)
class GateDecision:
    """What one rule said.

    Attributes:
        rule: enough_queries | floor | baseline | champion | slice | ann_recall.
        slice: The slice of queries that was judged.
        metric: What was measured.
        reference: The system compared with; empty for an absolute rule.
        value: The candidate's value; None where there was nothing to measure.
        bound: An absolute rule's least value; a comparison's least difference,
            ``-tolerance_frac * reference``.
        difference: Candidate minus reference, mean over queries.
        interval_low: Lower end of the difference's bootstrap interval.
        interval_high: Upper end; a comparison fails only when this lies below ``bound``.
        num_queries: Queries judged.
        pooled: Judged on all regions together.
        small: Fewer than ``gate.min_queries`` were judged.
        passed: Whether the rule holds.
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
    pooled: bool
    small: bool
    passed: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the rule is about; equal in every region."""
        return self.rule, self.slice, self.metric, self.reference

    def to_json(self) -> dict[str, Any]:
        """Writes the decision as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "GateDecision":
        """Reads a stored decision."""
        return cls(**data)

    def describe(self) -> str:
        """Says in one phrase what was judged and found."""
        text = f"{self.rule}: {self.metric} of {self.slice}"
        if self.value is None:
            return f"{text} could not be measured"
        if self.difference is None:
            return f"{text} is {self.value:.4g}, must be at least {self.bound:.4g}"
        return (
            f"{text} against {self.reference} differs by {self.difference:+.4f} "
            f"[{self.interval_low:+.4f}, {self.interval_high:+.4f}], allowed {self.bound:+.4f}"
        )


def judge(
    queries: pa.Table, evaluation: EvaluationConfig, gate: GateConfig, *, pooled: bool = False
) -> list[GateDecision]:
    """Judges every rule on per-query metrics.

    Args:
        queries: degree and ``<system>_<metric>`` columns, one row per query (an evaluation's
            queries.parquet, or several of them pooled; a system that a region lacks is null).
        evaluation: Limits of the slices.
        gate: The rules' settings.
        pooled: Whether the rows come from all regions.

    Returns:
        One decision per rule, in a fixed order; without any query only a refusal.
    """
    enough = _enough_queries(queries.num_rows, pooled=pooled)
    if not enough.passed:
        return [enough]
    masks = slice_masks(np.asarray(queries["degree"]), evaluation)
    decisions = [enough]
    for rule, slice_name, metric, reference in _rules(queries, gate):
        values = _column(queries, MODEL, metric)[masks[slice_name]]
        if not reference:
            bound = gate.min_recall if metric == "recall" else gate.min_mrr
            decision = _floor(rule, slice_name, metric, values, bound)
        else:
            others = _column(queries, reference, metric)[masks[slice_name]]
            decision = _comparison((rule, slice_name, metric, reference), values, others, gate)
        small = decision.num_queries < gate.min_queries
        decisions.append(replace(decision, pooled=pooled, small=small))
    return decisions


def settle(own: Sequence[GateDecision], pool: Sequence[GateDecision]) -> list[GateDecision]:
    """Replaces decisions on too few queries by those on all regions pooled.

    A region without any judged query is judged on the pool alone. A champion that could not be
    measured stays so: other regions' champions say nothing of this one.
    """
    if not own[0].passed:
        return list(pool)
    pooled = {decision.key: decision for decision in pool}
    return [
        pooled.get(decision.key, decision)
        if decision.small and not _is_unmeasured_champion(decision)
        else decision
        for decision in own
    ]


def pool_queries(tables: Sequence[pa.Table]) -> pa.Table:
    """Puts the per-query metrics of several regions together; missing systems become null."""
    return pa.concat_tables(tables, promote_options="default")


def judge_ann_recall(recall: float, num_queries: int, gate: GateConfig) -> GateDecision:
    """Judges an index's measured recall against exact search."""
    decision = _floor(ANN_RECALL, ALL, ANN_RECALL, np.array([recall]), gate.min_ann_recall)
    return replace(decision, num_queries=num_queries)


def passes(decisions: Sequence[GateDecision]) -> bool:
    """Tells whether every rule holds."""
    return all(decision.passed for decision in decisions)


def _is_unmeasured_champion(decision: GateDecision) -> bool:
    return decision.reference == CHAMPION and decision.value is None


def _rules(queries: pa.Table, gate: GateConfig) -> Iterator[tuple[str, str, str, str]]:
    comparisons: list[tuple[str, str, str]] = [("baseline", ALL, name) for name in gate.baselines]
    if f"{CHAMPION}_recall" in queries.column_names:
        comparisons.append(("champion", ALL, CHAMPION))
    comparisons += [("slice", COLD_START, POPULARITY), ("slice", LOW_DEGREE, POPULARITY)]
    for metric in JUDGED_METRICS:
        yield "floor", ALL, metric, ""
    for rule, slice_name, reference in comparisons:
        for metric in JUDGED_METRICS:
            yield rule, slice_name, metric, reference


def _column(queries: pa.Table, system: str, metric: str) -> np.ndarray:
    return queries[f"{system}_{metric}"].to_numpy().astype(np.float64)  # null becomes NaN


def _enough_queries(num_queries: int, *, pooled: bool) -> GateDecision:
    return GateDecision(
        ENOUGH_QUERIES, ALL, "num_queries", "", num_queries, 1, None, None, None,
        num_queries, pooled, small=False, passed=num_queries >= 1,
    )  # fmt: skip


def _floor(
    rule: str, slice_name: str, metric: str, values: np.ndarray, bound: float
) -> GateDecision:
    value = float(values.mean())
    return GateDecision(
        rule, slice_name, metric, "", value, bound, None, None, None,
        len(values), pooled=False, small=False, passed=value >= bound,
    )  # fmt: skip


def _comparison(
    key: tuple[str, str, str, str], values: np.ndarray, others: np.ndarray, gate: GateConfig
) -> GateDecision:
    both = ~np.isnan(others)
    values, others = values[both], others[both]
    if len(values) == 0:
        nothing = (None, None, None, None, None)
        return GateDecision(*key, *nothing, 0, pooled=False, small=True, passed=True)
    differences = values - others
    interval = paired_interval(differences, gate.confidence, gate.num_bootstrap, gate.seed)
    bound = -gate.tolerance_frac * float(others.mean())
    return GateDecision(
        *key, float(values.mean()), bound, float(differences.mean()), *interval,
        len(values), pooled=False, small=False, passed=interval[1] >= bound,
    )  # fmt: skip
