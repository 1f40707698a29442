"""The gate's rules: what fails, what stays undecided, and what the pool may say."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.errors import LakeError
from graphrec_core.evaluation.evidence import Counted, Evidence, pool_queries
from graphrec_core.evaluation.measure import Measured
from graphrec_core.evaluation.metrics import METRICS
from graphrec_core.evaluation.record import name_references
from graphrec_core.evaluation.rules import ANN_RECALL, judge
from graphrec_core.evaluation.settling import holding, settle, verdict_of
from graphrec_core.lake.records import GateDecision
from graphrec_core.ledger.past import RELEASED
from graphrec_core.types import ArtifactId

EVALUATION = EvaluationConfig()
GATE = GateConfig()
SYSTEMS = ("model", *GATE.baselines)


def _queries(
    num: int = 200, degree: int = 20, seed: int = 0, noise: float = 0.02, **means: float
) -> pa.Table:
    """Per-query metrics around a mean per system; the baselines default to 0.2."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {"degree": np.full(num, degree)}
    for system in (*SYSTEMS, *(name for name in means if name not in SYSTEMS)):
        for metric in ("recall", "mrr"):
            values = means.get(system, 0.2) + rng.normal(0, noise, num)
            columns[f"{system}_{metric}"] = values.clip(0, 1)
    return pa.table(columns)


def _tied(num: int) -> pa.Table:
    """The model finds what the others miss and the other way round, query by query."""
    columns: dict[str, Any] = {"degree": np.full(num, 20)}
    for system in SYSTEMS:
        found = np.arange(num) % 2 == (system == "model")
        columns |= {f"{system}_{metric}": found.astype(float) for metric in ("recall", "mrr")}
    return pa.table(columns)


def _of_sources(decisions: list[GateDecision]) -> dict[tuple[str, str], str]:
    found = (one for one in decisions if one.rule == "own_source")
    return {(one.reference, one.metric): one.outcome for one in found}


def test_a_learned_ranker_is_not_worse_than_any_of_its_sources() -> None:
    queries = _queries(model=0.4, source_taste=0.5, source_walks=0.41)
    decisions = judge(Evidence(GATE, EVALUATION, queries, is_fitted=True))
    assert _of_sources(decisions) == {
        ("source_taste", "recall"): "failed",
        ("source_taste", "mrr"): "failed",
        ("source_walks", "recall"): "passed",  # within the tolerance
        ("source_walks", "mrr"): "passed",
    }
    assert verdict_of(decisions) == "refused"
    assert _of_sources(_judge(queries)) == {}  # merged by a rule that learns nothing


def test_regions_with_other_sources_are_pooled_by_each() -> None:
    own, other = _queries(50, model=0.4, source_a=0.4), _queries(200, model=0.4, source_b=0.5)
    pool = pool_queries([own, other])
    found = _of_sources(judge(Evidence(GATE, EVALUATION, pool, pooled=True, is_fitted=True)))
    assert found["source_a", "recall"] != "failed"
    assert found["source_b", "recall"] == "failed"


def _judge(queries: pa.Table, gate: GateConfig = GATE) -> list[GateDecision]:
    return judge(Evidence(gate, EVALUATION, queries))


def _judge_pool(tables: list[pa.Table], gate: GateConfig = GATE) -> list[GateDecision]:
    return judge(Evidence(gate, EVALUATION, pool_queries(tables), pooled=True))


def _settled(own: pa.Table, *others: pa.Table, gate: GateConfig = GATE) -> list[GateDecision]:
    return settle(_judge(own, gate), _judge_pool([own, *others], gate))


def _with(outcome: str, decisions: list[GateDecision]) -> set[tuple[str, str, str]]:
    return {(d.rule, d.slice, d.reference) for d in decisions if d.outcome == outcome}


def test_a_better_model_passes_every_rule() -> None:
    decisions = _judge(_queries(model=0.3, degree=2))
    assert verdict_of(decisions) == "passed"
    assert {d.outcome for d in decisions} == {"passed"}
    assert len(decisions) == 2 + 2 * len(GATE.baselines) + 4
    baseline = next(d for d in decisions if d.reference == "covisitation")
    assert baseline.difference == pytest.approx(0.1, abs=0.01)
    assert baseline.bound == pytest.approx(-0.05 * 0.2, abs=0.001)
    low, middle, high = baseline.interval_low, baseline.difference, baseline.interval_high
    assert low is not None
    assert middle is not None
    assert high is not None
    assert low < middle < high


def test_a_worse_model_is_refused_by_baselines_and_slices() -> None:
    decisions = _judge(_queries(model=0.1, degree=2))
    assert verdict_of(decisions) == "refused"
    assert _with("failed", decisions) == {
        *(("baseline", "all", name) for name in GATE.baselines),
        ("slice", "cold_start", "popularity"),
        ("slice", "low_degree", "popularity"),
    }


def test_the_bound_is_a_share_of_the_reference() -> None:
    """10,000 equal queries: .19 against .2 is 5 % worse, and the interval is .0003 wide."""
    columns: dict[str, Any] = {"degree": np.full(10_000, 50)}
    for system in SYSTEMS:
        value = {"model": 0.19, "popularity": 0.2}.get(system, 0.1)
        columns |= {f"{system}_{metric}": np.full(10_000, value) for metric in ("recall", "mrr")}
    queries = pa.table(columns)
    assert verdict_of(_judge(queries, GateConfig(tolerance_frac=0.051))) == "passed"
    refused = _judge(queries, GateConfig(tolerance_frac=0.047))
    assert _with("failed", refused) == {("baseline", "all", "popularity")}


def test_a_rule_across_its_bound_passes_with_enough_queries_only() -> None:
    """As good as the baselines and far from sure: the same picture on 98 and on 100 queries."""
    for num, outcome in ((10, "undecided"), (98, "undecided"), (100, "passed")):
        rules = [d for d in _judge(_tied(num)) if d.reference]
        assert {d.outcome for d in rules} == {outcome}
        for d in rules:
            assert d.interval_low is not None
            assert d.bound is not None
            assert d.interval_high is not None
            assert d.interval_low < d.bound < d.interval_high


def test_an_interval_that_reaches_its_bound_is_not_wholly_below() -> None:
    (rule, *_) = _judge(_queries(200, noise=0.1, model=0.2))
    assert rule.interval_high is not None
    for floor, outcome in ((rule.interval_high, "passed"), (rule.interval_high + 1e-9, "failed")):
        gate = GATE.model_copy(update={"min_recall": floor})
        assert _judge(_queries(200, noise=0.1, model=0.2), gate)[0].outcome == outcome


def test_few_queries_that_are_clear_are_conclusive() -> None:
    assert verdict_of(_judge(_queries(30, model=0.9))) == "passed"
    assert verdict_of(_judge(_queries(30, model=0.0, popularity=0.7))) == "refused"


@pytest.mark.parametrize("num", [1, 2, 5, 9])
def test_a_handful_of_queries_never_decides(num: int) -> None:
    bad = _judge(_queries(num, noise=0, model=0, popularity=1, covisitation=1))
    assert verdict_of(bad) == "undecided"
    good = _judge(_queries(num, noise=0, model=1, popularity=0, covisitation=0))
    assert verdict_of(good) == "undecided"


def test_a_floor_is_a_statement_about_a_mean() -> None:
    gate = GateConfig(min_recall=0.4, min_mrr=0.1)
    decisions = _judge(_queries(model=0.3), gate)
    failed = [d for d in decisions if d.outcome == "failed"]
    assert [(d.rule, d.metric, d.bound) for d in failed] == [("floor", "recall", 0.4)]
    assert "must be at least 0.4" in failed[0].describe()
    few = _judge(_queries(20, model=0.35, noise=0.3), gate)
    assert ("floor", "all", "") in _with("undecided", few)
    low, high = few[0].interval_low, few[0].interval_high
    assert low is not None
    assert high is not None
    assert 0 <= low < 0.4 < high <= 1


def test_a_floor_of_nothing_needs_queries_only() -> None:
    few = _judge(_queries(3, model=0))
    assert [d.outcome for d in few if d.rule == "floor"] == ["passed", "passed"]
    none = _judge(_queries(0))
    assert [d.outcome for d in none if d.rule == "floor"] == ["undecided", "undecided"]


def test_a_worse_model_than_an_earlier_release_is_refused() -> None:
    for name in RELEASED:
        decisions = _judge(_queries(model=0.3, **{name: 0.4}))
        assert _with("failed", decisions) == {(name, "all", name)}


def test_only_configured_baselines_judge() -> None:
    queries = _queries(model=0.3, covisitation=0.5)
    assert verdict_of(_judge(queries)) == "refused"
    assert verdict_of(_judge(queries, GateConfig(baselines=("popularity",)))) == "passed"


def test_without_any_query_nothing_is_decided() -> None:
    decisions = _judge(_queries(num=0))
    assert {(d.outcome, d.value, d.num_queries) for d in decisions} == {("undecided", None, 0)}
    assert "there is no query" in decisions[0].describe()
    assert not _with("undecided", decisions) & {("slice", "cold_start", "popularity")}
    assert verdict_of(decisions) == "undecided"
    assert verdict_of(_settled(_queries(num=0), _queries(num=0))) == "undecided"


def test_an_untrained_random_model_is_refused() -> None:
    rng = np.random.default_rng(1)
    popularity = (rng.random(300) < 0.3) / 1.0
    luck = (rng.random(300) < 0.02) / 1.0
    columns = {"degree": np.full(300, 20)}
    for system in SYSTEMS:
        value = popularity if system == "popularity" else luck
        columns |= {f"{system}_recall": value, f"{system}_mrr": value}
    assert ("baseline", "all", "popularity") in _with("failed", _judge(pa.table(columns)))


@pytest.mark.parametrize("num", [99, 100, 150])
def test_an_own_conclusive_verdict_stands_whatever_the_pool_says(num: int) -> None:
    """99 queries with recall 0 against .40; everywhere else the model is better."""
    means = dict.fromkeys((*GATE.baselines, "champion"), 0.4)
    bad = _queries(num, noise=0.1, model=0, **means)
    good = _queries(2000, noise=0.1, model=0.45, **means)
    settled = _settled(bad, good)
    assert verdict_of(settled) == "refused"
    assert ("champion", "all", "champion") in _with("failed", settled)
    floors = _settled(bad, good, gate=GateConfig(min_recall=0.3, min_mrr=0.3))
    assert ("floor", "all", "") in _with("failed", floors)
    # And the other way round: a clear pass on few queries is not undone by a bad pool.
    own = _queries(30, model=0.9)
    assert verdict_of(_settled(own, _queries(2000, model=0.05))) == "passed"


def test_the_pool_decides_what_is_undecided() -> None:
    two = _queries(2, noise=0, model=0, popularity=0.75)
    assert verdict_of(_judge(two)) == "undecided"
    passed = _settled(two, _queries(500, model=0.3))
    assert verdict_of(passed) == "passed"
    refused = _settled(two, _queries(500, model=0.1))
    assert verdict_of(refused) == "refused"
    for decision in passed:
        if decision.rule == "baseline":
            found = decision.pooled, decision.num_queries, decision.num_own_queries
            assert found == (True, 502, 2)
            assert decision.describe().endswith(
                "(502 queries of all regions pooled, 2 of its own)"
            )


def test_a_region_without_queries_is_judged_on_the_pool() -> None:
    settled = _settled(_queries(0), _queries(500, model=0.3))
    assert verdict_of(settled) == "passed"
    assert {(d.pooled, d.num_own_queries) for d in settled} == {(True, 0)}
    assert verdict_of(_settled(_queries(0), _queries(500, model=0.1))) == "refused"


def test_a_small_pool_leaves_it_undecided() -> None:
    settled = _settled(_tied(20), _tied(60))
    rules = [d for d in settled if d.reference]
    assert {(d.outcome, d.pooled, d.num_queries) for d in rules} == {("undecided", False, 20)}
    assert verdict_of(settled) == "undecided"


def test_a_large_region_does_not_dominate_the_pool() -> None:
    """5,000 queries of one region, ten regions of 50 where the model is worse: each counts."""
    large = _queries(5000, model=0.3)
    small = [_queries(50, seed=number, model=0.1) for number in range(1, 11)]
    pool = _judge_pool([large, *small])
    baseline = next(d for d in pool if d.reference == "popularity")
    expected = (100 * 0.3 + 500 * 0.1) / 600
    assert baseline.value == pytest.approx(expected, abs=0.002)
    assert ("baseline", "all", "popularity") in _with("failed", pool)


def test_the_bound_of_a_pool_counts_each_region_as_its_values_do() -> None:
    """5,000 queries at .1 count as 100, and 100 at .5 in full: the reference is .3."""
    tables = [_queries(5000, noise=0, popularity=0.1), _queries(100, noise=0, popularity=0.5)]
    pool = _judge_pool(tables)
    baseline = next(d for d in pool if d.reference == "popularity")
    assert baseline.bound == pytest.approx(-0.05 * 0.3)


def test_small_slices_warn_and_refuse_nobody() -> None:
    """Six regions whose eight cold queries the model all misses; the other 489 are fine."""
    sizes = (200, 120, 90, 60, 19, 0)
    cold = (3, 2, 2, 1, 0, 0)
    regions = [
        pa.concat_tables(
            [
                _queries(size, model=0.3, seed=number),
                _queries(few, degree=1, noise=0, model=0, popularity=1),
            ]
        )
        for number, (size, few) in enumerate(zip(sizes, cold, strict=True))
    ]
    pool = _judge_pool(regions)
    for table, few in zip(regions, cold, strict=True):
        settled = settle(_judge(table), pool)
        assert verdict_of(settled) == "passed"
        warnings = [d for d in settled if d.is_warning]
        assert not {d.rule for d in holding(settled)} & {"slice"}  # no reason to hold it back
        assert len(warnings) == (4 if few else 0)
        assert {(d.pooled, d.num_queries) for d in warnings} <= {(False, few)}


def test_a_pooled_slice_refuses_with_enough_queries_and_never_strangers() -> None:
    def region(num_cold: int) -> pa.Table:
        cold = _queries(num_cold, degree=1, model=0.05, popularity=0.4)
        return pa.concat_tables([_queries(300, model=0.3), cold])

    some, none, others = region(5), region(0), [region(60), region(60)]
    assert ("slice", "cold_start", "popularity") in _with("failed", _settled(some, *others))
    settled = _settled(none, *others)
    assert verdict_of(settled) == "passed"
    assert "slice" not in {d.rule for d in settled}
    # Twelve in all are too few for strangers, however clear they are.
    assert verdict_of(_settled(some, region(7))) == "passed"
    # An own slice that can tell stands.
    assert ("slice", "cold_start", "popularity") in _with("failed", _judge(region(60)))


def test_the_pool_of_champions_leaves_out_regions_without_one() -> None:
    decisions = _judge_pool([_queries(num=50), _queries(num=30, champion=0.2)])
    assert {d.num_queries for d in decisions if d.rule == "champion"} == {30}
    first_day = _settled(_queries(num=5, model=0.3), _queries(num=500, model=0.3, champion=0.9))
    assert "champion" not in {d.rule for d in first_day}


def _without_champion(queries: pa.Table) -> pa.Table:
    return name_references(Measured(queries, {}), {"champion": ArtifactId("gone")}).queries


@pytest.mark.parametrize("num", [20, 300])
def test_a_champion_that_could_not_be_measured_is_undecided(num: int) -> None:
    """Those of other regions, good or bad, say nothing of this one's."""
    lost = _queries(num, model=0.6)
    columns = {metric.column_of("champion") for metric in METRICS.values()}
    assert not columns & set(lost.column_names)
    lost = _without_champion(lost)
    for other in (0.1, 0.9):
        settled = _settled(lost, _queries(num=300, model=0.3, champion=other))
        assert verdict_of(settled) == "undecided"
        assert [(d.rule, d.value, d.pooled) for d in holding(settled)] == [
            ("champion", None, False)
        ] * 2
        assert holding(settled)[0].describe() == (
            "champion: recall of all against champion, which could not be measured"
        )


def test_a_baseline_of_nothing_is_undecided_too() -> None:
    queries = _queries(model=0.3)
    for metric in ("recall", "mrr"):
        index = queries.schema.get_field_index(f"popularity_{metric}")
        queries = queries.set_column(index, f"popularity_{metric}", pa.nulls(200, pa.float64()))
    assert verdict_of(_judge(queries)) == "undecided"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_a_metric_that_is_no_number_is_a_fault(bad: float | None) -> None:
    queries = _queries(model=0.9)
    values = [*queries["model_recall"].to_pylist()[:-1], bad]
    index = queries.schema.get_field_index("model_recall")
    with pytest.raises(LakeError, match="1 of 200"):
        _judge(queries.set_column(index, "model_recall", pa.array(values, pa.float64())))


def test_a_rule_that_failed_outweighs_one_undecided() -> None:
    lost = _without_champion(_queries(model=0.1))
    decisions = _judge(lost)
    assert verdict_of(decisions) == "refused"
    assert {d.rule for d in holding(decisions)} == {"baseline"}


def test_ann_recall_has_a_floor() -> None:
    for recall, outcome in ((0.96, "passed"), (0.95, "passed"), (0.94, "failed")):
        (decision,) = judge(Evidence(GATE, numbers={ANN_RECALL: Counted(recall, 10)}))
        assert (decision.outcome, decision.value, decision.bound) == (outcome, recall, 0.95)


def test_decisions_survive_json() -> None:
    for decision in _judge(_queries()):
        assert GateDecision.model_validate(decision.to_json()) == decision


@pytest.mark.parametrize(("passed", "outcome"), [(True, "passed"), (False, "failed")])
def test_decisions_of_older_releases_are_read(passed: bool, outcome: str) -> None:  # noqa: FBT001
    old = {
        "rule": "baseline", "slice": "all", "metric": "recall", "reference": "popularity",
        "value": 0.1, "bound": -0.01, "difference": -0.1, "interval_low": -0.2,
        "interval_high": -0.05, "num_queries": 59, "pooled": False, "small": True,
        "passed": passed,
    }  # fmt: skip
    read = GateDecision.model_validate(old)
    assert (read.outcome, read.num_own_queries) == (outcome, 59)
