"""A rule of a newcomer: its class and its entry, nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.evaluation import rules
from graphrec_core.evaluation.evidence import Counted, Evidence, pool_queries
from graphrec_core.evaluation.metrics import METRICS, judged_metrics
from graphrec_core.evaluation.rules import RULES, NotWorse, Rule, judge
from graphrec_core.evaluation.settling import holding, settle, verdict_of
from graphrec_core.evaluation.slices import COLD_START
from graphrec_core.lake.records import ALL, GateDecision

EVALUATION, GATE = EvaluationConfig(), GateConfig(baselines=())


class ColdCovisitation(NotWorse):
    """Not worse than co-visitation where a query has a short history."""

    name = "cold_covisitation"

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        for metric in evidence.judged:
            yield cls(metric, "covisitation", COLD_START)


@dataclass(frozen=True)
class Coverage(Rule):
    """Enough candidates are shown to somebody."""

    name = "coverage"
    least: float = 0.3

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        if cls.name in evidence.numbers:
            yield cls()

    def judge(self, evidence: Evidence) -> GateDecision:
        found = evidence.numbers[self.name]
        return GateDecision(
            rule=self.name,
            slice=ALL,
            metric=self.name,
            value=found.value,
            bound=self.least,
            num_queries=found.num_queries,
            num_own_queries=found.num_queries,
            pooled=False,
            outcome="passed" if found.value >= self.least else "failed",
        )


@pytest.fixture(autouse=True)
def newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RULES", (*RULES, ColdCovisitation, Coverage))


def queries(num: int, **means: float) -> pa.Table:
    columns = {"degree": np.full(num, 1)}
    for system in ("model", "popularity", "covisitation"):
        for metric in judged_metrics():
            columns[metric.column_of(system)] = np.full(num, means.get(system, 0.2))
    return pa.table(columns)


def test_a_new_comparison_judges_settles_and_warns_like_the_others() -> None:
    worse = judge(Evidence(GATE, EVALUATION, queries(2000, covisitation=0.4)))
    assert verdict_of(worse) == "refused"
    assert {rule.rule for rule in holding(worse)} == {"cold_covisitation"}
    few = judge(Evidence(GATE, EVALUATION, queries(5, covisitation=0.4)))
    own = [rule for rule in few if rule.rule == "cold_covisitation"]
    assert [rule.is_warning for rule in own] == [True, True]
    table = pool_queries([queries(5, covisitation=0.4), *[queries(900, covisitation=0.4)] * 9])
    pool = judge(Evidence(GATE, EVALUATION, table, pooled=True))
    assert {rule.rule for rule in holding(settle(few, pool))} == {"cold_covisitation"}


def test_a_new_count_judges_where_it_was_counted() -> None:
    for value, outcome in ((0.3, "passed"), (0.29, "failed")):
        (decision,) = judge(Evidence(GATE, numbers={"coverage": Counted(value, 7)}))
        assert (decision.rule, decision.outcome) == ("coverage", outcome)
        assert GateDecision.model_validate(decision.to_json()) == decision
    assert judge(Evidence(GATE)) == []


def test_names_are_unique() -> None:
    """A decision is found again in the pool by its rule's name, and a column by its metric's."""
    names = [kind.name for kind in RULES]
    assert len(names) == len(set(names))
    columns = [metric.column_of("") for metric in METRICS.values()]
    assert len(columns) == len(set(columns))
