"""A metric of which less is better: measured and judged by its entry in the registry alone."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.errors import LakeError
from graphrec_core.evaluation.evidence import Evidence, pool_queries
from graphrec_core.evaluation.measure import Measured
from graphrec_core.evaluation.metrics import METRICS, Answers, Metric
from graphrec_core.evaluation.rules import Floor, NotWorse, judge
from graphrec_core.evaluation.settling import settle, verdict_of
from graphrec_core.lake.records import Better, GateDecision
from tests.support.mean_rank import CEILING, MEAN_RANK, first_rank, mean_rank

__all__ = ["mean_rank"]
EVALUATION, GATE = EvaluationConfig(), GateConfig()
SYSTEMS = ("model", *GATE.baselines)


def queries(num: int = 200, degree: int = 50, **ranks: float) -> pa.Table:
    """Recall and MRR of .2 everywhere; a mean rank per system, 20 where none is given."""
    columns = {"degree": np.full(num, degree)}
    for system in dict.fromkeys((*SYSTEMS, *ranks)):
        columns |= {f"{system}_{metric}": np.full(num, 0.2) for metric in ("recall", "mrr")}
        columns[f"{system}_mean_rank"] = np.full(num, ranks.get(system, 20.0))
    return pa.table(columns)


def judged(table: pa.Table, gate: GateConfig = GATE) -> list[GateDecision]:
    """The decisions on the mean rank."""
    decisions = judge(Evidence(gate, EVALUATION, table))
    return [one for one in decisions if one.metric == "mean_rank"]


def test_ranks_by_hand() -> None:
    hits = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)
    assert first_rank(Answers(hits, np.ones(3, int), k=2, depth=100)).tolist() == [2, 101, 1]


def test_every_rule_asks_for_it(mean_rank: Metric) -> None:
    found = judged(queries(degree=2, champion=20))
    assert [(one.rule, one.slice, one.reference) for one in found] == [
        ("floor", "all", ""),
        *(("baseline", "all", name) for name in GATE.baselines),
        ("champion", "all", "champion"),
        ("slice", "cold_start", "popularity"),
        ("slice", "low_degree", "popularity"),
    ]
    assert {one.better for one in found} == {Better.SMALLER}
    assert verdict_of(found) == "passed"


@pytest.mark.parametrize(
    ("model", "failed"),
    [(1.0, 0), (15.0, 0), (20.0, 0), (20.9, 0), (21.5, 3), (25.0, 3), (39.9, 3), (45.0, 4)],
)
def test_more_is_worse(mean_rank: Metric, model: float, failed: int) -> None:
    """5 % of 20 is 1; 100,000 queries that are all alike leave an interval of almost no width."""
    found = judged(queries(100_000, model=model))
    assert sum(one.outcome == "failed" for one in found) == failed
    floor, baseline = found[0], found[1]
    assert (floor.bound, floor.value) == (CEILING, pytest.approx(model))
    assert baseline.bound == pytest.approx(1.0)
    assert baseline.difference == pytest.approx(model - 20)


def test_few_queries_across_the_bound_are_open_and_the_pool_decides(mean_rank: Metric) -> None:
    own = queries(20, model=21.2)
    assert {one.outcome for one in judged(own)[1:]} == {"undecided"}
    for rank, outcome in ((10.0, "passed"), (35.0, "failed")):
        pool = [own, queries(100_000, model=rank), *(queries(2000, model=rank) for _ in range(99))]
        table = pool_queries(pool)
        settled = settle(judged(own), judge(Evidence(GATE, EVALUATION, table, pooled=True)))
        assert {(one.outcome, one.pooled) for one in settled[1:]} == {(outcome, True)}


def test_decisions_say_the_direction(mean_rank: Metric) -> None:
    floor, baseline, *_ = judged(queries(100_000, model=45.0))
    assert floor.describe() == (
        "floor: mean_rank of all is 45, must be at most 40 (100,000 queries)"
    )
    assert "differs by +25.0000" in baseline.describe()
    assert "allowed +1.0000" in baseline.describe()


UNIT = {"name": "x", "title": "x", "per_query": first_rank, "bound": lambda gate: gate.min_mrr}
LOSS = Metric(**UNIT, better=Better.SMALLER)  # type: ignore[arg-type]
GAIN = Metric(**UNIT)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=150),
    st.floats(0, 1),
    st.sampled_from([1, 20, 100]),
)
def test_a_loss_is_judged_as_the_gain_it_mirrors(
    pairs: list[tuple[float, float]], bound: float, min_queries: int
) -> None:
    """``1 - x`` with greater better says what ``x`` with smaller better says, mirrored."""
    own, other = np.array(pairs).T
    loss = pa.table({"degree": np.zeros(len(own), int), "model_x": own, "popularity_x": other})
    gain = loss.set_column(1, "model_x", pa.array(1 - own))
    gain = gain.set_column(2, "popularity_x", pa.array(1 - other))
    gate = GateConfig(tolerance_frac=0, min_queries=min_queries, min_mrr=bound)
    mirrored = gate.model_copy(update={"min_mrr": 1 - bound})
    for less, more in (
        (Floor(LOSS), Floor(GAIN)),
        (NotPopular(LOSS, "popularity"), NotPopular(GAIN, "popularity")),
    ):
        one = less.judge(Evidence(gate, EVALUATION, loss))
        two = more.judge(Evidence(mirrored, EVALUATION, gain))
        middle = 1.0 if one.difference is None else 0.0
        assert (one.interval_low, one.interval_high) == pytest.approx(
            (middle - (two.interval_high or 0), middle - (two.interval_low or 0)), abs=1e-9
        )
        ends = [two.interval_low or 0.0, two.interval_high or 0.0]
        if min(abs(end - (two.bound or 0)) for end in ends) > 1e-9:
            assert one.outcome == two.outcome


class NotPopular(NotWorse):
    """Not worse than popularity, asked by hand."""

    name = "baseline"

    @classmethod
    def asked(cls, evidence: Evidence):  # type: ignore[no-untyped-def]
        yield cls(LOSS, "popularity")


def test_a_metric_that_was_never_measured_is_a_fault(mean_rank: Metric) -> None:
    table = queries().drop_columns(["model_mean_rank"])
    with pytest.raises(LakeError, match="model_mean_rank"):
        judged(table)
    with pytest.raises(LakeError, match="popularity by mean_rank"):
        judged(queries().drop_columns(["popularity_mean_rank"]))


def test_a_metric_whose_name_ends_like_another_invents_no_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capped = Metric(name="capped_recall", title="capped", per_query=first_rank)
    monkeypatch.setitem(METRICS, capped.name, capped)
    names = [one.column_of(system) for system in SYSTEMS for one in METRICS.values()]
    table = pa.table({name: [0.5] for name in ["degree", *names]})
    assert Measured(table, {}).systems == list(SYSTEMS)


def test_the_best_is_the_smallest() -> None:
    assert MEAN_RANK.best([3.0, 1.0, 2.0]) == 1.0
    assert METRICS["recall"].best([3.0, 1.0, 2.0]) == 3.0
    assert not MEAN_RANK.is_share
    assert all(metric.is_share for metric in METRICS.values())
